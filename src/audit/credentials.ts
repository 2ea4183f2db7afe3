/**
 * Certificates, keys and kubeconfigs of a host, found by what daemons are told to use and by what
 * keys are, not by where files usually lie.
 */
import { type Certificate, sha256 } from '../pki/certificate.ts';
import { subjectOf } from '../verify/certificates.ts';
import { textAt } from '../verify/read-yaml.ts';
import { type ClusterView, certificateKey, decoded, type HostView, type YamlPlace } from '../verify/view.ts';
import { configDocument, flagOf } from './scope.ts';

export interface HeldCertificate {
  readonly certificate: Certificate;
  readonly file: string;
  readonly line?: number | undefined;
}

export interface HeldKey {
  /** The SubjectPublicKeyInfo, to compare keys by. */
  readonly publicKey: string;
  readonly file: string;
}

const beginsKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const beginsCertificate = '-----BEGIN CERTIFICATE-----';

/** Files that hold a private key of their own; kubeconfigs are not among them. */
export function keyFiles(host: HostView): HeldKey[] {
  return host.bundle.files.flatMap(({ path }) => {
    const text = host.text(path) ?? '';
    if (!beginsKey.test(text)) return [];
    return [{ publicKey: host.publicKeyOf(path) ?? '', file: path }];
  });
}

/** Files that hold a certificate. */
export function certificateFiles(host: HostView): HeldCertificate[] {
  return host.bundle.files.flatMap(({ path }) => {
    const certificate = (host.text(path) ?? '').startsWith(beginsCertificate)
      ? host.certificate(path)
      : undefined;
    return certificate === undefined ? [] : [{ certificate, file: path }];
  });
}

/** Kubeconfigs. */
export function kubeconfigs(host: HostView): readonly YamlPlace[] {
  return host.ofKind('Config');
}

const user = ['users', 0, 'user'] as const;

/** The client certificate inside a kubeconfig. */
export function certificateIn(view: ClusterView, { path, document }: YamlPlace): HeldCertificate | undefined {
  const pem = decoded(document.value, ...user, 'client-certificate-data');
  const certificate = pem === undefined ? undefined : view.parse(pem);
  const line = document.lineOf([...user, 'client-certificate-data']);
  return certificate === undefined ? undefined : { certificate, file: path, line };
}

/** The token inside a kubeconfig. */
export function tokenIn({ document }: YamlPlace): string | undefined {
  return textAt(document.value, ...user, 'token');
}

/** Flags that name certificates, keys and kubeconfigs, by the names that checks have for them. */
const certificateFlags: Readonly<Record<string, readonly [component: string, flag: string]>> = {
  apiserver: ['kube-apiserver', '--tls-cert-file'],
  'apiserver-etcd-client': ['kube-apiserver', '--etcd-certfile'],
  'apiserver-kubelet-client': ['kube-apiserver', '--kubelet-client-certificate'],
  'front-proxy-client': ['kube-apiserver', '--proxy-client-cert-file'],
  'etcd-server': ['etcd', '--cert-file'],
  'etcd-peer': ['etcd', '--peer-cert-file'],
};

const authorityFlags: Readonly<Record<string, readonly (readonly [component: string, flag: string])[]>> = {
  'cluster-ca': [['kube-apiserver', '--client-ca-file']],
  'etcd-ca': [
    ['etcd', '--trusted-ca-file'],
    ['kube-apiserver', '--etcd-cafile'],
  ],
  'front-proxy-ca': [['kube-apiserver', '--requestheader-client-ca-file']],
};

const servers: readonly string[] = ['apiserver', 'etcd-server', 'etcd-peer', 'kubelet-serving'];

