/** What to write instead of a key that does not exist. */
import { nearest } from '../lib/edit-distance.ts';
import { inventoryType } from './schema.ts';
import type { Keys } from './types.ts';

/** Keys that users of other tools write; the nearest known key has another spelling altogether. */
const otherNames: Readonly<Record<string, string>> = {
  ip: 'address',
  hostname: 'name',
  nodes: 'hosts',
  role: 'roles',
  serviceSubnet: 'serviceCIDR',
  podSubnet: 'podCIDR',
};

/** How to mend an unknown key of a map that has these keys. */
export function unknownKeyFix(name: string, keys: Keys): string {
  const meant = meantKey(name, keys);
  if (meant !== undefined) return `write "${meant}"`;
  const place = sectionOf().get(name);
  if (place !== undefined) return `write it below "${place}"`;
  const known = Object.keys(keys);
  return known.length === 1 ? `use "${known[0]}", the only key here` : `use one of ${known.join(', ')}`;
}

/** The key of this map that a mistyped one was meant to be. */
export function meantKey(name: string, keys: Keys): string | undefined {
  const other = Object.hasOwn(otherNames, name) ? otherNames[name] : undefined;
  return other !== undefined && Object.hasOwn(keys, other) ? other : nearest(name, Object.keys(keys));
}

let sections: ReadonlyMap<string, string> | undefined;

/** The section that each key stands in, for keys written one level too high or too low. */
function sectionOf(): ReadonlyMap<string, string> {
  sections ??= new Map(
    Object.entries(inventoryType.keys as Keys).flatMap(([section, { type }]) =>
      type.kind === 'map' ? Object.keys(type.keys).map((name) => [name, section] as const) : [],
    ),
  );
  return sections;
}
