/** What the diff says of units is what install.sh says it would do, on hosts that have the bundles of before. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { HostChange } from '../../src/compare/difference.ts';
import { makeRoot, run } from '../install/bundle.ts';
import { temporaryFolder } from '../support/cli.ts';
import { changes } from './changes.ts';
import { diffOf, guideAnd, rendered, renderInto } from './rendered.ts';

const folder = temporaryFolder('diff-restarts');
const place = await rendered(folder);
const hosts = ['master01', 'node01'] as const;

/** Unpacks a host's tarball and returns the bundle's folder. */
function unpack(out: string, host: string, into: string): string {
  mkdirSync(into, { recursive: true });
  const { status, stderr } = spawnSync('tar', ['xzf', join(out, `bundles/${host}.tar.gz`), '-C', into], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return join(into, host);
}

const roots = new Map(
  hosts.map((host) => {
    const root = makeRoot();
    writeFileSync(join(root, 'etc/hostname'), `${host}\n`);
    const { status, out } = run(unpack(place.out, host, join(folder, 'before')), ['--root', root, '--yes']);
    if (status !== 0) throw new Error(out);
    return [host, root];
  }),
);

/** Units that install.sh would start anew, and files that it would touch. */
function toldByScript(bundle: string, root: string) {
  const { status, out } = run(bundle, ['--root', root, '--dry-run', '--yes']);
  if (status !== 0) throw new Error(out);
  const words = (pattern: RegExp) => [...out.matchAll(pattern)].map(([, word = '']) => word).sort();
  return {
    units: words(/^would restart (\S+)$/gm),
    changed: words(/^change (\/\S+[^/])$/gm),
    added: words(/^create (\/\S+[^/])$/gm),
    removed: words(/^remove (\/\S+)(?: \(block\))?$/gm),
  };
}

function toldByDiff({ files, units }: HostChange) {
  const paths = (state: string) =>
    files
      .filter((file) => file.state === state && file.path.startsWith('/'))
      .map(({ path }) => path)
      .sort();
  const again = ['restarts', 'reloads', 'runs again'];
  return {
    units: units
      .filter(({ action }) => again.includes(action))
      .map(({ unit }) => unit)
      .sort(),
    changed: paths('changed'),
    added: paths('added'),
    removed: paths('removed'),
  };
}

const further: Readonly<Record<string, string>> = {
  ...changes,
  signed: guideAnd('bootstrap: { method: signed }').replace('bootstrap:\n  method: token-file\n', ''),
  'no coredns': guideAnd('addons: { coredns: false }'),
  'all flags': guideAnd('components: { proxy: { config: { conntrack: { min: 1 } } } }'),
  'log level': guideAnd('').replace('version: 1.20.2', 'version: 1.20.2\n  logLevel: 4'),
};

describe.each(Object.entries(further))('%s', (name, inventory) => {
  test('files and units are those of install.sh', async () => {
    const { output } = await diffOf(place, inventory, 'json');
    const told: readonly HostChange[] = JSON.parse(output).hosts;
    const after = { out: join(folder, name, 'out'), pkiDir: join(folder, name, 'pki') };
    cpSync(place.pkiDir, after.pkiDir, { recursive: true });
    await renderInto(after, inventory);
    for (const host of hosts) {
      const bundle = unpack(after.out, host, join(folder, name, 'after'));
      const nothing = { units: [], changed: [], added: [], removed: [] };
      const change = told.find((one) => one.host === host);
      expect(change === undefined ? nothing : toldByDiff(change), host).toEqual(
        toldByScript(bundle, roots.get(host) ?? ''),
      );
    }
  });
});
