/**
 * The review trees of the examples, as committed: a diff shows a reviewer what a change
 * does to the hosts. `make golden` rewrites them. The stores hold throw-away keys, and
 * the clock stands still, so the bytes are the same on every machine.
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { render } from '../../src/commands/render.ts';
import { projectRoot, temporaryFolder } from '../support/cli.ts';
import { memoryIo } from '../support/io.ts';

const folder = temporaryFolder('golden');
const here = join(projectRoot, 'test/golden');
const now = new Date('2026-11-21T00:00:00Z');
const rewrite = process.env.UPDATE_GOLDEN === '1';

/** Files of a tree, without what is the same in every bundle and tested elsewhere. */
function filesOf(root: string): string[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => statSync(join(root, name)).isFile() && !name.endsWith('install.sh')).sort();
}

describe.each(['ha-stacked', 'single'])('%s', (example) => {
  test('renders the committed review tree', async () => {
    const golden = join(here, example);
    const out = join(folder, example);
    const io = memoryIo({ now });
    const pkiDir = join(folder, `${example}-pki`);
    if (existsSync(join(golden, 'pki'))) cpSync(join(golden, 'pki'), pkiDir, { recursive: true });
    const inventory = relative(process.cwd(), join(projectRoot, `examples/${example}.yaml`));
    const status = await render({ inventory, out, pkiDir, binariesDir: undefined, format: 'text', quiet: false }, io);
    expect(io.errors()).not.toContain('error');
    expect(status).toBe(0);
    const review = join(out, 'review');
    if (rewrite) {
      rmSync(golden, { recursive: true, force: true });
      cpSync(pkiDir, join(golden, 'pki'), { recursive: true });
      cpSync(review, join(golden, 'review'), { recursive: true, filter: (path) => !path.endsWith('install.sh') });
      rmSync(join(golden, 'pki/.gitignore'), { force: true });
    }
    expect(filesOf(review)).toEqual(filesOf(join(golden, 'review')));
    for (const file of filesOf(review)) {
      expect(readFileSync(join(review, file), 'utf8'), file).toBe(readFileSync(join(golden, 'review', file), 'utf8'));
    }
  });
});
