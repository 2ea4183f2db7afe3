/** Which host holds which private key, and who needs it there. */
import { certificates } from '../catalog/certificates.ts';
import { hostFiles } from '../catalog/host-files.ts';
import { rememberedByObject } from '../lib/remember.ts';
import type { ClusterFacts, HostBundle } from './bundle.ts';
import { namedOn } from './checks/paths.ts';
import { type HostView, viewOf } from './view.ts';

export interface HeldKey {
  readonly host: string;
  readonly file: string;
  /** The certificate or authority that the key belongs to, as the catalogs call it. */
  readonly key: string;
  /** Flags, settings or scripts of this host that name the file; empty where nothing does. */
  readonly why: string;
}

/** Every private key of every host, in files of their own and in kubeconfigs. */
export function keyMap(facts: ClusterFacts, bundles: readonly HostBundle[]): HeldKey[] {
  return viewOf(facts, bundles).hosts.flatMap(heldKeys);
}

const hasKey = rememberedByObject((content: Buffer) =>
  /PRIVATE KEY-----|^\s*client-key-data:/m.test(content.toString()),
);

/** The private keys of a host. */
export function heldKeys(host: HostView): HeldKey[] {
  const files = host.bundle.files.filter(({ content }) => hasKey(content));
  return files.map(({ path }) => ({
    host: host.name,
    file: path,
    key: keyNames.get(path) ?? 'unknown',
    why: neededBy(host, path).join(', '),
  }));
}

const keyNames = new Map<string, string>([
  ...certificates.map(({ name, delivery: { kind, path } }): [string, string] => [
    kind === 'files' ? `${path}.key` : path,
    name,
  ]),
  ...hostFiles.flatMap(({ path, source }): [string, string][] => {
    if ('authority' in source) return source.part === 'private-key' ? [[path, source.authority]] : [];
    if ('serviceAccount' in source)
      return source.serviceAccount === 'private' ? [[path, 'service-account']] : [];
    return 'externalEtcd' in source && source.externalEtcd === 'private-key'
      ? [[path, 'apiserver-etcd-client']]
      : [];
  }),
]);

/** Who names a file: flags, variables and fields by themselves, scripts and others by their own name. */
function neededBy(host: HostView, path: string): string[] {
  const named = namedOn(host)
    .filter((one) => one.path === path)
    .map(({ what, file }) => `${what} (${file})`);
  if (named.length > 0) return [...new Set(named)];
  const scripts = host.bundle.files.filter(
    (file) => (file.mode & 0o111) !== 0 && host.text(file.path)?.includes(path),
  );
  return scripts.length > 0 ? scripts.map((file) => file.path) : wantedByPeople(host, path);
}

/** A key that no daemon reads is for who works on the host: the catalog says why. */
function wantedByPeople({ bundle }: HostView, path: string): string[] {
  return certificates
    .filter(({ role, services, delivery }) => {
      const file = delivery.kind === 'files' ? `${delivery.path}.key` : delivery.path;
      return file === path && services.length === 0 && bundle.roles.includes(role);
    })
    .map(({ why }) => why);
}
