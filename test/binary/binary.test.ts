/** The single file, as it runs where there is nothing else: no Node, no templates, no environment. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, hardway, projectRoot, temporaryFolder } from '../support/cli.ts';
import { treeOf } from '../support/tree.ts';

const work = temporaryFolder('binary');
const program = join(work, 'bin/hardway');
const site = join(work, 'site');
const example = readFileSync(join(projectRoot, 'examples/ha-stacked.yaml'), 'utf8');

function build(out: string): void {
  execFileSync(process.execPath, [join(projectRoot, 'packaging/binary.mjs'), '--out', out], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Runs the single file in a folder that holds an inventory at most. */
function alone(...args: readonly string[]): CliResult {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: site, env: {}, encoding: 'utf8' });
  return { status, stdout, stderr };
}

beforeAll(() => {
  build(program);
  mkdirSync(site);
  writeFileSync(join(site, 'inventory.yaml'), example);
});

it('is the same, byte for byte, when it is built again', () => {
  const again = join(work, 'again/hardway');
  build(again);
  expect(readFileSync(again).equals(readFileSync(program))).toBe(true);
});

describe.each([
  ['--version'],
  ['--help'],
  ['completion'],
  ['init', '--topology', 'ha-external'],
  ['versions', '--format', 'json'],
  ['schema'],
  ['validate'],
  ['upgrade-check', '--to', '1.24'],
  ['no-such-command'],
])('hardway %s %s %s', (...args) => {
  it('says what the command of the package says', () => {
    expect(alone(...args)).toEqual(hardway(args, { cwd: site, env: { COLUMNS: '', LC_ALL: '', LANG: '' } }));
  });
});

it('renders from the templates that it holds, to the bytes of the package', () => {
  const rendered = alone('render');
  expect(rendered, rendered.stderr).toMatchObject({ status: 0 });
  const again = hardway(['render', '--out', 'out-of-the-package'], { cwd: site });
  expect(again, again.stderr).toMatchObject({ status: 0 });
  const files = treeOf(join(site, 'out'));
  expect(Object.keys(files).length).toBeGreaterThan(200);
  expect(treeOf(join(site, 'out-of-the-package'))).toEqual(files);
  expect(alone('certs', 'check')).toMatchObject({ status: 0 });
  expect(alone('kubeconfig').stdout).toContain('client-certificate-data');
});
