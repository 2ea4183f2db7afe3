/**
 * What rules and normalize.ts both need to know about an inventory: versions,
 * networks and addresses, parsed once, each with its path. What is wrong in form
 * is undefined here, so that no rule reports a mistake that decode.ts reported.
 */
import { findRelease, newestVersion } from '../catalog/releases.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { type Address, type Cidr, type Family, parseAddress, parseCidr } from '../lib/ip.ts';
import { parseVersion } from '../lib/version.ts';
import { type Role, roleNames } from '../model/cluster.ts';
import { type Path, pathText } from './problem.ts';
import { networkKeys, type WrittenHost, type WrittenInventory } from './schema.ts';

export interface Facts {
  /** Undefined when the version is wrong. */
  readonly version: { readonly minor: string; readonly full: string } | undefined;
  /** Undefined when one of the ranges is wrong. */
  readonly services: readonly Range[] | undefined;
  readonly pods: readonly Range[] | undefined;
  /** The family of the first service range. */
  readonly family: Family | undefined;
  /** In the order of the inventory, without those that are no maps. */
  readonly hosts: readonly HostFacts[];
  /** Whether the roles of every host are right, so that they can be counted. */
  readonly rolesAreKnown: boolean;
  /** Whether a value at or below a path is wrong. */
  readonly isBroken: (...path: Path) => boolean;
  /** Whether the map at a path has an unknown key: something that seems absent may be mistyped. */
  readonly hasUnknownKey: (path: Path) => boolean;
}

/** A network of the inventory, or of its defaults. */
export interface Range {
  /** `serviceCIDR`. */
  readonly name: string;
  readonly path: Path;
  readonly cidr: Cidr;
  readonly written: string;
  readonly isMasked: boolean;
  readonly isDefault: boolean;
}

export interface HostFacts {
  readonly path: Path;
  readonly host: WrittenHost;
  /** Its name, or `hosts[3]`. */
  readonly label: string;
  readonly addresses: readonly { readonly address: Address; readonly path: Path }[];
  readonly roles: readonly Role[];
}

/** The facts of an inventory as decoded. */
export function factsOf(inventory: WrittenInventory, diagnostics: readonly Diagnostic[]): Facts {
  const broken = new Set(
    diagnostics.flatMap(({ path }) => path.map((_, index) => pathText(path.slice(0, index + 1)))),
  );
  const isBroken = (...path: Path) => broken.has(pathText(path));
  const misspelt = new Set(
    diagnostics.filter(({ code }) => code === 'unknown-key').map(({ path }) => pathText(path.slice(0, -1))),
  );
  const services = rangesOf(inventory, 'serviceCIDR', isBroken);
  const hosts = (inventory.hosts ?? []).flatMap((host, index) =>
    host === undefined ? [] : [hostFacts(host, index)],
  );
  return {
    version: versionOf(inventory, isBroken),
    services,
    pods: rangesOf(inventory, 'podCIDR', isBroken),
    family: services?.[0]?.cidr.family,
    hosts,
    rolesAreKnown:
      (inventory.hosts ?? []).length > 0 &&
      (inventory.hosts ?? []).every(
        (host, index) => host?.roles !== undefined && !isBroken('hosts', index, 'roles'),
      ),
    isBroken,
    hasUnknownKey: (path) => misspelt.has(pathText(path)),
  };
}

/** The full version of a text that names a minor or a version. */
export function fullVersion(text: string): { minor: string; full: string } | undefined {
  const version = parseVersion(text);
  if (version === undefined) return undefined;
  const patch = version.patch ?? findRelease(version.minor)?.newestPatch;
  return { minor: version.minor, full: patch === undefined ? version.minor : `${version.minor}.${patch}` };
}

function versionOf(inventory: WrittenInventory, isBroken: Facts['isBroken']): Facts['version'] {
  if (isBroken('kubernetes', 'version')) return undefined;
  return fullVersion(inventory.kubernetes?.version ?? newestVersion());
}

function rangesOf(
  inventory: WrittenInventory,
  name: 'serviceCIDR' | 'podCIDR',
  isBroken: Facts['isBroken'],
): readonly Range[] | undefined {
  const path = ['network', name];
  if (isBroken(...path)) return undefined;
  const texts = inventory.network?.[name];
  return (texts ?? [networkKeys[name].default]).flatMap((written, index) => {
    const parsed = parseCidr(written ?? '');
    if (written === undefined || parsed === undefined) return [];
    return [
      {
        name,
        path: [...path, index],
        cidr: parsed.cidr,
        written,
        isMasked: parsed.masked,
        isDefault: texts === undefined,
      },
    ];
  });
}

function hostFacts(host: WrittenHost, index: number): HostFacts {
  const path = ['hosts', index];
  const single = host.address === undefined ? [] : [{ text: host.address, path: [...path, 'address'] }];
  const several = (host.addresses ?? []).map((text, item) => ({ text, path: [...path, 'addresses', item] }));
  const written = new Set(host.roles ?? []);
  return {
    path,
    host,
    label: host.name ?? pathText(path),
    addresses: [...single, ...several].flatMap(({ text, path: at }) => {
      const address = parseAddress(text ?? '');
      return address === undefined ? [] : [{ address, path: at }];
    }),
    roles: roleNames.filter((role) => written.has(role)),
  };
}

/** The hosts that have a role. */
export function hostsOf(facts: Facts, role: Role): readonly HostFacts[] {
  return facts.hosts.filter(({ roles }) => roles.includes(role));
}
