/** Binaries that install.sh puts in place, and the units that it restarts for them. */
import { expect, test } from 'vitest';
import { readManifest } from '../../../src/bundle/read-manifest.ts';
import { programChanges } from '../../../src/compare/programs.ts';
import { unitChanges } from '../../../src/compare/units.ts';

const etcd = (sum: string, mode = '0755') =>
  `program ${mode} root:root /usr/local/bin/etcd etcd.service ${sum} etcd.tar.gz etcd`;
const unit = 'unit etcd.service enable';
const binary = 'binary /usr/local/bin/etcd -';
const manifest = (...lines: readonly string[]) =>
  readManifest(['hardway-manifest 1', ...lines, ''].join('\n'));

function told(before: readonly string[], after: readonly string[]) {
  const [old, now] = [manifest(...before), manifest(...after)];
  const files = programChanges(old, now);
  const states = files.map(({ path, state }) => `${state} ${path}`);
  return [...states, ...unitChanges(old, now, files).map((one) => `${one.action} ${one.unit}`)];
}

const path = '/usr/local/bin/etcd';

test.each<readonly [string, readonly string[], readonly string[], readonly string[]]>([
  ['the same', [etcd('a'), unit], [etcd('a'), unit], []],
  ['another sum', [etcd('a'), unit], [etcd('b'), unit], [`changed ${path}`, 'restarts etcd.service']],
  [
    'another mode',
    [etcd('a'), unit],
    [etcd('a', '0700'), unit],
    [`changed ${path}`, 'restarts etcd.service'],
  ],
  ['brought now', [binary, unit], [binary, etcd('a'), unit], [`added ${path}`, 'restarts etcd.service']],
  ['left to the host', [binary, etcd('a'), unit], [binary, unit], []],
  ['gone with its unit', [etcd('a'), unit], [], [`removed ${path}`, 'stops etcd.service']],
])('%s', (_, before, after, expected) => {
  expect(told(before, after)).toEqual(expected);
});
