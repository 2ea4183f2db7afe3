/** Rules about single hosts and about names and addresses across hosts. */
import { type Address, parseCidr } from '../../lib/ip.ts';
import type { HostFacts } from '../facts.ts';
import type { Path, Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';

/** Decoding refuses upper case, so names that differ only in case never meet here. */
export function* hostNamesAreUnique({ facts }: RuleContext): Iterable<Problem> {
  const firsts = new Map<string, HostFacts>();
  for (const current of facts.hosts) {
    const { name } = current.host;
    if (name === undefined) continue;
    const first = firsts.get(name);
    if (first === undefined) firsts.set(name, current);
    else yield duplicateHost(name, current, first);
  }
}

function duplicateHost(name: string, current: HostFacts, first: HostFacts): Problem {
  return {
    code: 'duplicate-host',
    path: [...current.path, 'name'],
    message: `the name "${name}" belongs to another host already`,
    related: { path: [...first.path, 'name'], message: `the first "${name}"` },
    fix: 'give every host a name of its own',
  };
}

/** Every host has an address, written in one of the two ways. */
export function* hostsHaveAddresses({ facts }: RuleContext): Iterable<Problem> {
  for (const { host, path, label } of facts.hosts) {
    const [hasOne, hasSeveral] = ['address', 'addresses'].map((key) => key in host);
    if (hasOne && hasSeveral) {
      yield {
        code: 'conflicting-values',
        path: [...path, 'address'],
        atKey: true,
        message: `${label} has both "address" and "addresses"`,
        related: { path: [...path, 'addresses'], message: 'addresses' },
        fix: 'list all of them below "addresses"',
      };
    }
    if (!hasOne && !hasSeveral && !facts.hasUnknownKey(path)) {
      yield {
        code: 'missing-key',
        path,
        message: `${label} lacks an address`,
        fix: 'add "address: 192.0.2.10" with its own address',
      };
    }
  }
}

/** No two hosts share an address, in whatever notation. */
export function* addressesAreUnique({ facts }: RuleContext): Iterable<Problem> {
  const firsts = new Map<string, { owner: HostFacts; path: Path }>();
  for (const owner of facts.hosts) {
    for (const { address, path } of owner.addresses) {
      const first = firsts.get(address.text);
      if (first === undefined) firsts.set(address.text, { owner, path });
      else yield duplicateAddress(address, path, owner, first);
    }
  }
}

function duplicateAddress(
  address: Address,
  path: Path,
  owner: HostFacts,
  first: { readonly owner: HostFacts; readonly path: Path },
): Problem {
  const isSame = owner === first.owner;
  return {
    code: 'duplicate-address',
    path,
    message: isSame
      ? `${owner.label} has the address ${address.text} twice`
      : `the address ${address.text} belongs to ${first.owner.label} already`,
    related: { path: first.path, message: `${first.owner.label}: ${address.text}` },
    fix: isSame ? 'delete one of the two' : `write the address of ${owner.label}`,
  };
}

/** Networks whose addresses no other host can dial (RFC 6890). */
const unusable = (
  [
    ['0.0.0.0/8', 'means "this host" (RFC 1122)'],
    ['127.0.0.0/8', 'is loopback, which every host has'],
    ['169.254.0.0/16', 'is link-local'],
    ['224.0.0.0/4', 'is multicast'],
    ['240.0.0.0/4', 'is reserved or broadcast'],
    ['::/128', 'is unspecified'],
    ['::1/128', 'is loopback, which every host has'],
    ['::ffff:0:0/96', 'is an IPv4 address in IPv6 notation'],
    ['fe80::/10', 'is link-local'],
    ['ff00::/8', 'is multicast'],
  ] as const
).map(([text, why]) => ({ cidr: parseCidr(text)?.cidr, why }));

/** Why no host can have an address, or undefined. */
export function whyUnusable(address: Address): string | undefined {
  return unusable.find(
    ({ cidr }) =>
      cidr?.family === address.family && cidr.first <= address.value && address.value <= cidr.last,
  )?.why;
}

/** Other hosts can dial every address, one is of the family of the cluster, and nodes have all its families. */
export function* hostAddressesAreUsable({ facts }: RuleContext): Iterable<Problem> {
  const families = (facts.services ?? []).map(({ cidr }) => cidr.family);
  for (const { addresses, label, path: hostPath, roles } of facts.hosts) {
    for (const { address, path } of addresses) {
      const why = whyUnusable(address);
      if (why === undefined) continue;
      const fix = `write the address at which other hosts reach ${label}`;
      yield {
        code: 'invalid-address',
        path,
        message: `no other host can reach ${address.text}, which ${why}`,
        fix,
      };
    }
    const wanted = roles.includes('worker') ? families : families.slice(0, 1);
    const missing = wanted.find((family) => !addresses.some(({ address }) => address.family === family));
    if (missing !== undefined && addresses.length > 0) {
      const family = familyName(missing);
      const verb = families.length > 1 ? 'has an' : 'is';
      const message = `${label} has no ${family} address, but serviceCIDR ${verb} ${family}${families.length > 1 ? ' network' : ''}`;
      yield {
        code: 'family-mismatch',
        path: addresses[0]?.path ?? hostPath,
        message,
        fix: `add an ${family} address below "addresses"`,
      };
    }
  }
}

/** The family as messages name it. */
export function familyName(family: 'ipv4' | 'ipv6'): string {
  return family === 'ipv4' ? 'IPv4' : 'IPv6';
}

/** No host has a role twice. */
export function* rolesAreUnique({ facts }: RuleContext): Iterable<Problem> {
  for (const { host, path, label } of facts.hosts) {
    const roles = host.roles ?? [];
    for (const [index, role] of roles.entries()) {
      const first = roles.indexOf(role);
      if (role === undefined || first === index) continue;
      yield {
        code: 'duplicate-role',
        path: [...path, 'roles', index],
        message: `${label} has the role ${role} twice`,
        related: { path: [...path, 'roles', first], message: `the first ${role}` },
        fix: 'delete one of the two',
      };
    }
  }
}
