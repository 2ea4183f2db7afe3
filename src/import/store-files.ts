/** Which files of existing hosts go into the PKI store. */
import { authorityPaths } from '../pki/layout.ts';
import type { TreeCluster } from '../tree/cluster.ts';
import type { HostView } from '../verify/view.ts';
import { agreed, placeText, type Said } from './stated.ts';

export interface AuthorityFile {
  /** Below the PKI store. */
  readonly target: string;
  readonly host: string;
  readonly file: string;
}

export interface StoreFiles {
  readonly files: readonly AuthorityFile[];
  /** Where hosts have different ones: `sa.key: m1:/etc/kubernetes/pki/sa.key, m2:…`. */
  readonly conflicts: readonly string[];
  /** Certificates that are one and the same under several names: `ca.crt, etcd/ca.crt`. */
  readonly shared: readonly string[];
}

/**
 * Files of the authorities and of the service accounts' key, by the names that a store has for them. Where
 * hosts have different ones (k8s-certs-generator makes a service accounts' key for each control plane),
 * none is taken: tokens and certificates of the others would be worth nothing.
 */
export function storeFilesOf({ view }: TreeCluster): StoreFiles {
  const said = view.hosts.flatMap((host) =>
    authorityFlags(host).flatMap(([stem, path]) => (path === undefined ? [] : storedFiles(host, stem, path))),
  );
  const stems = [...new Set(said.map(({ stem }) => stem))];
  // A certificate and its key stand or fall together: of another host's certificate it would be the wrong key.
  const found = stems.map((stem) => said.filter((one) => one.stem === stem));
  return {
    files: found.filter((own) => agreed(own).kind === 'told').flatMap(firstOfEach),
    shared: sharedTargets(said.filter(({ target }) => target.endsWith('.crt'))),
    conflicts: found.flatMap((own) => {
      const told = agreed(own);
      if (told.kind !== 'conflict') return [];
      return [`${own[0]?.target}: ${told.said.map(({ place }) => placeText(place)).join(', ')}`];
    }),
  };
}

/** The first host's file for each name in the store. */
function firstOfEach(said: readonly StoredFile[]): AuthorityFile[] {
  const targets = [...new Set(said.map(({ target }) => target))];
  return targets.flatMap((target) => {
    const first = said.find((one) => one.target === target);
    return first === undefined ? [] : [{ target, host: first.place.host, file: first.place.file }];
  });
}

function sharedTargets(said: readonly StoredFile[]): string[] {
  const keys = [...new Set(said.map(({ value }) => value))];
  const names = keys.map((key) => [
    ...new Set(said.filter(({ value }) => value === key).map(({ target }) => target)),
  ]);
  return names.filter((targets) => targets.length > 1).map((targets) => targets.join(', '));
}

/** The flags that name the authorities' certificates and the service accounts' key. */
function authorityFlags(host: HostView): (readonly [string, string | undefined])[] {
  const apiserver = host.command('apiserver');
  const manager = host.command('controllerManager');
  const etcdCa = host.etcdFlag('trusted-ca-file') ?? apiserver?.flag('etcd-cafile');
  return [
    [authorityPaths['kubernetes-ca'], apiserver?.flag('client-ca-file')?.value],
    [authorityPaths['etcd-ca'], etcdCa?.value],
    [authorityPaths['kubernetes-front-proxy-ca'], apiserver?.flag('requestheader-client-ca-file')?.value],
    [serviceAccountStem, manager?.flag('service-account-private-key-file')?.value],
  ];
}

const serviceAccountStem = 'sa';

/** A file of a host; its value tells one public key from another. */
type StoredFile = Said<string> & { readonly stem: string; readonly target: string };

/** A certificate and the key that belongs to it, or the key alone. */
function storedFiles(host: HostView, stem: string, path: string): StoredFile[] {
  const isKey = stem === serviceAccountStem;
  const value = isKey ? host.publicKeyOf(path) : host.certificate(path)?.publicKeyDer.toString('base64');
  if (value === undefined) return [];
  const key = host.bundle.files.find((file) => host.publicKeyOf(file.path) === value)?.path;
  const at = (file: string) => ({ host: host.name, file, line: undefined });
  return [
    ...(isKey ? [] : [{ stem, target: `${stem}.crt`, value, place: at(path) }]),
    ...(key === undefined ? [] : [{ stem, target: `${stem}.key`, value, place: at(key) }]),
  ];
}
