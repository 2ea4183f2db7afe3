/** The checks of defects.ts: pure functions from a view of all hosts to what is wrong. */
import { createPublicKey } from 'node:crypto';
import { posix } from 'node:path';
import { certificateFiles, certificateIn, keyFiles, kubeconfigs } from '../../audit/credentials.ts';
import { daysLeft } from '../../pki/certificate.ts';
import { covers, dialled, subjectOf } from '../../verify/certificates.ts';
import { textAt } from '../../verify/read-yaml.ts';
import { type ClusterView, certificateKey, decoded, type Flag, type HostView } from '../../verify/view.ts';
import { type Judged, type Looked, lookedAt } from './looked.ts';

/** The flags that say whom a daemon trusts, by what its authority is for. */
const authorityFlags: readonly (readonly [purpose: string, flag: (host: HostView) => Flag | undefined])[] = [
  ['Kubernetes', (host) => host.command('apiserver')?.flag('client-ca-file')],
  ['etcd', (host) => host.etcdFlag('trusted-ca-file')],
  ['etcd', (host) => host.etcdFlag('peer-trusted-ca-file')],
  ['etcd', (host) => host.command('apiserver')?.flag('etcd-cafile')],
  ['the front proxy', (host) => host.command('apiserver')?.flag('requestheader-client-ca-file')],
];

export function authoritiesAreApart(view: ClusterView): Looked {
  const stated = view.hosts.flatMap((host) =>
    authorityFlags.flatMap(([purpose, flagOf]) => {
      const flag = flagOf(host);
      const certificate = flag === undefined ? undefined : host.certificate(flag.value);
      if (flag === undefined || certificate === undefined) return [];
      return [{ host: host.name, file: flag.value, purpose, key: certificateKey(certificate) }];
    }),
  );
  const purposes = new Map<string, Set<string>>();
  for (const { key, purpose } of stated) purposes.set(key, (purposes.get(key) ?? new Set()).add(purpose));
  return lookedAt(
    stated.map(({ host, file, key }): Judged => {
      const signsFor = [...(purposes.get(key) ?? [])];
      const flaw = signsFor.length > 1 ? `one authority for ${signsFor.join(', ')}` : undefined;
      return { host, file, line: undefined, flaw };
    }),
  );
}

/** Every key that signs tokens is one that every API server verifies tokens with. */
export function tokensAreAccepted(view: ClusterView): Looked {
  const signers = view.hosts.flatMap((host) =>
    [
      host.command('controllerManager')?.flag('service-account-private-key-file'),
      host.command('apiserver')?.flag('service-account-signing-key-file'),
    ].flatMap((flag) => {
      const key = flag === undefined ? undefined : host.publicKeyOf(flag.value);
      return flag === undefined || key === undefined ? [] : [{ host: host.name, file: flag.value, key }];
    }),
  );
  const judged = view.hosts.flatMap((host): Judged[] => {
    const flag = host.command('apiserver')?.flag('service-account-key-file');
    if (flag === undefined || signers.length === 0) return [];
    const paths = flag.value.split(',');
    const keys = paths.flatMap((path) => publicKeyIn(host, path) ?? []);
    // What cannot be read may hold the key that is asked for.
    if (keys.length < paths.length) return [];
    const unknown = signers.find(({ key }) => !keys.includes(key));
    const flaw = unknown && `is not the public key of ${unknown.file} on ${unknown.host}, which signs tokens`;
    return [{ host: host.name, file: paths[0], line: undefined, flaw }];
  });
  return lookedAt(judged);
}

/** A file for verifying tokens may hold a public key, a certificate or a private key. */
function publicKeyIn(host: HostView, path: string): string | undefined {
  const certificate = host.certificate(path);
  if (certificate !== undefined) return certificateKey(certificate);
  const own = host.publicKeyOf(path);
  if (own !== undefined) return own;
  const text = host.text(path);
  if (text?.includes('PUBLIC KEY-----') !== true) return undefined;
  try {
    return createPublicKey(text).export({ type: 'spki', format: 'der' }).toString('base64');
  } catch {
    // No key that anybody could read.
    return undefined;
  }
}

function heldCertificates(view: ClusterView, host: HostView) {
  return [
    ...certificateFiles(host),
    ...kubeconfigs(host).flatMap((place) => certificateIn(view, place) ?? []),
  ];
}

function certificateFlaws(
  view: ClusterView,
  flawOf: (notBefore: Date, notAfter: Date) => string | undefined,
): Looked {
  return lookedAt(
    view.hosts.flatMap((host) =>
      heldCertificates(view, host).map(({ certificate, file, line }): Judged => {
        const flaw = flawOf(certificate.notBefore, certificate.notAfter);
        return { host: host.name, file, line, flaw: flaw && `${posix.basename(file)} ${flaw}` };
      }),
    ),
  );
}

