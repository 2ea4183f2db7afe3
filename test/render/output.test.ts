/** The output folder: replaced whole or left as it was, whatever goes wrong; modes; what is refused. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hardway, projectRoot, temporaryFolder } from '../support/cli.ts';
import { manyHosts } from '../support/clusters.ts';
import { canRun, isRoot } from '../support/requirements.ts';
import { differences, modeOf, treeOf } from '../support/tree.ts';

const base = temporaryFolder('output');
const single = readFileSync(join(projectRoot, 'examples/single.yaml'), 'utf8');
/** A store that all tests of this file copy, since making one is the slow part. */
const readyStore = join(base, 'store');
let folder: string;
let out: string;
let inventory: string;

beforeAll(() => {
  writeFileSync(join(base, 'inventory.yaml'), single);
  const args = ['render', join(base, 'inventory.yaml'), '--out', join(base, 'o'), '--pki-dir', readyStore];
  expect(hardway(args).status).toBe(0);
});

beforeEach(() => {
  folder = mkdtempSync(join(base, 'case-'));
  out = join(folder, 'out');
  inventory = join(folder, 'inventory.yaml');
  writeFileSync(inventory, single);
  spawnSync('cp', ['-a', readyStore, join(folder, 'pki')]);
});

function renderArgs(...more: string[]): string[] {
  return ['render', inventory, '--pki-dir', join(folder, 'pki'), ...more];
}

function render(...more: string[]) {
  return hardway(renderArgs('--out', out, ...more));
}

/** What stands in the case's folder, hidden names too. */
function beside(): string[] {
  return readdirSync(folder).sort();
}

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(projectRoot, 'dist/cli.js'), ...args], {
    cwd: folder,
    stdio: 'ignore',
  });
}

async function statusOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  const [status, signal] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode, null];
  return status ?? signal;
}

describe('modes', () => {
  test.each(['022', '000', '077'])('of keys and bundles are closed under umask %s', (umask) => {
    const args = [process.execPath, join(projectRoot, 'dist/cli.js'), 'render', inventory, '--out', out];
    const script = `umask ${umask}; exec "$@" --pki-dir ${join(folder, 'fresh')}`;
    expect(spawnSync('bash', ['-c', script, 'bash', ...args]).status).toBe(0);
    expect(modeOf(join(out, 'bundles'))).toBe('0700');
    expect(modeOf(join(out, 'bundles/allinone.tar.gz'))).toBe('0600');
    const store = join(folder, 'fresh');
    expect(modeOf(store)).toBe('0700');
    expect(readFileSync(join(store, '.gitignore'), 'utf8')).toBe('*\n');
    for (const entry of readdirSync(store, { withFileTypes: true, recursive: true })) {
      const path = join(entry.parentPath, entry.name);
      expect(`${entry.name} ${modeOf(path)}`).toBe(`${entry.name} ${entry.isDirectory() ? '0700' : '0600'}`);
    }
  });

  test('git sees nothing of the store', () => {
    if (!canRun('git and the store', { git: spawnSync('git', ['--version']).status === 0 })) return;
    spawnSync('git', ['init', '-q', folder]);
    const status = spawnSync('git', ['status', '--porcelain', '-uall'], { cwd: folder, encoding: 'utf8' });
    expect(status.stdout).toContain('inventory.yaml');
    expect(status.stdout).not.toContain('pki');
  });
});

