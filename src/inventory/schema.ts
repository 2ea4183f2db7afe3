/**
 * Every key of an inventory: its type, its default, its meaning. TypeScript types,
 * the checks of decode.ts, hints for mistyped keys and the JSON Schema all come
 * from this table; to add a key is to add a row (and what normalize.ts makes of it).
 */

import { newestVersion } from '../catalog/releases.ts';
import type { DiagnosticCode } from '../diagnostics/codes.ts';
import {
  architectures,
  binarySources,
  bootstrapMethods,
  endpointModes,
  flannelBackends,
  keyAlgorithms,
  podSecurityLevels,
  proxyModes,
  roleNames,
  runtimeTypes,
} from '../model/cluster.ts';
import {
  anyText,
  anything,
  boolean,
  choice,
  computed,
  integer,
  key,
  list,
  map,
  oneOrTwo,
  optional,
  record,
  required,
  switchable,
  text,
  type Written,
} from './types.ts';

export const apiVersion = 'hardway/v1';

/** Schedulers that IPVS has had since Linux 4.15 (net/netfilter/ipvs); each is the module ip_vs_NAME. */
export const ipvsSchedulers = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'fo',
  'ovf',
  'lblc',
  'lblcr',
  'sh',
  'dh',
  'sed',
  'nq',
] as const;

/** Prefix length of a node's slice of pod addresses, by address family. */
export const defaultMaskSize = { ipv4: 24, ipv6: 64 } as const;

/** CRI sockets by runtime; dockershim's is the kubelet's own. */
export const defaultSockets = {
  containerd: '/run/containerd/containerd.sock',
  dockershim: '/var/run/dockershim.sock',
  criDockerd: '/run/cri-dockerd.sock',
} as const;

const port = integer(1, 65_535);

/** X.509 ends in the year 9999, but no machine lives for a hundred years. */
const longestValidityDays = 36_500;

/** Keys that somebody will try and that must never exist, with the reason. */
export const refusedKeys: Readonly<
  Record<string, { readonly code: DiagnosticCode; readonly message: string; readonly fix: string }>
> = {
  'pki.subject.O': {
    code: 'organization-refused',
    message: 'the subject has no "O": Kubernetes reads the organization of a client certificate as its group',
    fix: 'write "OU", which Kubernetes ignores',
  },
  'pki.subject.CN': {
    code: 'organization-refused',
    message: 'the subject has no "CN": Kubernetes reads the common name of a client certificate as its user',
    fix: 'write "OU", which Kubernetes ignores',
  },
};

export const clusterKeys = {
  name: key(text('clusterName'), 'kubernetes', 'Name of the cluster in kubeconfigs and file names'),
  domain: optional(text('dnsName'), "Domain of the hosts; a host's FQDN is NAME.DOMAIN"),
  dnsDomain: key(text('dnsName'), 'cluster.local', 'DNS domain of services'),
};

export const kubernetesKeys = {
  version: key(
    text('version'),
    newestVersion(),
    '1.20.2, v1.20.2 or "1.20" (the newest known patch of that minor); a minor alone needs quotes',
  ),
  logLevel: key(integer(0, 10), 2, 'Verbosity of the logs (klog)'),
  featureGates: key(record('featureGate', boolean), {}, 'Feature gates for all components that know them'),
};

export const proxyModeKeys = {
  mode: computed(
    choice(proxyModes),
    'ipvs below 1.33, nftables from 1.33',
    'How kube-proxy forwards services',
  ),
  ipvsScheduler: key(choice(ipvsSchedulers), 'rr', 'Scheduler of IPVS; its kernel module is loaded too'),
};