/** The file that a kubeconfig's daemon names, by the daemon; a kubelet's is made on the host when it bootstraps. */
function daemonKubeconfigs(host: HostView): Readonly<Record<string, readonly (string | undefined)[]>> {
  const proxy = configDocument(host, 'KubeProxyConfiguration').place;
  const flag = (component: string, name: string) => flagOf(host, component, name).value;
  return {
    scheduler: [flag('kube-scheduler', '--kubeconfig')],
    'controller-manager': [flag('kube-controller-manager', '--kubeconfig')],
    'kube-proxy': [
      textAt(proxy?.document.value, 'clientConnection', 'kubeconfig'),
      flag('kube-proxy', '--kubeconfig'),
    ],
    kubelet: [flag('kubelet', '--kubeconfig'), flag('kubelet', '--bootstrap-kubeconfig')],
  };
}

/** Kubeconfigs by the name that checks have: a daemon's, `admin` for those of no daemon or of an administrator, `*`. */
export function kubeconfigsNamed(view: ClusterView, host: HostView, name: string): YamlPlace[] {
  const all = [...kubeconfigs(host)];
  if (name === '*') return all;
  const byDaemon = daemonKubeconfigs(host);
  if (name !== 'admin') return all.filter(({ path }) => byDaemon[name]?.includes(path));
  const ofDaemons = new Set(Object.values(byDaemon).flat());
  return all.filter((place) => !ofDaemons.has(place.path) || isAdministrator(view, place));
}

function isAdministrator(view: ClusterView, place: YamlPlace): boolean {
  const held = certificateIn(view, place);
  return held !== undefined && subjectOf(held.certificate).organizations.includes('system:masters');
}

/** Certificates by the name that checks have, `CLASS` or `CLASS:*`. */
export function certificatesNamed(view: ClusterView, host: HostView, name: string): HeldCertificate[] {
  const inFiles = certificateFiles(host);
  const inKubeconfigs = kubeconfigs(host).flatMap((place) => certificateIn(view, place) ?? []);
  const all = [...inFiles, ...inKubeconfigs];
  const leaves = all.filter(({ certificate }) => !certificate.isAuthority);
  const serving = servers.flatMap((server) => oneNamed(view, host, server));
  const isServing = ({ file }: HeldCertificate) => serving.some((one) => one.file === file);
  switch (name) {
    case '*':
      return all;
    case 'leaf:*':
      return leaves;
    case 'ca:*':
      return all.filter(({ certificate }) => certificate.isAuthority);
    case 'server:*':
      return serving;
    case 'client:*':
      return leaves.filter((one) => !isServing(one));
    case 'client:component:*': {
      const admins = kubeconfigsNamed(view, host, 'admin').map(({ path }) => path);
      const referenced = new Set(Object.values(daemonKubeconfigs(host)).flat());
      return leaves.filter(
        (one) => !isServing(one) && (referenced.has(one.file) || !admins.includes(one.file)),
      );
    }
    default:
      return oneNamed(view, host, name);
  }
}

function oneNamed(view: ClusterView, host: HostView, name: string): HeldCertificate[] {
  if (name === 'admin' || name === 'kubelet-client') {
    const places = kubeconfigsNamed(view, host, name === 'admin' ? 'admin' : 'kubelet');
    return places.flatMap((place) => certificateIn(view, place) ?? []);
  }
  const path = certificatePath(host, name);
  const certificate = path === undefined ? undefined : host.certificate(path);
  return path === undefined || certificate === undefined ? [] : [{ certificate, file: path }];
}

function certificatePath(host: HostView, name: string): string | undefined {
  if (name === 'kubelet-serving')
    return textAt(configDocument(host, 'KubeletConfiguration').place?.document.value, 'tlsCertFile');
  const row = certificateFlags[name];
  if (row === undefined) throw new Error(`no such certificate: ${name}`);
  return flagOf(host, ...row).value;
}

/** The authority whose certificate those who are shown a certificate are configured with. */
const trustedBy: Readonly<Record<string, string>> = {
  apiserver: 'cluster-ca',
  'apiserver-kubelet-client': 'cluster-ca',
  'kubelet-serving': 'cluster-ca',
  'apiserver-etcd-client': 'etcd-ca',
  'etcd-server': 'etcd-ca',
  'etcd-peer': 'etcd-ca',
  'front-proxy-client': 'front-proxy-ca',
};

