import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../../support/cli.ts';
import { canRun, findProgram, run } from '../../support/requirements.ts';

const shellcheck = findProgram('shellcheck');

test.skipIf(!canRun('the lab’s scripts', { shellcheck: shellcheck !== undefined }))(
  'shellcheck accepts the lab',
  () => {
    const folder = join(projectRoot, 'test/e2e/lab');
    const scripts = readdirSync(folder).filter((name) => name === 'lab' || name.endsWith('.sh'));
    expect(run(shellcheck ?? '', ['--norc', '-x', ...scripts.map((name) => join(folder, name))])).toBe('');
  },
);