const day = (moment: Date) => moment.toISOString().slice(0, 10);

export function certificatesAreCurrent(view: ClusterView): Looked {
  const { now } = view.facts;
  return certificateFlaws(view, (notBefore, notAfter) => {
    if (notAfter < now) return `expired on ${day(notAfter)}`;
    return notBefore > now ? `is not valid before ${day(notBefore)}` : undefined;
  });
}

const dueDays = 30;

export function certificatesAreFresh(view: ClusterView): Looked {
  const { now } = view.facts;
  return certificateFlaws(view, (_notBefore, notAfter) => {
    const days = daysLeft(notAfter, now);
    return days >= 0 && days < dueDays ? `expires on ${day(notAfter)}` : undefined;
  });
}

const etcdUrlFlags = [
  'listen-client-urls',
  'advertise-client-urls',
  'listen-peer-urls',
  'initial-advertise-peer-urls',
  'initial-cluster',
] as const;

export function etcdUrlsAreEncrypted(view: ClusterView): Looked {
  return lookedAt(
    view.hosts.flatMap((host) => {
      const flags = [
        ...etcdUrlFlags.map((name) => host.etcdFlag(name)),
        host.command('apiserver')?.flag('etcd-servers'),
      ];
      return flags.flatMap((flag): Judged[] => {
        if (flag === undefined) return [];
        const urls = flag.value.split(',').map((item) => item.replace(/^[^=/]*=/, ''));
        const plain = urls.find((url) => url.startsWith('http://'));
        const flaw = plain && `--${flag.name} has ${plain}`;
        return [{ host: host.name, file: flag.file, line: flag.line, flaw }];
      });
    }),
  );
}

/** etcd asks for certificates once it is told whom to trust, or told to ask (pkg/transport, `ServerConfig`). */
const askingFlags = [
  ['clients', 'client-cert-auth', 'trusted-ca-file', 'cert-file'],
  ['peers', 'peer-client-cert-auth', 'peer-trusted-ca-file', 'peer-cert-file'],
] as const;

export function peersAreChecked(view: ClusterView): Looked {
  return lookedAt(
    view.hosts.flatMap((host) =>
      askingFlags.flatMap(([who, asks, trusts, certificate]): Judged[] => {
        const own = host.etcdFlag(certificate);
        if (own === undefined) return [];
        const isAsked = host.etcdFlag(asks)?.value === 'true' || host.etcdFlag(trusts) !== undefined;
        const flaw = isAsked
          ? undefined
          : `neither --${asks} nor --${trusts} is set: ${who} need no certificate`;
        return [{ host: host.name, file: own.file, line: own.line, flaw }];
      }),
    ),
  );
}

export function etcdPeersAreCovered(view: ClusterView): Looked {
  return lookedAt(
    view.hosts.flatMap((host): Judged[] => {
      const file = host.etcdFlag('peer-cert-file')?.value;
      const certificate = file === undefined ? undefined : host.certificate(file);
      if (file === undefined || certificate === undefined) return [];
      const urls = ['initial-advertise-peer-urls', 'listen-peer-urls'].flatMap(
        (name) => host.etcdFlag(name)?.value.split(',') ?? [],
      );
      const names = urls
        .filter((url) => url.startsWith('https://'))
        .flatMap((url) => dialled(url)?.name ?? []);
      const missing = [...new Set(names)].filter(
        (name) => !['0.0.0.0', '::'].includes(name) && !covers(certificate, name),
      );
      const flaw = missing.length === 0 ? undefined : `is not valid for ${missing.join(', ')}`;
      return [{ host: host.name, file, line: undefined, flaw }];
    }),
  );
}

/** The host's addresses, and its whole name where it has a domain. */
export function apiServersAreCovered(view: ClusterView): Looked {
  return lookedAt(
    view.hosts.flatMap((host): Judged[] => {
      const file = host.command('apiserver')?.flag('tls-cert-file')?.value;
      const certificate = file === undefined ? undefined : host.certificate(file);
      const { addresses, names } = host.bundle;
      const wanted = [...addresses, ...names.filter((name) => name.includes('.'))];
      if (file === undefined || certificate === undefined || wanted.length === 0) return [];
      const missing = wanted.filter((name) => !covers(certificate, name));
      const flaw = missing.length === 0 ? undefined : `is not valid for ${missing.join(', ')}`;
      return [{ host: host.name, file, line: undefined, flaw }];
    }),
  );
}