export const networkKeys = {
  serviceCIDR: key(
    oneOrTwo(text('cidr')),
    '10.96.0.0/12',
    'Network of services, one CIDR or [IPv4, IPv6]; address 1 is the API service, address 10 cluster DNS',
  ),
  podCIDR: key(oneOrTwo(text('cidr')), '10.244.0.0/16', 'Network of pods, one CIDR or [IPv4, IPv6]'),
  nodeCIDRMaskSize: computed(
    integer(1, 128),
    '24, 64 for IPv6',
    'Prefix length of the slice of pod addresses that each node gets',
  ),
  nodePortRange: key(text('portRange'), '30000-32767', 'Ports for services of type NodePort'),
  clusterDNS: computed(oneOrTwo(text('address')), 'address 10 of serviceCIDR', 'Address of the DNS service'),
  proxy: key(map(proxyModeKeys), {}, 'kube-proxy'),
};

export const endpointKeys = {
  host: computed(
    text('endpointHost'),
    'vip; without one, the address of the first control plane or, in mode haproxy, load balancer',
    "What kubelets, kube-proxies and kubectl dial; in the API server's certificate",
  ),
  port: key(port, 6443, 'Port of the endpoint'),
  mode: key(
    choice(endpointModes),
    'hosts',
    'hosts: the name is written to /etc/hosts; external: a load balancer or DNS that others keep; keepalived: a floating address on the control planes; haproxy: haproxy and keepalived on the load-balancer hosts; node-local: each host balances for itself',
  ),
  vip: optional(
    text('address'),
    'Floating address, for keepalived and haproxy; in the network of the hosts, and of no host',
  ),
  interface: computed(
    text('interface'),
    "the one that has the host's address",
    'Network interface of the floating address',
  ),
  virtualRouterId: computed(
    integer(1, 255),
    'last byte of vip',
    'VRRP router id, unique in its network segment',
  ),
};

export const externalEtcdKeys = {
  endpoints: required(list(text('url'), { min: 1, max: 100 }), 'Client URLs'),
  caFile: required(text('localFile'), 'CA certificate of the cluster, a file on this machine'),
  certFile: required(text('localFile'), 'Client certificate, a file on this machine'),
  keyFile: required(text('localFile'), 'Key of the client certificate, a file on this machine'),
};

export const etcdBackupKeys = {
  schedule: key(text('calendar'), '*-*-* 02:00:00', 'When to snapshot (OnCalendar of systemd.time(7))'),
  keep: key(integer(1, 10_000), 7, 'How many snapshots are kept'),
  dir: key(text('absolutePath'), '/var/backups/etcd', 'Folder of the snapshots'),
};

export const etcdKeys = {
  version: computed(text('etcdVersion'), 'matched to the Kubernetes version', 'Version of etcd'),
  dataDir: key(text('absolutePath'), '/var/lib/etcd/k8s-etcd', 'Folder of the database'),
  clusterToken: key(
    text('clusterToken'),
    'k8s-etcd-cluster',
    'Name that tells this etcd cluster from others at bootstrap',
  ),
  env: key(record('envName', anyText('flagValue')), {}, 'Further ETCD_ variables'),
  external: optional(map(externalEtcdKeys), 'An etcd cluster that others keep'),
  backup: optional(map(etcdBackupKeys), 'A systemd timer that snapshots the database'),
};

export const subjectKeys = {
  C: optional(text('country'), 'Country, two letters'),
  ST: optional(text('subjectText'), 'State or province'),
  L: optional(text('subjectText'), 'Locality'),
  OU: optional(text('subjectText'), 'Organizational unit'),
};

export const pkiKeys = {
  keyAlgorithm: key(choice(keyAlgorithms), 'ecdsa-p256', 'Algorithm of all keys'),
  caValidityDays: key(integer(1, longestValidityDays), 3650, 'Validity of the authorities in days'),
  certValidityDays: key(integer(1, longestValidityDays), 365, 'Validity of the other certificates in days'),
  renewBeforeDays: key(
    integer(0, longestValidityDays),
    30,
    'A certificate is due this many days before it expires',
  ),
  subject: key(
    map(subjectKeys),
    {},
    'Attributes of every subject; never O, which Kubernetes reads as a group',
  ),
  extraSANs: key(
    list(text('subjectAltName'), { max: 1000 }),
    [],
    "Further names and addresses in the API server's certificate",
  ),
};

