/** Rules about the networks of services, pods and hosts. */
import {
  type Address,
  addressBits,
  type Cidr,
  cidrContains,
  cidrsOverlap,
  type Family,
  nthAddress,
  parseAddress,
  parseCidr,
} from '../../lib/ip.ts';
import { type Facts, hostsOf, type Range } from '../facts.ts';
import type { Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';
import { defaultMaskSize } from '../schema.ts';
import { familyName } from './hosts.ts';

/** Networks are written without host bits. */
export function* networksAreNetworks({ facts }: RuleContext): Iterable<Problem> {
  for (const { name, path, cidr, written, isMasked } of rangesOf(facts)) {
    if (!isMasked) continue;
    yield {
      code: 'cidr-masked',
      severity: 'warning',
      path,
      message: `${name} ${written} has host bits set; the network is ${cidr.text}`,
      fix: `write "${cidr.text}"`,
    };
  }
}

/** Services, pods and hosts route to each other, so all start with the same family. */
export function* networksHaveOneFamilyOrder({ facts: { services, pods } }: RuleContext): Iterable<Problem> {
  for (const ranges of [services, pods]) {
    const [first, second] = ranges ?? [];
    if (first === undefined || second === undefined || first.cidr.family !== second.cidr.family) continue;
    const family = familyName(first.cidr.family);
    const message = `${first.name} has two ${family} networks, dual-stack wants one IPv4 and one IPv6`;
    yield { code: 'family-mismatch', path: second.path, message, fix: 'keep one of the two' };
  }
  if (services !== undefined && pods !== undefined && services.length !== pods.length) {
    const [one, two] = services.length < pods.length ? [services, pods] : [pods, services];
    const [first, second] = two;
    if (one[0] !== undefined && second !== undefined && first?.cidr.family !== second.cidr.family) {
      const family = familyName(second.cidr.family);
      yield {
        code: 'family-mismatch',
        path: one[0].isDefault ? second.path : one[0].path,
        message: `${second.name} has an ${family} network and ${one[0].name} has none: dual-stack needs both`,
        fix: `add an ${family} network to ${one[0].name}, or keep one network in ${second.name}`,
      };
    }
  }
  const [service, pod] = [services?.[0], pods?.[0]];
  if (service === undefined || pod === undefined || service.cidr.family === pod.cidr.family) return;
  const place = pod.isDefault ? service : pod;
  yield {
    code: 'family-mismatch',
    path: place.path,
    message: `${described(pod)} is ${familyName(pod.cidr.family)}, but ${described(service)} is ${familyName(service.cidr.family)}`,
    ...(pod.isDefault || service.isDefault ? {} : { related: relatedTo(service) }),
    fix: `write "podCIDR: ${candidates.podCIDR[service.cidr.family][0]}" or change serviceCIDR`,
  };
}

/** Services, pods and hosts share no address. */
export function* networksAreApart({ inventory, facts }: RuleContext): Iterable<Problem> {
  const ranges = rangesOf(facts);
  for (const [index, left] of ranges.entries()) {
    for (const right of ranges.slice(index + 1)) {
      if (cidrsOverlap(left.cidr, right.cidr)) yield rangesOverlap(left, right, facts);
    }
  }
  const ofHosts = facts.hosts.flatMap(({ label, addresses }) =>
    addresses.map((own) => ({ ...own, what: `the address ${own.address.text} of ${label}` })),
  );
  for (const { address, path, what } of [...ofHosts, ...floatingAddress(inventory)]) {
    const range = ranges.find(({ cidr }) => cidrContains(cidr, address));
    if (range === undefined) continue;
    yield {
      code: 'cidr-overlap',
      path,
      message: `${what} lies inside ${described(range)}`,
      ...(range.isDefault ? {} : { related: relatedTo(range) }),
      fix: `set ${range.name} to a range without hosts${suchAs(range, facts, address)}`,
    };
  }
}

function floatingAddress({ endpoint }: RuleContext['inventory']) {
  const address = parseAddress(endpoint?.vip ?? '');
  if (address === undefined) return [];
  return [{ address, path: ['endpoint', 'vip'], what: `the floating address ${address.text}` }];
}

function rangesOverlap(left: Range, right: Range, facts: Facts): Problem {
  // The problem stands where somebody wrote something; of two written ones, at the second.
  const [place, other] = right.isDefault ? [left, right] : [right, left];
  return {
    code: 'cidr-overlap',
    path: place.path,
    message: `${place.name} ${place.cidr.text} ${relation(place.cidr, other.cidr)} ${described(other)}`,
    ...(other.isDefault ? {} : { related: relatedTo(other) }),
    fix: `use a range outside ${firstAndLast(other.cidr)}${suchAs(place, facts)}`,
  };
}

function relation(left: Cidr, right: Cidr): string {
  if (left.text === right.text) return 'is the same range as';
  return left.prefixLength > right.prefixLength ? 'lies inside' : 'contains';
}

/** The API server allocates services from a bitmap: at most 2^20 addresses, at least 8 (cmd/kube-apiserver/app). */
export function* serviceRangesHaveRightSize({ inventory, facts }: RuleContext): Iterable<Problem> {
  for (const { cidr, path, isDefault } of facts.services ?? []) {
    const bits = addressBits(cidr.family);
    const hostBits = bits - cidr.prefixLength;
    if (hostBits > 20) {
      const message = `serviceCIDR ${cidr.text} has ${hostBits} host bits, the API server accepts at most 20`;
      yield {
        code: 'cidr-too-large',
        path,
        message,
        fix: `use /${bits - 20} or longer: ${nthAddress(cidr, 0)?.text}/${bits - 20}`,
      };
    }
    const isTiny = hostBits < 3;
    const lacksDNS = inventory.network?.clusterDNS === undefined && nthAddress(cidr, 10) === undefined;
    if (isDefault || !(isTiny || lacksDNS)) continue;
    const reason = isTiny ? 'at least 8 are needed' : 'address 10 is for cluster DNS';
    const message = `serviceCIDR ${cidr.text} holds ${2 ** hostBits} addresses, ${reason}`;
    yield { code: 'cidr-too-small', path, message, fix: `use /${bits - 4} or shorter, or set clusterDNS` };
  }
}

/** kube-controller-manager cuts one slice for each node, from at most 2^16 slices (pkg/controller/nodeipam/ipam/cidrset). */
export function* podRangesHoldTheNodes({ inventory, facts }: RuleContext): Iterable<Problem> {
  if (facts.isBroken('network', 'nodeCIDRMaskSize')) return;
  const written = inventory.network?.nodeCIDRMaskSize;
  const workers = hostsOf(facts, 'worker').length;
  for (const [index, range] of (facts.pods ?? []).entries()) {
    const { cidr } = range;
    const mask = (index === 0 ? written : undefined) ?? defaultMaskSize[cidr.family];
    const maskPath = written === undefined || index > 0 ? range.path : ['network', 'nodeCIDRMaskSize'];
    const slices = mask - cidr.prefixLength;
    if (mask > addressBits(cidr.family) - 2) {
      const message = `nodeCIDRMaskSize ${mask} leaves a node no addresses for pods; ${familyName(cidr.family)} addresses have ${addressBits(cidr.family)} bits`;
      yield { code: 'out-of-range', path: maskPath, message, fix: `write ${defaultMaskSize[cidr.family]}` };
    } else if (slices < 0) {
      const message = `nodeCIDRMaskSize ${mask} is shorter than the prefix of ${described(range)}, so not one node gets addresses`;
      yield { code: 'cidr-too-small', path: maskPath, message, fix: podFix(range, mask, workers) };
    } else if (slices > 16) {
      const message = `nodeCIDRMaskSize ${mask} cuts ${described(range)} into 2^${slices} slices, kube-controller-manager accepts at most 2^16`;
      yield {
        code: 'cidr-too-large',
        path: maskPath,
        message,
        fix: `use nodeCIDRMaskSize ${cidr.prefixLength + 16} or a smaller podCIDR`,
      };
    } else if (2 ** slices < workers) {
      const message = `${described(range)} has ${counted(2 ** slices)} of /${mask}, ${workers} workers need one each`;
      yield {
        code: 'cidr-too-small',
        path: range.isDefault ? ['hosts'] : range.path,
        atKey: range.isDefault,
        message,
        fix: podFix(range, mask, workers),
      };
    }
  }
}

function counted(slices: number): string {
  return slices === 1 ? 'one slice' : `${slices} slices`;
}

function podFix({ cidr }: Range, mask: number, workers: number): string {
  const needed = Math.ceil(Math.log2(Math.max(workers, 1)));
  const prefix = mask - needed;
  const longer = Math.min(cidr.prefixLength + Math.max(needed, 2), addressBits(cidr.family) - 4);
  const isPossible = longer - cidr.prefixLength >= needed;
  return prefix < 1 || !isPossible
    ? 'use a larger podCIDR'
    : `use a podCIDR of /${prefix} or shorter, or nodeCIDRMaskSize ${longer}`;
}

/** Cluster DNS is a service like others: inside the range, and not the API itself. */
export function* clusterDNSFitsServices({ inventory, facts }: RuleContext): Iterable<Problem> {
  const { services } = facts;
  if (services === undefined) return;
  for (const [index, text] of (inventory.network?.clusterDNS ?? []).entries()) {
    const address = parseAddress(text ?? '');
    if (address === undefined) continue;
    const path = ['network', 'clusterDNS', index];
    const range = services.find(({ cidr }) => cidrContains(cidr, address));
    const tenth = services[0] === undefined ? undefined : nthAddress(services[0].cidr, 10);
    const fix =
      tenth === undefined ? 'use an address inside serviceCIDR' : `write "${tenth.text}", or delete the key`;
    if (range === undefined) {
      const message = `clusterDNS ${address.text} lies outside ${services.map(described).join(' and ')}`;
      yield { code: 'dns-address', path, message, fix };
    } else if (address.value - range.cidr.first < 2n) {
      const what = address.value === range.cidr.first ? 'the network itself' : 'the API service';
      yield {
        code: 'dns-address',
        path,
        message: `clusterDNS ${address.text} is the address of ${what}`,
        fix,
      };
    }
  }
}

function rangesOf(facts: Facts): Range[] {
  return [...(facts.services ?? []), ...(facts.pods ?? [])];
}

function described({ name, cidr, isDefault }: Range): string {
  return `${name} ${cidr.text}${isDefault ? ' (the default)' : ''}`;
}

function relatedTo({ name, path, written, cidr, isMasked }: Range): { path: Range['path']; message: string } {
  return { path, message: `${name}: ${written}${isMasked ? ` (masked to ${cidr.text})` : ''}` };
}

function firstAndLast(cidr: Cidr): string {
  const last = nthAddress({ ...cidr, first: cidr.last }, 0);
  return `${nthAddress(cidr, 0)?.text} - ${last?.text}`;
}

/** Private ranges (RFC 1918, RFC 4193) to offer; the defaults come first. */
const candidates: Readonly<Record<string, Readonly<Record<Family, readonly string[]>>>> & {
  readonly podCIDR: Readonly<Record<Family, readonly string[]>>;
} = {
  podCIDR: {
    ipv4: ['10.244.0.0/16', '172.20.0.0/16', '10.32.0.0/16', '192.168.0.0/16'],
    ipv6: ['fd00:10:244::/56', 'fd00:20:244::/56'],
  },
  serviceCIDR: {
    ipv4: ['10.96.0.0/12', '172.30.0.0/16', '10.43.0.0/16', '192.168.0.0/16'],
    ipv6: ['fd00:10:96::/112', 'fd00:20:96::/112'],
  },
};

/** A range of this kind that is free, or nothing. */
function suchAs({ name, path, cidr }: Range, facts: Facts, other?: Address): string {
  const taken = rangesOf(facts).filter((range) => range.path !== path);
  const free = candidates[name]?.[cidr.family].find((text) => {
    const candidate = parseCidr(text)?.cidr;
    if (candidate === undefined || taken.some((range) => cidrsOverlap(range.cidr, candidate))) return false;
    if (other !== undefined && cidrContains(candidate, other)) return false;
    return !facts.hosts.some(({ addresses }) =>
      addresses.some(({ address }) => cidrContains(candidate, address)),
    );
  });
  return free === undefined ? '' : `, such as ${free}`;
}