/** Authorities and the key of service accounts are for several hosts; whatever else signs or shows itself is for one. */
export function keysAreOfOneHost(view: ClusterView): Looked {
  const leaves = new Set(
    view.hosts.flatMap((host) =>
      heldCertificates(view, host).flatMap(({ certificate }) =>
        certificate.isAuthority ? [] : [certificateKey(certificate)],
      ),
    ),
  );
  const authorities = new Set(
    view.hosts.flatMap((host) =>
      certificateFiles(host).flatMap(({ certificate }) =>
        certificate.isAuthority ? [certificateKey(certificate)] : [],
      ),
    ),
  );
  const held = view.hosts.flatMap((host) =>
    keysOn(view, host)
      .filter(({ key }) => leaves.has(key) && !authorities.has(key))
      .map((one) => ({ ...one, host: host.name })),
  );
  const holders = new Map<string, Set<string>>();
  for (const { key, host } of held) holders.set(key, (holders.get(key) ?? new Set()).add(host));
  return lookedAt(
    held.map(({ host, file, key }): Judged => {
      const others = [...(holders.get(key) ?? [])].filter((one) => one !== host);
      const flaw =
        others.length === 0 ? undefined : `the key in ${posix.basename(file)} is on ${others.join(', ')} too`;
      return { host, file, line: undefined, flaw };
    }),
  );
}

/** Private keys in files and in kubeconfigs, by their public halves. */
function keysOn(view: ClusterView, host: HostView): { readonly key: string; readonly file: string }[] {
  const inFiles = keyFiles(host).map(({ publicKey, file }) => ({ key: publicKey, file }));
  const embedded = kubeconfigs(host).flatMap(({ path, document }) => {
    const key = view.keyOf(decoded(document.value, 'users', 0, 'user', 'client-key-data') ?? '');
    // A kubeconfig that names the files has the same key as these.
    const isNamed = textAt(document.value, 'users', 0, 'user', 'client-key') !== undefined;
    return key === undefined || isNamed ? [] : [{ key, file: path }];
  });
  return [...inFiles, ...embedded].filter(({ key }) => key !== '');
}

export function administratorsStayOnControlPlanes(view: ClusterView): Looked {
  const nodes = view.hosts.filter(({ bundle }) => !bundle.roles.includes('control-plane'));
  const judged = nodes.flatMap((host) => {
    const keys = new Set(keysOn(view, host).map(({ key }) => key));
    const certificates = heldCertificates(view, host).map(({ certificate, file, line }): Judged => {
      const { organizations } = subjectOf(certificate);
      const isHeld = organizations.includes('system:masters') && keys.has(certificateKey(certificate));
      return {
        host: host.name,
        file,
        line,
        flaw: isHeld ? `${posix.basename(file)} is of system:masters` : undefined,
      };
    });
    return certificates;
  });
  return lookedAt(judged);
}

/** Flags of certificates, and of their keys. */
const pairFlags: readonly (readonly [
  get: (host: HostView, name: string) => Flag | undefined,
  certificate: string,
  key: string,
])[] = [
  [ofServer, 'tls-cert-file', 'tls-private-key-file'],
  [ofServer, 'etcd-certfile', 'etcd-keyfile'],
  [ofServer, 'kubelet-client-certificate', 'kubelet-client-key'],
  [ofServer, 'proxy-client-cert-file', 'proxy-client-key-file'],
  [(host, name) => host.etcdFlag(name), 'cert-file', 'key-file'],
  [(host, name) => host.etcdFlag(name), 'peer-cert-file', 'peer-key-file'],
  [(host, name) => host.command('kubelet')?.flag(name), 'tls-cert-file', 'tls-private-key-file'],
];

function ofServer(host: HostView, name: string): Flag | undefined {
  return host.command('apiserver')?.flag(name);
}

export function pairsMatch(view: ClusterView): Looked {
  return lookedAt(
    view.hosts.flatMap((host) => [
      ...pairFlags.flatMap(([get, certificateFlag, keyFlag]): Judged[] => {
        const [certificatePath, keyPath] = [get(host, certificateFlag)?.value, get(host, keyFlag)?.value];
        const certificate = certificatePath === undefined ? undefined : host.certificate(certificatePath);
        const key = keyPath === undefined ? undefined : host.publicKeyOf(keyPath);
        if (certificate === undefined || key === undefined) return [];
        const flaw = key === certificateKey(certificate) ? undefined : `is not the key of ${certificatePath}`;
        return [{ host: host.name, file: keyPath, line: undefined, flaw }];
      }),
      ...kubeconfigs(host).flatMap((place): Judged[] => {
        const held = certificateIn(view, place);
        const key = view.keyOf(decoded(place.document.value, 'users', 0, 'user', 'client-key-data') ?? '');
        if (held === undefined || key === undefined) return [];
        const flaw =
          key === certificateKey(held.certificate)
            ? undefined
            : 'the key inside is not that of the certificate';
        return [{ host: host.name, file: place.path, line: held.line, flaw }];
      }),
    ]),
  );
}