describe('a render that fails leaves the previous output as it was, and nothing beside it', () => {
  let before: Record<string, string>;
  let names: string[];
  beforeEach(() => {
    expect(render().status).toBe(0);
    before = treeOf(out);
    names = beside();
  });

  function expectUntouched() {
    expect(differences(before, treeOf(out))).toEqual([]);
    expect(beside()).toEqual(names);
  }

  test('an inventory with an error', () => {
    writeFileSync(inventory, `${single}nonsense: 1\n`);
    expect(render().status).toBe(2);
    expectUntouched();
  });

  test('a store that is refused', () => {
    writeFileSync(join(folder, 'pki/ca.key'), 'not a key\n');
    const { status, stderr } = render();
    expect(status).toBe(2);
    expect(stderr).toContain('ca.key');
    expect(stderr).not.toMatch(/^ {4}at /m);
    expectUntouched();
  });

  test('a folder of something else as the store', () => {
    mkdirSync(join(folder, 'other'));
    writeFileSync(join(folder, 'other/notes.txt'), '');
    names = beside();
    expect(hardway(['render', inventory, '--out', out, '--pki-dir', join(folder, 'other')]).status).toBe(2);
    expectUntouched();
  });

  test.each([
    ['few hosts', 40, '400k'],
    ['many hosts', 200, '2m'],
  ])('a full disk, with %s', (_, hostCount, size) => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const mounts =
      isRoot && spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk]).status === 0;
    if (!canRun('a full disk', { 'the right to mount a tmpfs': mounts })) return;
    try {
      const small = join(disk, 'out');
      mkdirSync(join(small, 'bundles'), { recursive: true });
      writeFileSync(join(small, 'SHA256SUMS'), 'old\n');
      writeFileSync(inventory, manyHosts(hostCount));
      const { status, stderr } = hardway(renderArgs('--out', small));
      expect(status).toBe(3);
      expect(stderr).toMatch(/ENOSPC|no space/);
      expect(stderr).not.toMatch(/^ {4}at /m);
      expect(readdirSync(disk)).toEqual(['out']);
      expect(readFileSync(join(small, 'SHA256SUMS'), 'utf8')).toBe('old\n');
    } finally {
      spawnSync('umount', [disk]);
    }
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)('%s while 300 hosts are rendered', async (signal) => {
    writeFileSync(inventory, manyHosts(300));
    const child = start(renderArgs('--out', out));
    // Until it writes bundles.
    const staging = () => beside().find((name) => name.startsWith('.out.new-'));
    for (let waited = 0; waited < 2000 && child.exitCode === null; waited++) {
      const found = staging();
      if (found !== undefined && existsSync(join(folder, found, 'review/m1'))) break;
      await delay(5);
    }
    child.kill(signal);
    expect(await statusOf(child)).toBe(signal);
    expect(differences(before, treeOf(out))).toEqual([]);
    if (signal !== 'SIGKILL') {
      expect(beside()).toEqual(names);
      return;
    }
    expect(staging()).toBeDefined();
    writeFileSync(inventory, single);
    expect(render().status).toBe(0);
    // The next render sweeps up.
    expect(beside()).toEqual(names);
    expectUntouched();
  });
});

describe('what an earlier render left', () => {
  test.each(['.out.previous-1-00000000.1-HOST-abcdef'])('a swap cut in two is mended (%s)', (name) => {
    expect(render().status).toBe(0);
    const before = treeOf(out);
    renameSync(
      out,
      join(folder, name.replace('HOST', spawnSync('hostname', { encoding: 'utf8' }).stdout.trim())),
    );
    // A render that fails still gives the old output back.
    writeFileSync(join(folder, 'pki/ca.key'), 'not a key\n');
    expect(render().status).toBe(2);
    expect(differences(before, treeOf(out))).toEqual([]);
    expect(beside()).toEqual(['inventory.yaml', 'out', 'pki']);
  });

  test('the old output of a swap that did happen is removed', () => {
    expect(render().status).toBe(0);
    const host = spawnSync('hostname', { encoding: 'utf8' }).stdout.trim();
    mkdirSync(join(folder, `.out.previous-1-00000000.1-${host}-abcdef/bundles`), { recursive: true });
    expect(render().status).toBe(0);
    expect(beside()).toEqual(['inventory.yaml', 'out', 'pki']);
  });

  test('names of others stay: another machine, a live process, another output folder', () => {
    const host = spawnSync('hostname', { encoding: 'utf8' }).stdout.trim();
    const stat = readFileSync(`/proc/${process.pid}/stat`, 'latin1');
    const tick = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
    const kept = [
      '.out.new-1-00000000.1-some-other-machine-abcdef',
      `.out.new-${process.pid}-${boot}.${tick}-${host}-abcdef`,
      `.out2.new-1-00000000.1-${host}-abcdef`,
      '.out.new',
      '.out.new-notes',
      '.out.previous',
      '.out.newer',
    ];
    kept.sort();
    for (const name of kept) mkdirSync(join(folder, name));
    mkdirSync(join(folder, `.out.new-1-00000000.1-${host}-abcdef`));
    expect(render().status).toBe(0);
    expect(beside()).toEqual([...kept, 'inventory.yaml', 'out', 'pki'].sort());
  });
});

