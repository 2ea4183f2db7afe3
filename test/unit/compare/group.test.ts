/** Which changes count as the same: equal, or equal but for what is the host's own. */
import { expect, test } from 'vitest';
import type { FileChange, HostChange } from '../../../src/compare/difference.ts';
import { groupsOf } from '../../../src/compare/group.ts';

function file(...lines: readonly string[]): FileChange {
  const hunk = { oldStart: 1, oldLines: 1, newStart: 1, newLines: 1, lines };
  const none = { ownership: undefined, secret: undefined, services: [], settings: [] };
  return { path: '/etc/a', state: 'changed', ...none, hunks: [hunk] };
}

function host(name: string, address: string, ...files: readonly FileChange[]): HostChange {
  const ownNames = [`${name}.example`, name, address];
  const roles = ['worker'];
  return { host: name, state: 'changed', roles, rolesBefore: roles, ownNames, files, units: [] };
}

const shown = (...hosts: readonly HostChange[]) =>
  groupsOf(hosts).map(({ hosts: names, files }) => [names, files.map(({ shownAt }) => shownAt)]);

test('equal changes, and those with the own name, address or key of each host', () => {
  const own = (name: string, address: string, key: string) =>
    host(
      name,
      address,
      file(`+${address} ${name}.example ${name}`, `-key ${key.repeat(64)}`, `+https://${address}:6443`),
    );
  expect(
    shown(own('n1', '192.0.2.1', 'a'), own('n2', '192.0.2.2', 'b'), own('n11', '192.0.2.11', 'c')),
  ).toEqual([[['n1', 'n2', 'n11'], [undefined]]]);
  expect(shown(own('n1', '2001:db8::1', 'a'), own('n2', '2001:db8::2', 'b'))).toHaveLength(1);
});

test('lines that name another host are not the same, unless they are equal', () => {
  const names = (text: string) => file(`+${text}`);
  expect(shown(host('n1', '192.0.2.1', names('n3')), host('n2', '192.0.2.2', names('n3')))).toHaveLength(1);
  expect(shown(host('n1', '192.0.2.1', names('n1')), host('n2', '192.0.2.2', names('n1')))).toHaveLength(1);
  expect(shown(host('n1', '192.0.2.1', names('n3')), host('n2', '192.0.2.2', names('n4')))).toHaveLength(2);
  expect(shown(host('n1', '192.0.2.1', names('n10')), host('n2', '192.0.2.2', names('n20')))).toHaveLength(2);
});

test('what stands around a change does not count', () => {
  const around = (text: string) => file(` ${text}`, '+x');
  expect(shown(host('n1', '192.0.2.1', around('a')), host('n2', '192.0.2.2', around('b')))).toHaveLength(1);
});

test('a change that an earlier group shows is not shown again', () => {
  const [first, second] = [file('+x'), { ...file('+y'), path: '/etc/b' }];
  expect(shown(host('n1', '192.0.2.1', first), host('n2', '192.0.2.2', first, second))).toEqual([
    [['n1'], [undefined]],
    [['n2'], ['n1', undefined]],
  ]);
});
