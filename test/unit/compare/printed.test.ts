/** Values that a terminal or Markdown would take for something else than text. */
import { expect, test } from 'vitest';
import type { Difference, FileChange } from '../../../src/compare/difference.ts';
import { differenceMarkdown } from '../../../src/compare/markdown.ts';
import { differenceText } from '../../../src/compare/text.ts';

const attack = '</summary>|`` \u001b[31m<script>*x*';

function differenceWith(change: Partial<FileChange>): Difference {
  const file: FileChange = {
    path: '/etc/a',
    state: 'changed',
    ownership: undefined,
    services: [],
    settings: [],
    hunks: [],
    secret: undefined,
    ...change,
  };
  const roles = ['worker'];
  const host = {
    host: 'n1',
    state: 'changed',
    roles,
    rolesBefore: roles,
    ownNames: ['n1'],
    files: [file],
    units: [],
  } as const;
  return {
    cluster: 'c',
    kubernetes: { old: '1.20.2', new: '1.20.2' },
    isFirst: false,
    hostCount: 1,
    pki: [{ action: 'reissued', what: 'hosts/n1/apiserver', reason: `SAN added: ${attack}` }],
    hosts: [host],
    risks: [],
    rollout: [],
  };
}

const lines = ['-```', `+${attack}`, '+````'];
const full = differenceWith({
  settings: [{ kind: 'flag', name: 'x', old: 'a', new: attack }],
  hunks: [{ oldStart: 1, oldLines: 1, newStart: 1, newLines: 2, lines }],
});

test('no control character reaches a terminal', () => {
  const text = differenceText(full, false);
  expect(text).not.toContain('\u001b');
  expect(text).toContain('\\x1b[31m<script>');
});

test('Markdown: fences and code spans are longer than any run of backticks inside', () => {
  const text = differenceMarkdown(full);
  expect(text).not.toContain('\u001b');
  expect(text).toContain('`````diff\n@@ -1,1 +1,2 @@\n-```\n');
  expect(text).toContain('\n+````\n`````\n');
  expect(text).toContain('- ```flag --x: a -> </summary>|`` \\x1b[31m<script>*x*```');
  expect(text).toContain('SAN added: \\</summary\\>\\|\\`\\` \\\\x1b\\[31m\\<script\\>\\*x\\*');
});

test('a long change is cut, and says so', () => {
  const many = Array.from({ length: 500 }, (_, index) => `+${index}`);
  const long = differenceWith({
    hunks: [{ oldStart: 1, oldLines: 0, newStart: 1, newLines: 500, lines: many }],
  });
  for (const text of [differenceText(long, false), differenceMarkdown(long)]) {
    expect(text.split('\n').length).toBeLessThan(180);
    expect(text).toContain('381 more lines; --format json has all');
  }
});