export const bootstrapKeys = {
  method: key(
    choice(bootstrapMethods),
    'token-secret',
    'How kubelets get their identity; token-file: a token.csv; token-secret: a Secret that expires; signed: a certificate made at render time',
  ),
  tokenTTL: key(
    text('duration'),
    '24h',
    'Lifetime of the token of token-secret, such as 24h, 90m or 7d, from the moment a control plane creates the Secret',
  ),
};

export const runtimeProxyKeys = {
  http: optional(text('url'), 'Proxy for http://'),
  https: optional(text('url'), 'Proxy for https://'),
  noProxy: key(
    list(text('noProxyEntry'), { max: 1000 }),
    [],
    "Names and networks to reach directly; the cluster's own are added",
  ),
};

export const runtimeKeys = {
  type: key(choice(runtimeTypes), 'containerd', 'Container runtime; external: already there, see socket'),
  socket: computed(
    text('socketPath'),
    '/run/containerd/containerd.sock; for docker /var/run/dockershim.sock, /run/cri-dockerd.sock from 1.24',
    'CRI socket; required when type is external',
  ),
  cgroupDriver: key(
    choice(['systemd', 'cgroupfs'] as const),
    'systemd',
    'Cgroup driver of the runtime and the kubelet',
  ),
  sandboxImage: computed(
    text('image'),
    'matched to the Kubernetes version',
    'Image of the pod sandbox (pause)',
  ),
  registryMirrors: key(
    record('registry', list(text('url'), { min: 1, max: 100 })),
    {},
    'Mirrors to pull from, by registry',
  ),
  proxy: optional(map(runtimeProxyKeys), 'HTTP(S) proxy for image pulls'),
};

export const securityKeys = {
  encryptionAtRest: key(boolean, true, 'Encrypt Secrets in etcd'),
  audit: key(boolean, true, 'Write an audit log, with a policy'),
  podSecurity: key(
    choice(podSecurityLevels),
    'baseline',
    'What pods may ask for where no label of their namespace says otherwise: baseline refuses host networks, host folders and privileged containers outside kube-system; privileged refuses nothing',
  ),
};

export const waiverKeys = {
  check: required(text('checkId'), 'Id of the check, as `hardway audit` prints it'),
  hosts: key(
    list(text('hostName'), { max: 10_000 }),
    [],
    'Names of the hosts it is for; none stands for all',
  ),
  reason: required(text('sentence'), 'Why the check may fail'),
  expires: required(text('date'), 'Last day on which it counts, such as 2027-06-30'),
};

export const auditKeys = {
  waivers: key(list(map(waiverKeys), { max: 1000 }), [], 'Hardening checks that may fail for some time'),
};

const args = key(
  record(undefined, anyText('flagValue', { takesNull: true })),
  {},
  'Flags added or overridden, without the leading dashes; null removes one',
);
const config = key(record(undefined, anything), {}, "Fields merged into the component's configuration file");

export const componentsType = map({
  apiserver: key(map({ args }), {}, 'kube-apiserver'),
  controllerManager: key(map({ args }), {}, 'kube-controller-manager'),
  scheduler: key(map({ args }), {}, 'kube-scheduler'),
  kubelet: key(map({ args, config }), {}, 'kubelet'),
  proxy: key(map({ args, config }), {}, 'kube-proxy'),
});

export const binariesKeys = {
  source: key(
    choice(binarySources),
    'host',
    'host: the binaries are there already; bundle: packed beside the bundles; download: install.sh fetches them; see docs/binaries.md',
  ),
  dir: key(text('absolutePath'), '/usr/local/bin', 'Folder of the binaries on the hosts'),
  mirror: optional(
    text('url'),
    'Where binaries fetch and install.sh get the official files, instead of where they are published; below it a file keeps host and path. Sums never come from there',
  ),
};

export const flannelKeys = {
  backend: key(
    choice(flannelBackends),
    'vxlan',
    'vxlan: packets of pods travel inside UDP; host-gw: by plain routes, where all nodes share one network segment',
  ),
  directRouting: key(boolean, true, 'For vxlan: plain routes between nodes of one network segment'),
};