/** The public keys that may have signed a certificate; those of all authorities for one that nothing names. */
export function trustedKeys(
  view: ClusterView,
  host: HostView,
  { file }: HeldCertificate,
): ReadonlySet<string> {
  const isOfKubeconfig = kubeconfigs(host).some(({ path }) => path === file);
  const name = Object.keys(trustedBy).find((one) => certificatePath(host, one) === file);
  const authority = isOfKubeconfig ? 'cluster-ca' : name && trustedBy[name];
  if (authority !== undefined) return publicKeysNamed(view, `key:${authority}`);
  return new Set(authoritiesOf(view).map(certificateKey));
}

const publicKeys = new WeakMap<ClusterView, Map<string, ReadonlySet<string>>>();

/** The public keys that go by a name in the whole cluster: `key:cluster-ca`, `key:service-account`, `cert:apiserver`. */
export function publicKeysNamed(view: ClusterView, name: string): ReadonlySet<string> {
  const known = publicKeys.get(view) ?? new Map<string, ReadonlySet<string>>();
  publicKeys.set(view, known);
  const keys = known.get(name) ?? new Set(view.hosts.flatMap((host) => keysOn(view, host, name)));
  known.set(name, keys);
  return keys;
}

function keysOn(view: ClusterView, host: HostView, name: string): string[] {
  const [kind, what = ''] = name.split(':');
  if (kind === 'cert')
    return oneNamed(view, host, what).map(({ certificate }) => certificateKey(certificate));
  if (what === 'service-account') {
    const paths = [
      flagOf(host, 'kube-controller-manager', '--service-account-private-key-file').value,
      flagOf(host, 'kube-apiserver', '--service-account-signing-key-file').value,
    ];
    return paths.flatMap((path) => (path === undefined ? [] : (host.publicKeyOf(path) ?? [])));
  }
  const authority = authorityFlags[what];
  if (authority === undefined)
    return oneNamed(view, host, what).map(({ certificate }) => certificateKey(certificate));
  return authority.flatMap((row) => {
    const { value: path } = flagOf(host, ...row);
    const certificate = path === undefined ? undefined : host.certificate(path);
    return certificate === undefined ? [] : [certificateKey(certificate)];
  });
}

/** Private keys of a host by the name that checks have; `*` for all. Those of kubeconfigs are for `kubelet-client` only. */
export function keysNamed(view: ClusterView, host: HostView, name: string): HeldKey[] {
  if (name === '*') return keyFiles(host);
  if (name === 'kubelet-client') {
    return kubeconfigsNamed(view, host, 'kubelet').flatMap(({ path, document }) => {
      const publicKey = view.keyOf(decoded(document.value, ...user, 'client-key-data') ?? '');
      return publicKey === undefined ? [] : [{ publicKey, file: path }];
    });
  }
  const wanted = publicKeysNamed(view, `key:${name}`);
  return keyFiles(host).filter(({ publicKey }) => wanted.has(publicKey));
}

/** The authorities of a cluster: certificates that may sign others, one for each key. */
export function authoritiesOf(view: ClusterView): readonly Certificate[] {
  const known = authorities.get(view);
  if (known !== undefined) return known;
  const all = view.hosts.flatMap((host) => [
    ...certificateFiles(host).map(({ certificate }) => certificate),
    ...kubeconfigs(host).flatMap(
      ({ document }) =>
        view.parse(decoded(document.value, 'clusters', 0, 'cluster', 'certificate-authority-data') ?? '') ??
        [],
    ),
  ]);
  const found = [
    ...new Map(all.filter(({ isAuthority }) => isAuthority).map((one) => [sha256(one.der), one])).values(),
  ];
  authorities.set(view, found);
  return found;
}

const authorities = new WeakMap<ClusterView, readonly Certificate[]>();
