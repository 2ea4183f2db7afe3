/** What ends a command early, as people and as programs read it. */
import { describe, expect, it } from 'vitest';
import { BinariesError } from '../../../src/binaries/problem.ts';
import { OutputFolderError } from '../../../src/bundle/output.ts';
import { RenderedOutputError } from '../../../src/bundle/rendered.ts';
import { ArgumentError, failureJson, failureOf, failureText, InputError } from '../../../src/cli/failure.ts';
import { ImageProblem, ImageProblems } from '../../../src/images/problem.ts';
import type { Finding } from '../../../src/model/finding.ts';
import { PkiStoreError } from '../../../src/pki/problem.ts';
import { HostTreeError } from '../../../src/tree/find-hosts.ts';
import { ContradictionError } from '../../../src/verify/problem.ts';

const locked = { kind: 'locked', path: 'pki/a', message: 'another render holds it', fix: 'wait' } as const;
const foreign = {
  kind: 'key-mismatch',
  path: 'pki/a/ca.key',
  message: 'another key',
  fix: 'put it back',
} as const;
const finding: Finding = {
  ...{ check: 'one-sa-key', severity: 'error', host: 'm1', file: '/etc/kubernetes/pki/sa.key', line: 3 },
  ...{ message: 'another key than on m2', fix: 'render again' },
};

/** Thrown, exit status, codes. */
const cases: readonly (readonly [string, unknown, number, readonly string[]])[] = [
  ['a store that is refused', new PkiStoreError(foreign, [locked]), 2, ['key-mismatch', 'locked']],
  ['a store that is in use', new PkiStoreError(locked), 3, ['locked']],
  [
    'images',
    new ImageProblems([new ImageProblem('no a', 'b'), new ImageProblem('no c', 'd')]),
    3,
    ['images', 'images'],
  ],
  ['a lock of binaries', new BinariesError('input', [{ message: 'no sum', fix: 'fetch' }]), 2, ['binaries']],
  ['the network', new BinariesError('environment', [{ message: 'away', fix: 'again' }]), 3, ['binaries']],
  ['an output of somebody else', new OutputFolderError('notes', 'move it'), 2, ['output-folder']],
  ['a tarball that is none', new RenderedOutputError('out/bundles/m1.tar.gz'), 2, ['output-folder']],
  ['bundles that do not agree', new ContradictionError([finding]), 3, ['one-sa-key', 'contradiction']],
  ['no inventory', new InputError('cannot read a.yaml'), 2, ['no-inventory']],
  ['copies of hosts that are none', new HostTreeError('/a: there is no such folder'), 2, ['host-tree']],
  ['an argument', new ArgumentError('new is no version', 'write it as 1.20'), 2, ['argument']],
  ['a full disk', Object.assign(new Error('ENOSPC: no space'), { code: 'ENOSPC' }), 3, ['environment']],
  ['a defect', new TypeError('x is undefined'), 3, ['defect']],
  ['a defect that throws no error', 'text', 3, ['defect']],
];

describe.each(cases)('%s', (_, thrown, status, codes) => {
  const failure = failureOf(thrown);

  it('has its exit status', () => expect(failure.status).toBe(status));

  it('is told with what to do', () => {
    const text = failureText(failure);
    expect(text.match(/^(?:hardway|error\[)/gm)).toHaveLength(codes.length);
    for (const { message, fix } of failure.problems) {
      expect(text).toContain(message);
      if (fix !== undefined) expect(text).toContain(`  fix: ${fix}\n`);
    }
    expect(text).not.toMatch(/^ +at /m);
  });

  it('is told to programs as diagnostics are', () => {
    const told = JSON.parse(failureJson(failure));
    expect(told.map(({ code }: { code: string }) => code)).toEqual(codes);
    for (const one of told)
      expect(Object.keys(one)).toEqual(
        'code severity file line column endLine endColumn path message fix related'.split(' '),
      );
  });
});

it('names the host, the file and the line of what does not agree', () => {
  const [told] = JSON.parse(failureJson(failureOf(new ContradictionError([finding]))));
  expect(told).toMatchObject({ file: 'm1:/etc/kubernetes/pki/sa.key', line: 3, fix: 'render again' });
});