export const addonsKeys = {
  coredns: key(boolean, true, 'Apply CoreDNS'),
  flannel: key(switchable(map(flannelKeys)), true, 'Apply flannel; with settings, a map of them'),
  extra: key(
    list(text('localFile'), { max: 100 }),
    [],
    'Manifests of your own, files on this machine, applied in this order after the others',
  ),
};

export const sshType = map({
  user: computed(text('userName'), "the ssh client's own", 'User to log in as'),
  port: computed(port, "the ssh client's own", 'Port of the ssh daemon'),
  identityFile: computed(
    text('localFile'),
    "the ssh client's own",
    'Private key to log in with, a file on this machine',
  ),
  become: computed(boolean, 'true unless user is root', 'Whether to run install.sh through sudo'),
});

/** What a role or a host may set of its own. */
const sharedHostKeys = {
  labels: key(record('labelKey', anyText('labelValue')), {}, 'Labels of the node'),
  taints: key(list(text('taint'), { max: 1000 }), [], 'Taints of the node: key=value:effect'),
  ssh: key(sshType, {}, 'How deploy logs in'),
  components: key(componentsType, {}, 'Flags and configuration of components'),
};

export const hostKeys = {
  name: required(text('hostName'), 'Name of the host and of its node (RFC 1123 label)'),
  address: optional(text('address'), 'Address at which other hosts reach this one'),
  addresses: optional(
    list(text('address'), { min: 1, max: 16 }),
    'Several addresses, such as [IPv4, IPv6], instead of address',
  ),
  roles: required(list(choice(roleNames), { min: 1, max: 16 }), 'What runs here'),
  arch: key(choice(architectures), 'amd64', 'CPU architecture'),
  ...sharedHostKeys,
};

const roleDefaultsType = map(sharedHostKeys);

export const roleDefaultsKeys = {
  etcd: key(roleDefaultsType, {}, 'For every host with the role etcd'),
  'control-plane': key(roleDefaultsType, {}, 'For every host with the role control-plane'),
  worker: key(roleDefaultsType, {}, 'For every host with the role worker'),
  'load-balancer': key(roleDefaultsType, {}, 'For every host with the role load-balancer'),
};

export const inventoryType = map({
  apiVersion: required(choice([apiVersion] as const), 'Version of the inventory format'),
  cluster: key(map(clusterKeys), {}, 'Names'),
  kubernetes: key(map(kubernetesKeys), {}, 'Version and settings of all components'),
  network: key(map(networkKeys), {}, 'Networks of services and pods'),
  endpoint: key(map(endpointKeys), {}, 'How the API is reached'),
  etcd: key(map(etcdKeys), {}, 'The database'),
  pki: key(map(pkiKeys), {}, 'Keys and certificates'),
  bootstrap: key(map(bootstrapKeys), {}, 'How hosts join'),
  runtime: key(map(runtimeKeys), {}, 'Container runtime'),
  security: key(map(securityKeys), {}, 'Hardening'),
  audit: key(map(auditKeys), {}, 'What `hardway audit` lets pass'),
  components: key(componentsType, {}, 'Flags and configuration of components on all hosts'),
  binaries: key(map(binariesKeys), {}, 'Where the binaries come from'),
  addons: key(map(addonsKeys), {}, 'Manifests applied once the API answers'),
  hostsFile: key(map({ manage: key(boolean, true, 'Keep a marked block in /etc/hosts') }), {}, '/etc/hosts'),
  ssh: key(sshType, {}, 'How deploy logs in, on all hosts'),
  roleDefaults: key(map(roleDefaultsKeys), {}, "Settings for every host of a role; a host's own win"),
  hosts: required(list(map(hostKeys), { min: 1, max: 10_000 }), 'The machines'),
});

/** An inventory as decoded, before defaults: what is absent or wrong is undefined. */
export type WrittenInventory = Written<typeof inventoryType>;
export type WrittenHost = Written<ReturnType<typeof map<typeof hostKeys>>>;
export type WrittenComponents = Written<typeof componentsType>;
export type WrittenWaiver = Written<ReturnType<typeof map<typeof waiverKeys>>>;
