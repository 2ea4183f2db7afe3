/** The names and addresses by which others may dial a host. */
import { parseAddress } from '../lib/ip.ts';
import type { Flag } from '../verify/view.ts';
import { lastFlag } from './flags.ts';

type FlagsOf = ReadonlyMap<string, readonly Flag[]>;

/** Flags that say where a host itself is. */
const ownAddressFlags: readonly (readonly [program: string, flag: string])[] = [
  ['kube-apiserver', 'advertise-address'],
  ['kubelet', 'node-ip'],
  ['kubelet', 'hostname-override'],
  ['etcd', 'initial-advertise-peer-urls'],
  ['etcd', 'listen-peer-urls'],
  ['kube-apiserver', 'bind-address'],
  ['kubelet', 'address'],
];

/** By its name, /etc/hostname, /etc/hosts and the flags by program. */
export function namesOf(name: string, hostname: string | undefined, hostsFile: string, flags: FlagsOf) {
  const stated = ownAddressFlags.flatMap(([program, flag]) =>
    (lastFlag(flags.get(program) ?? [], flag)?.value ?? '').split(',').map(hostIn),
  );
  const names = new Set([name, ...(hostname === undefined ? [] : [hostname])]);
  const addresses = new Set<string>();
  for (const one of stated) {
    const address = parseAddress(one)?.text;
    if (address !== undefined) addresses.add(address);
    else if (one !== '') names.add(one);
  }
  for (const line of hostsFile.split('\n')) {
    const [address = '', ...own] = line.replace(/#.*/, '').trim().split(/\s+/);
    const parsed = parseAddress(address)?.text;
    if (parsed === undefined || !own.some((one) => names.has(one))) continue;
    addresses.add(parsed);
  }
  return {
    names: [...names],
    addresses: [...addresses].filter((one) => !/^(?:127\.|0\.0\.0\.0$|::1?$)/.test(one)),
  };
}

/** The host of a URL, or what is none. */
function hostIn(text: string): string {
  const [, v6, name] = /^(?:https?:\/\/)?(?:\[([^\]]+)\]|([^/:]+))(?::\d+)?(?:\/.*)?$/.exec(text) ?? [];
  return v6 ?? name ?? text;
}