describe('refused as an output folder, with exit status 2 and nothing changed', () => {
  function expectRefused(args: readonly string[], message: RegExp) {
    const before = treeOf(folder);
    const { status, stdout, stderr } = hardway(args);
    expect(stderr).toMatch(message);
    expect(stderr).toContain('fix: ');
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(differences(before, treeOf(folder))).toEqual([]);
  }

  test('a folder with a file of somebody else', () => {
    mkdirSync(join(out, 'bundles'), { recursive: true });
    writeFileSync(join(out, 'thesis.txt'), 'years of work');
    expectRefused(renderArgs('--out', out), /thesis\.txt/);
  });

  test.each(['review/.git', 'review/notes', 'bundles/notes.txt', 'images/photos', 'hardway', 'HOWTO.txt'])(
    'an output in which somebody keeps a folder %s',
    (name) => {
      expect(render().status).toBe(0);
      mkdirSync(join(out, name), { recursive: true });
      expectRefused(renderArgs('--out', out), new RegExp(name.split('/').at(-1) ?? ''));
    },
  );

  test('the folder of the inventory', () => {
    expectRefused(renderArgs('--out', folder), /PKI store|inventory\.yaml/);
    mkdirSync(join(folder, 'keys'));
    const elsewhere = ['render', inventory, '--out', folder, '--pki-dir', join(base, 'nowhere')];
    expectRefused(elsewhere, /inventory\.yaml|keys|pki/);
  });

  test('a folder that holds the store, also through links and before either exists', () => {
    expectRefused(renderArgs('--out', join(folder, 'pki')), /PKI store/);
    expectRefused(['render', inventory, '--out', out, '--pki-dir', join(out, 'pki')], /PKI store/);
    symlinkSync(folder, join(folder, 'link'));
    expectRefused(
      ['render', inventory, '--out', join(folder, 'link/x'), '--pki-dir', join(folder, 'x/deep/pki')],
      /PKI store/,
    );
  });

  test('a folder inside the store', () => {
    expectRefused(renderArgs('--out', join(folder, 'pki/out')), /PKI store/);
    expectRefused(
      ['render', inventory, '--out', join(folder, 'new/out'), '--pki-dir', join(folder, 'new')],
      /PKI store/,
    );
  });

  test('a file, and a path below a file', () => {
    writeFileSync(out, 'text');
    expectRefused(renderArgs('--out', out), /not a folder/);
    expectRefused(renderArgs('--out', join(out, 'deeper')), /not a folder/);
  });

  test('a link to nowhere, and an empty name', () => {
    symlinkSync('nowhere', out);
    expectRefused(renderArgs('--out', out), /link to nowhere/);
    expectRefused(renderArgs('--out='), /--out wants a value/);
  });
});

describe('taken as an output folder', () => {
  test('an empty one, and one below folders that are not there yet', () => {
    mkdirSync(out);
    expect(render().status).toBe(0);
    expect(hardway(renderArgs('--out', join(folder, 'a/b/c'))).status).toBe(0);
    expect(differences(treeOf(out), treeOf(join(folder, 'a/b/c')))).toEqual([]);
  });

  test('a link to a folder: what it names is replaced, the link stays', () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', out);
    expect(render().status).toBe(0);
    expect(render().status).toBe(0);
    expect(existsSync(join(folder, 'real/SHA256SUMS'))).toBe(true);
    expect(beside()).toEqual(['inventory.yaml', 'out', 'pki', 'real']);
  });

  test('files that are no longer rendered disappear', () => {
    writeFileSync(inventory, manyHosts(3));
    expect(render().status).toBe(0);
    writeFileSync(inventory, manyHosts(2));
    expect(render().status).toBe(0);
    expect(readdirSync(join(out, 'bundles')).sort()).toEqual(['m1.tar.gz', 'n0.tar.gz', 'n1.tar.gz']);
    expect(readdirSync(join(out, 'review')).sort()).toEqual(['m1', 'n0', 'n1']);
  });
});

describe('renders at once', () => {
  test('on one store that is not there yet: both succeed with the same keys', async () => {
    rmSync(join(folder, 'pki'), { recursive: true });
    const outs = ['out1', 'out2', 'out3'].map((name) => join(folder, name));
    const children = outs.map((one) => start(renderArgs('--out', one)));
    expect(await Promise.all(children.map(statusOf))).toEqual([0, 0, 0]);
    const [first = {}, ...others] = outs.map(treeOf);
    for (const other of others) expect(differences(first, other)).toEqual([]);
    expect(readdirSync(join(folder, 'pki')).filter((name) => /^\.(lock|journal|staging)/.test(name))).toEqual(
      [],
    );
  });

  test('into one folder: all succeed, and it is whole', async () => {
    const children = Array.from({ length: 4 }, () => start(renderArgs('--out', out)));
    expect(await Promise.all(children.map(statusOf))).toEqual([0, 0, 0, 0]);
    expect(spawnSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: out }).status).toBe(0);
    expect(beside()).toEqual(['inventory.yaml', 'out', 'pki']);
  });
});

test('the review tree is the one of the bundle, readable by all', () => {
  expect(render().status).toBe(0);
  const packed = spawnSync('tar', ['-tzf', join(out, 'bundles/allinone.tar.gz')], { encoding: 'utf8' });
  const files = packed.stdout.split('\n').filter((name) => name !== '' && !name.endsWith('/'));
  const reviewed = Object.keys(treeOf(join(out, 'review'))).filter(
    (name) => !name.endsWith('/') && !/\.(crt|conf)\.txt$/.test(name),
  );
  expect(reviewed.sort()).toEqual(files.sort());
  for (const name of reviewed) expect(modeOf(join(out, 'review', name))).toMatch(/^0(644|755)$/);
});
