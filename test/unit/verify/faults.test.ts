/** Every check can fail: single faults in good bundles, each found in the right place by the right check. */
import { describe, expect, test } from 'vitest';
import { checks, verifyCluster } from '../../../src/verify/verify.ts';
import { viewOf } from '../../../src/verify/view.ts';
import type { Bundles } from '../../support/bundles.ts';
import {
  type Change,
  clusters,
  type Good,
  ofOther,
  ownedBy,
  reissued,
  replaced,
  text,
  withChange,
  withFile,
  withMode,
  without,
} from './faulty.ts';

const env = '/etc/kubernetes';
const pki = '/etc/kubernetes/pki';
const auth = '/etc/kubernetes/auth';
const units = '/etc/systemd/system';
const etcd = '/etc/default/etcd';
const kubelet = '/var/lib/kubelet/config.yaml';
const proxy = '/var/lib/kube-proxy/config.yaml';
const addons = '/etc/kubernetes/addons';

interface Fault {
  readonly fault: string;
  readonly cluster?: keyof typeof clusters;
  readonly host: string;
  readonly file: string;
  readonly change: Change;
  readonly check: string;
  /** Where it must be found, when that is another file than the one that was changed. */
  readonly foundIn?: string;
  readonly foundOn?: string;
  /** What stands in the line that is found; undefined where the whole file is meant. */
  readonly line?: RegExp;
}

/** One more flag in the last variable of an environment file. */
const flag = (word: string): Change => text((before) => before.replace(/"\s*$/, ` \\\n    ${word}"\n`));

const faults: readonly Fault[] = [
  // whole bundles, and who hosts are
  {
    fault: 'a file that the role needs is lost',
    host: 'w2',
    file: proxy,
    change: without,
    check: 'files-complete',
  },
  {
    fault: 'all may write a script',
    host: 'm1',
    file: '/usr/local/sbin/hardway-apply-addons',
    change: withMode(0o777),
    check: 'modes-right',
  },
  {
    fault: 'a timer without its service',
    cluster: 'floating',
    host: 'm1',
    file: `${units}/hardway-etcd-backup.service`,
    change: without,
    check: 'timers-have-services',
    foundIn: `${units}/hardway-etcd-backup.timer`,
  },
  {
    fault: 'clients of etcd need no certificate',
    host: 'm1',
    file: etcd,
    change: replaced('ETCD_CLIENT_CERT_AUTH="true"', 'ETCD_CLIENT_CERT_AUTH="false"'),
    check: 'etcd-complete',
    line: /CLIENT_CERT_AUTH/,
  },
  {
    fault: 'a flag that other files depend on is another file of the bundle',
    host: 'm1',
    file: `${env}/apiserver`,
    change: replaced(
      '--client-ca-file=/etc/kubernetes/pki/ca.crt',
      '--client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt',
    ),
    check: 'flags-complete',
    line: /--client-ca-file/,
  },
  {
    fault: 'a kubelet has the name of another host',
    host: 'w1',
    file: `${env}/kubelet`,
    change: replaced('--hostname-override=w1', '--hostname-override=w2'),
    check: 'names-own',
    line: /hostname-override/,
  },
  {
    fault: 'a kubelet has the address of another host',
    host: 'w1',
    file: `${env}/kubelet`,
    change: replaced('--node-ip=192.0.2.4', '--node-ip=192.0.2.5'),
    check: 'names-own',
    line: /node-ip/,
  },
  {
    fault: 'a host name leads to another host',
    host: 'm1',
    file: '/etc/hosts',
    change: replaced('192.0.2.5 w2', '192.0.2.4 w2'),
    check: 'hosts-files-right',
    line: /w2/,
  },
  // endpoint modes
  ...(
    [
      ['a balancer lacks a control plane', / +server m3 .*\n/, '', /server m2/],
      ['a balancer dials another port', '192.0.2.2:6443', '192.0.2.2:6444', /:6444/],
      ['a balancer dials another host', '192.0.2.2:6443', '192.0.2.1:6443', /server m2/],
      ['a balancer trusts everybody', 'verify required', 'verify none', /verify none/],
      ['a balancer asks for another name', 'verifyhost m2', 'verifyhost m9', /m9/],
      ['a balancer knows a stranger', 'server m2', 'server m9', /server m9/],
      ['a balancer listens elsewhere', 'bind 127.0.0.1:6443', 'bind 127.0.0.1:7443', /bind/],
    ] as const
  ).map(([fault, from, to, line]) => ({
    fault,
    cluster: 'balanced' as const,
    host: 'w2',
    file: '/etc/kubernetes/api-balancer.cfg',
    change: replaced(from, to),
    check: 'balancers-know-api-servers',
    line,
  })),
  ...(
    [
      ['another router id', /virtual_router_id \d+/, 'virtual_router_id 9', /virtual_router_id/],
      ['another version of VRRP', 'vrrp_version 3', 'vrrp_version 2', /vrrp_version/],
      ['another floating address', /192\.0\.2\.100(?=\S*\n)/, '192.0.2.101', /192\.0\.2\.101/],
      ['a peer that shares nothing', '        192.0.2.1\n', '        192.0.2.5\n', /192\.0\.2\.5/],
      ['a peer is unknown', '        192.0.2.1\n', '', /192\.0\.2\.2/],
      ['another source', /unicast_src_ip \S+/, 'unicast_src_ip 192.0.2.1', /unicast_src_ip/],
    ] as const
  ).map(([fault, from, to, line]) => ({
    fault: `floating address: ${fault}`,
    cluster: 'floating' as const,
    host: 'm3',
    file: '/etc/keepalived/keepalived.conf',
    change: replaced(from, to),
    check: 'floating-addresses-agree',
    line,
  })),
  // paths
  {
    fault: 'a file that a flag names is missing',
    host: 'm2',
    file: `${pki}/front-proxy-ca.crt`,
    change: without,
    check: 'paths-exist',
    foundIn: `${env}/apiserver`,
    line: /requestheader-client-ca-file/,
  },
  {
    fault: 'the audit policy is missing',
    host: 'm1',
    file: `${env}/audit-policy.yaml`,
    change: without,
    check: 'paths-exist',
    foundIn: `${env}/apiserver`,
    line: /audit-policy-file/,
  },
  {
    fault: 'a unit reads another environment file',
    host: 'w1',
    file: `${units}/kubelet.service`,
    change: replaced('kubernetes/kubelet\n', 'kubernetes/kublet\n'),
    check: 'paths-exist',
    line: /kublet/,
  },
  {
    fault: 'a unit starts another program',
    host: 'm1',
    file: `${units}/kube-apiserver.service`,
    change: replaced('bin/kube-apiserver', 'bin/kube-api'),
    check: 'paths-exist',
    line: /kube-api /,
  },
  {
    fault: 'a sandbox opens another folder',
    host: 'm1',
    file: `${units}/kube-apiserver.service`,
    change: replaced('/var/log/kubernetes/audit', '/var/log/audits/kubernetes'),
    check: 'paths-exist',
    line: /ReadWritePaths/,
  },
  {
    fault: 'a field names a file that is missing',
    host: 'w1',
    file: kubelet,
    change: replaced('pki/ca.crt', 'pki/client-ca.crt'),
    check: 'paths-exist',
    line: /clientCAFile/,
  },
  {
    fault: 'a variable of etcd names a file that is missing',
    host: 'm3',
    file: etcd,
    change: replaced('pki/peer.crt', 'pki/peers.crt'),
    check: 'paths-exist',
    line: /PEER_CERT_FILE/,
  },
  {
    fault: 'the runtime looks for plugins elsewhere',
    host: 'w2',
    file: '/etc/containerd/config.toml',
    change: replaced('/opt/cni/bin', '/opt/plugins'),
    check: 'paths-exist',
    line: /bin_dir/,
  },
  {
    fault: 'a file is not readable for its daemon',
    host: 'm1',
    file: `${env}/encryption-config.yaml`,
    change: ownedBy('root'),
    check: 'paths-exist',
    foundIn: `${env}/apiserver`,
    line: /encryption-provider-config/,
  },
  // flags
  {
    fault: 'an unknown flag',
    host: 'w1',
    file: `${env}/kubelet`,
    change: flag('--node-ips=1'),
    check: 'flags-known',
    line: /--node-ips/,
  },
  {
    fault: 'a flag of a later version',
    host: 'm1',
    file: `${env}/apiserver`,
    change: flag('--shutdown-send-retry-after=true'),
    check: 'flags-known',
    line: /--shutdown/,
  },
  {
    fault: 'a value of another type',
    host: 'm2',
    file: `${env}/scheduler`,
    change: replaced('--profiling=false', '--profiling=no'),
    check: 'flags-known',
    line: /--profiling/,
  },
  {
    fault: 'an admission plugin of a later version',
    host: 'm2',
    file: `${env}/apiserver`,
    change: replaced('NodeRestriction', 'NodeRestriction,PodSecurity'),
    check: 'flags-known',
    line: /PodSecurity/,
  },
  {
    fault: 'a flag stands twice',
    host: 'm2',
    file: `${env}/controller-manager`,
    change: flag('--profiling=true'),
    check: 'flags-known',
    line: /--profiling=true/,
  },
  {
    fault: 'a unit uses a variable that nobody sets',
    host: 'w1',
    file: `${units}/kube-proxy.service`,
    change: replaced('$KUBE_PROXY_ARGS', '$KUBE_PROXY_ARG'),
    check: 'flags-known',
    line: /ExecStart=/,
  },
  {
    fault: 'a deprecated flag that has a successor',
    host: 'm1',
    file: `${env}/apiserver`,
    change: flag('--service-account-api-audiences=api'),
    check: 'flags-current',
    line: /api-audiences/,
  },
  {
    fault: 'a mistyped variable of etcd',
    host: 'm1',
    file: etcd,
    change: replaced('ETCD_DATA_DIR', 'ETCD_DATADIR'),
    check: 'etcd-variables-known',
    line: /DATADIR/,
  },
  {
    fault: 'a value that etcd cannot read',
    host: 'm1',
    file: etcd,
    change: text((before) => `${before}ETCD_HEARTBEAT_INTERVAL="fast"\n`),
    check: 'etcd-variables-known',
    line: /HEARTBEAT/,
  },
  // YAML
  {
    fault: 'an unknown field',
    host: 'w1',
    file: kubelet,
    change: replaced('cgroupDriver:', 'cgroupDrivers:'),
    check: 'kinds-known',
    line: /cgroupDrivers/,
  },
  {
    fault: 'a nested value of another type',
    host: 'w1',
    file: kubelet,
    change: replaced('cacheTTL: 2m0s', 'cacheTTL: 120'),
    check: 'kinds-known',
    line: /cacheTTL/,
  },
  {
    fault: 'a word of a later version',
    host: 'w2',
    file: proxy,
    change: replaced('mode: ipvs', 'mode: nftables'),
    check: 'kinds-known',
    line: /mode:/,
  },
  {
    fault: 'an apiVersion that nobody serves',
    host: 'm1',
    file: `${env}/audit-policy.yaml`,
    change: replaced('audit.k8s.io/v1', 'audit.k8s.io/v2'),
    check: 'kinds-known',
    line: /apiVersion/,
  },
  {
    fault: 'a manifest of a later version',
    host: 'm3',
    file: `${addons}/10-rbac.yaml`,
    change: text(
      (before) => `${before}---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: { name: a }\n`,
    ),
    check: 'kinds-known',
    line: /policy\/v1/,
  },
  {
    fault: 'an unknown field of a kubeconfig',
    host: 'm1',
    file: `${auth}/scheduler.conf`,
    change: replaced('current-context', 'current-contexts'),
    check: 'kinds-known',
    line: /current-contexts/,
  },
  {
    fault: 'an unknown provider of encryption',
    host: 'm1',
    file: `${env}/encryption-config.yaml`,
    change: replaced('secretbox', 'secretboxes'),
    check: 'kinds-known',
    line: /secretboxes/,
  },
  {
    fault: 'no YAML',
    host: 'w1',
    file: proxy,
    change: replaced('mode: ipvs', 'mode: "ipvs'),
    check: 'kinds-known',
    line: /./,
  },
  // certificates and keys
  {
    fault: 'an authority of another cluster',
    host: 'w1',
    file: `${pki}/ca.crt`,
    change: ofOther('foreign'),
    check: 'authorities-agree',
  },
  {
    fault: 'a kubeconfig that trusts another cluster',
    host: 'm2',
    file: `${auth}/scheduler.conf`,
    change: (file, good) => {
      const foreign =
        good.foreign.bundles[1]?.files.find(({ path }) => path === file.path)?.content.toString() ?? '';
      const [data = ''] = /certificate-authority-data: .*/.exec(foreign) ?? [];
      return replaced(/certificate-authority-data: .*/, data)(file, good);
    },
    check: 'authorities-agree',
    line: /certificate-authority-data/,
  },
  {
    fault: 'a certificate of another cluster',
    host: 'm2',
    file: `${pki}/apiserver-etcd-client.crt`,
    change: ofOther('foreign', 'm2'),
    check: 'certificates-right',
  },
  {
    fault: 'a certificate that is none',
    host: 'm2',
    file: `${pki}/apiserver.crt`,
    change: replaced('BEGIN', 'BEGINS'),
    check: 'certificates-right',
  },
  {
    fault: 'a key of another host',
    host: 'm2',
    file: `${pki}/apiserver.key`,
    change: ofOther('good', 'm1'),
    check: 'keys-match',
  },
  {
    fault: 'a key of another authority',
    host: 'm1',
    file: `${pki}/ca.key`,
    change: ofOther('foreign'),
    check: 'signing-keys-match',
  },
  {
    fault: 'another key for service accounts',
    host: 'm3',
    file: `${pki}/sa.key`,
    change: ofOther('foreign'),
    check: 'service-account-key-is-one',
  },
  {
    fault: 'another public half for service accounts',
    host: 'm1',
    file: `${pki}/sa.pub`,
    change: ofOther('foreign'),
    check: 'service-account-key-is-one',
  },
  {
    fault: 'a key that all may read',
    host: 'w1',
    cluster: 'signed',
    file: `${pki}/kubelet.key`,
    change: withMode(0o644),
    check: 'keys-kept-secret',
  },
  {
    fault: 'a kubeconfig that all may read',
    host: 'm1',
    file: `${auth}/admin.conf`,
    change: withMode(0o640),
    check: 'keys-kept-secret',
  },
  {
    fault: 'the front proxy is not let in',
    host: 'm2',
    file: `${env}/apiserver`,
    change: replaced('allowed-names=front-proxy-client', 'allowed-names=front-proxy'),
    check: 'front-proxy-let-in',
    line: /allowed-names/,
  },
  {
    fault: 'the front proxy has another authority',
    host: 'm2',
    file: `${env}/apiserver`,
    change: replaced(
      'requestheader-client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt',
      'requestheader-client-ca-file=/etc/kubernetes/pki/ca.crt',
    ),
    check: 'front-proxy-let-in',
    line: /requestheader-client-ca-file/,
  },
  // URLs
  {
    fault: 'a kubeconfig dials another port',
    host: 'w1',
    file: `${auth}/bootstrap.conf`,
    change: replaced(':6443', ':6444'),
    check: 'api-urls-covered',
    line: /server:/,
  },
  {
    fault: 'a kubeconfig dials nobody',
    host: 'm1',
    file: `${auth}/scheduler.conf`,
    change: replaced('192.0.2.1', '192.0.2.9'),
    check: 'api-urls-covered',
    line: /server:/,
  },
  {
    fault: 'a kubeconfig dials past the balancer',
    cluster: 'signed',
    host: 'w2',
    file: `${auth}/kube-proxy.conf`,
    change: replaced('api.example', 'lb.example'),
    check: 'api-urls-covered',
    line: /server:/,
  },
  {
    fault: 'a kubeconfig dials without TLS',
    host: 'm1',
    file: `${auth}/controller-manager.conf`,
    change: replaced('https://', 'http://'),
    check: 'api-urls-covered',
    line: /server:/,
  },
  {
    fault: 'a script dials another port',
    host: 'm1',
    file: '/usr/local/sbin/hardway-apply-addons',
    change: replaced('127.0.0.1:6443', '127.0.0.1:443'),
    check: 'api-urls-covered',
    line: /--server=/,
  },
  {
    fault: 'an API server dials no member',
    host: 'm1',
    file: `${env}/apiserver`,
    change: replaced('192.0.2.3:2379', '192.0.2.4:2379'),
    check: 'etcd-urls-covered',
    line: /etcd-servers/,
  },
  {
    fault: 'a member advertises another address',
    host: 'm2',
    file: etcd,
    change: replaced(/(ADVERTISE_CLIENT_URLS=").*"/, '$1https://192.0.2.1:2379"'),
    check: 'etcd-members-known',
    foundOn: 'm1',
    foundIn: `${env}/apiserver`,
    line: /etcd-servers/,
  },
  {
    fault: 'an API server trusts another authority of etcd',
    host: 'm3',
    file: `${env}/apiserver`,
    change: replaced('etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt', 'etcd-cafile=/etc/kubernetes/pki/ca.crt'),
    check: 'etcd-trusted',
    line: /etcd-cafile/,
  },
  {
    fault: 'the endpoint has no line in /etc/hosts',
    host: 'w1',
    file: '/etc/hosts',
    change: replaced(/.*api\.example.*\n?/g, ''),
    check: 'names-lead-to-control-planes',
  },
  {
    fault: 'the endpoint leads to a worker',
    host: 'w2',
    file: '/etc/hosts',
    change: replaced(/\S+(\s+api\.example)/, '192.0.2.5$1'),
    check: 'names-lead-to-control-planes',
    line: /api\.example/,
  },
  {
    fault: 'a kubelet that serves a certificate of its own making',
    cluster: 'signed',
    host: 'w1',
    file: kubelet,
    change: replaced(/tlsCertFile: .*\n/, ''),
    check: 'kubelets-covered',
  },
  // etcd
  {
    fault: 'a member has another list',
    host: 'm3',
    file: etcd,
    change: replaced('m1=https://192.0.2.1:2380,', ''),
    check: 'etcd-members-agree',
    line: /INITIAL_CLUSTER=/,
  },
  {
    fault: 'a member has another name',
    host: 'm2',
    file: etcd,
    change: replaced('ETCD_NAME="m2"', 'ETCD_NAME="m4"'),
    check: 'etcd-members-agree',
    line: /INITIAL_CLUSTER=/,
  },
  {
    fault: 'a member has another token',
    host: 'm2',
    file: etcd,
    change: replaced(/(CLUSTER_TOKEN=").*"/, '$1other"'),
    check: 'etcd-members-agree',
    line: /CLUSTER_TOKEN/,
  },
  {
    fault: 'an API server does not know a member',
    host: 'm1',
    file: `${env}/apiserver`,
    change: replaced(',https://192.0.2.3:2379', ''),
    check: 'etcd-members-known',
    line: /etcd-servers/,
  },
  // tokens
  {
    fault: 'a kubelet has another token',
    host: 'w2',
    file: `${auth}/bootstrap.conf`,
    change: replaced(/token: .*/, 'token: abcdef.0123456789abcdef'),
    check: 'tokens-agree',
    line: /token:/,
  },
  {
    fault: 'a token that is none',
    cluster: 'file',
    host: 'm1',
    file: `${env}/token.csv`,
    change: replaced(/^....../, 'ABCDEF'),
    check: 'tokens-agree',
    line: /ABCDEF/,
  },
  {
    fault: 'a token of another group',
    cluster: 'file',
    host: 'm2',
    file: `${env}/token.csv`,
    change: replaced('system:bootstrappers', 'system:masters'),
    check: 'token-files-right',
    line: /masters/,
  },
  {
    fault: 'a Secret of another name',
    host: 'm1',
    file: `${env}/bootstrap-token.yaml`,
    change: replaced(/name: bootstrap-token-....../, 'name: bootstrap-token-other1'),
    check: 'token-secrets-right',
    line: /name:/,
  },
  {
    fault: 'an API server that takes no tokens',
    host: 'm2',
    file: `${env}/apiserver`,
    change: replaced('bootstrap-token-auth=true', 'bootstrap-token-auth=false'),
    check: 'tokens-accepted',
  },
  {
    fault: 'an API server without its token file',
    cluster: 'file',
    host: 'm2',
    file: `${env}/apiserver`,
    change: replaced(/--token-auth-file=\S+/, '--goaway-chance=0'),
    check: 'tokens-accepted',
  },
  {
    fault: 'Secrets are encrypted otherwise',
    host: 'm3',
    file: `${env}/encryption-config.yaml`,
    change: ofOther('foreign'),
    check: 'encryption-keys-agree',
    line: /apiVersion/,
  },
  // networks
  {
    fault: 'another network of services',
    host: 'm2',
    file: `${env}/controller-manager`,
    change: replaced('10.96.0.0/12', '10.112.0.0/12'),
    check: 'networks-agree',
    line: /service-cluster-ip-range/,
  },
  {
    fault: 'another network of pods',
    host: 'w1',
    file: proxy,
    change: replaced('10.244.0.0/16', '10.245.0.0/16'),
    check: 'networks-agree',
    line: /clusterCIDR/,
  },
  {
    fault: 'flannel has another network of pods',
    host: 'm1',
    file: `${addons}/20-flannel.yaml`,
    change: replaced('10.244.0.0/16', '10.245.0.0/16'),
    check: 'networks-agree',
    line: /net-conf|\{/,
  },
  {
    fault: 'another address of cluster DNS',
    host: 'm1',
    file: `${addons}/30-coredns.yaml`,
    change: replaced(/10\.96\.0\.10/g, '10.96.0.11'),
    check: 'networks-agree',
    line: /clusterIP/,
  },
  {
    fault: 'cluster DNS is no service',
    host: 'w1',
    file: kubelet,
    change: replaced('10.96.0.10', '10.95.0.10'),
    check: 'services-reached',
    line: /10\.95/,
  },
  {
    fault: 'another domain',
    host: 'w2',
    file: kubelet,
    change: replaced('clusterDomain: cluster.local', 'clusterDomain: other.local'),
    check: 'networks-agree',
    line: /clusterDomain/,
  },
  // runtime and ports
  {
    fault: 'containerd has another cgroup driver',
    host: 'w1',
    file: '/etc/containerd/config.toml',
    change: replaced('SystemdCgroup = true', 'SystemdCgroup = false'),
    check: 'cgroup-drivers-agree',
    foundIn: kubelet,
    line: /cgroupDriver/,
  },
  {
    fault: 'Docker has another cgroup driver',
    cluster: 'file',
    host: 'w1',
    file: '/etc/docker/daemon.json',
    change: replaced('=systemd', '=cgroupfs'),
    check: 'cgroup-drivers-agree',
    foundIn: kubelet,
    line: /cgroupDriver/,
  },
  {
    fault: 'a port twice on a worker',
    host: 'w1',
    file: kubelet,
    change: replaced('healthzPort: 10248', 'healthzPort: 10256'),
    check: 'ports-free',
    foundIn: proxy,
    line: /healthzBindAddress/,
  },
  {
    fault: 'a port twice on a control plane',
    host: 'm1',
    file: `${env}/scheduler`,
    change: flag('--secure-port=10257'),
    check: 'ports-free',
    line: /secure-port/,
  },
  {
    fault: 'a port that nobody asked for',
    host: 'm1',
    file: `${env}/apiserver`,
    change: replaced('secure-port=6443', 'secure-port=6444'),
    check: 'ports-asked-for',
    line: /secure-port/,
  },
];

/** Certificates that are signed by the right authority and are wrong all the same. */
const certificateFaults: readonly (readonly [
  fault: string,
  cluster: keyof typeof clusters,
  host: string,
  name: string,
  path: string,
  otherwise: Parameters<typeof reissued>[4],
  check: string,
])[] = [
  [
    'a user of another name',
    'secret',
    'm1',
    'scheduler',
    `${auth}/scheduler.conf`,
    { commonName: 'system:scheduler' },
    'certificates-right',
  ],
  [
    'an administrator without group',
    'secret',
    'm1',
    'admin',
    `${auth}/admin.conf`,
    { organization: undefined },
    'certificates-right',
  ],
  [
    'a node that is an administrator',
    'signed',
    'w1',
    'kubelet-client',
    `${auth}/kubelet.conf`,
    { organization: 'system:masters' },
    'certificates-right',
  ],
  [
    'the certificate of another node',
    'signed',
    'w1',
    'kubelet-client',
    `${auth}/kubelet.conf`,
    { commonName: 'system:node:w2' },
    'certificates-right',
  ],
  [
    'a server that is for clients',
    'secret',
    'm2',
    'apiserver',
    `${pki}/apiserver`,
    { usages: ['client'] },
    'certificates-right',
  ],
  [
    'a client of another authority',
    'secret',
    'm2',
    'apiserver-etcd-client',
    `${pki}/apiserver-etcd-client`,
    { authority: 'kubernetes-ca' },
    'certificates-right',
  ],
  [
    'a server without the endpoint',
    'secret',
    'm3',
    'apiserver',
    `${pki}/apiserver`,
    { sans: { dns: ['kubernetes.default.svc'], ip: ['192.0.2.3', '127.0.0.1', '10.96.0.1'] } },
    'api-urls-covered',
  ],
  [
    'a server without the balancer',
    'signed',
    'm3',
    'apiserver',
    `${pki}/apiserver`,
    { sans: { dns: ['kubernetes.default.svc'], ip: ['192.0.2.3', '127.0.0.1', '10.96.0.1'] } },
    'api-urls-covered',
  ],
  [
    'a server without the service',
    'secret',
    'm1',
    'apiserver',
    `${pki}/apiserver`,
    { sans: { dns: ['api.example', 'kubernetes.default.svc'], ip: ['192.0.2.1', '127.0.0.1'] } },
    'services-reached',
  ],
  [
    'a server without loopback',
    'secret',
    'm1',
    'apiserver',
    `${pki}/apiserver`,
    { sans: { dns: ['api.example', 'kubernetes.default.svc'], ip: ['192.0.2.1', '10.96.0.1'] } },
    'api-urls-covered',
  ],
  [
    'a member without its address',
    'secret',
    'm1',
    'etcd-server',
    '/etc/etcd/pki/server',
    { sans: { dns: ['m1'], ip: ['127.0.0.1'] } },
    'etcd-urls-covered',
  ],
  [
    'a kubelet without its address',
    'signed',
    'w2',
    'kubelet-server',
    `${pki}/kubelet`,
    { sans: { dns: ['w2'], ip: [] } },
    'kubelets-covered',
  ],
  [
    'a peer without its address',
    'secret',
    'm2',
    'etcd-peer',
    '/etc/etcd/pki/peer',
    { sans: { dns: ['m2'], ip: [] } },
    'etcd-urls-covered',
  ],
];

/** What verify finds, which is what every check finds when it is shown all hosts at once. */
function found({ facts, bundles }: Bundles) {
  const findings = verifyCluster(facts, bundles);
  const view = viewOf(facts, bundles);
  const onAll = checks.flatMap(({ name, check }) =>
    [...check(view)].map((one) => JSON.stringify({ check: name, severity: one.severity ?? 'error', ...one })),
  );
  expect(findings.map((one) => JSON.stringify(one))).toEqual([...new Set(onAll)]);
  return findings;
}

describe.each(['secret', 'file', 'signed', 'floating', 'balanced'] as const)(
  'the good bundles (%s)',
  (name) => {
    test('have no findings', async () => {
      const { good, foreign } = await clusters[name];
      expect(found(good)).toEqual([]);
      expect(found(foreign)).toEqual([]);
    });
  },
);

describe('single faults', () => {
  test.each(faults)('$fault', async ({ cluster = 'secret', host, file, change, check, line, ...where }) => {
    const good = await clusters[cluster];
    const bad = await withChange(good, host, file, change);
    const findings = found(bad);
    const [wantedHost, wantedFile] = [where.foundOn ?? host, where.foundIn ?? file];
    const fitting = findings.filter(
      (one) => one.check === check && one.host === wantedHost && one.file === wantedFile,
    );
    expect(fitting, JSON.stringify(findings, null, 1)).not.toEqual([]);
    for (const { message, fix } of findings) expect([message, fix].every((one) => one.length > 5)).toBe(true);
    if (line === undefined) return;
    const target = bad.bundles
      .find((one) => one.host === wantedHost)
      ?.files.find(({ path }) => path === wantedFile);
    const lines = (target?.content.toString() ?? '').split('\n');
    const shown = fitting.map((one) => lines[(one.line ?? 0) - 1] ?? '');
    expect(
      shown.some((one) => line.test(one)),
      shown.join('\n'),
    ).toBe(true);
  });

  test.each(certificateFaults)('%s', async (_, cluster, host, name, path, otherwise, check) => {
    const findings = found(await reissued(await clusters[cluster], host, name, path, otherwise));
    const file = path.endsWith('.conf') ? path : `${path}.crt`;
    const fitting = findings.filter((one) => one.check === check && one.host === host && one.file === file);
    expect(fitting, JSON.stringify(findings, null, 1)).not.toEqual([]);
  });

  test('the key of an authority on a worker', async () => {
    const good: Good = await clusters.secret;
    const key = good.good.bundles[0]?.files.find(({ path }) => path === `${pki}/ca.key`);
    if (key === undefined) throw new Error('no key');
    const findings = found(
      withFile(good, 'w1', { ...key, path: `${pki}/ca.key`, owner: 'root', group: 'root' }),
    );
    const summary = findings.map(({ check, host, file }) => `${check} ${host} ${file}`);
    for (const check of ['keys-kept-secret', 'keys-needed'])
      expect(summary).toContain(`${check} w1 ${pki}/ca.key`);
  });

  test('two hosts with the same certificate and key', async () => {
    const good = await clusters.secret;
    const [certificate, key] = ['crt', 'key'].map((part) => `${pki}/apiserver-kubelet-client.${part}`);
    const once = await withChange(good, 'm2', certificate ?? '', ofOther('good', 'm1'));
    const both = await withChange({ ...good, good: once }, 'm2', key ?? '', (file) => ({
      ...file,
      content: good.good.bundles[0]?.files.find(({ path }) => path === file.path)?.content ?? file.content,
    }));
    expect(found(both).map(({ check, host, file }) => `${check} ${host} ${file}`)).toEqual([
      `keys-match m2 ${key}`,
    ]);
  });

  test.each([
    ['expired', 400, /expired/],
    ['not valid yet', -2, /not valid before/],
  ])('certificates that are %s', async (_, days, message) => {
    const { facts, bundles } = (await clusters.signed).good;
    const now = new Date(facts.now.getTime() + days * 86_400_000);
    const findings = verifyCluster({ ...facts, now }, bundles).filter(
      ({ check }) => check === 'certificates-valid',
    );
    const found = findings.map(({ host, file }) => `${host} ${file}`);
    expect(found).toEqual(expect.arrayContaining([`m1 ${pki}/apiserver.crt`, `w1 ${auth}/kubelet.conf`]));
    expect(findings.every((one) => message.test(one.message))).toBe(true);
  });

  test('runtime sockets that differ', async () => {
    const good = await clusters.secret;
    const changed = await withChange(
      good,
      'w1',
      kubelet,
      text((before) => `${before}containerRuntimeEndpoint: unix:///run/other.sock\n`),
    );
    expect(found(changed).map(({ check }) => check)).toContain('runtime-sockets-agree');
  });

  test.each([
    [kubelet, 'staticPodPath: /etc/kubernetes/manifests\n', 'w1'],
    [etcd, 'ETCD_WAL_DIR="/wal"\n', 'm1'],
  ])('a path of the user in %s is a warning', async (path, added, host) => {
    const good = await clusters.secret;
    const changed = await withChange(
      good,
      host,
      path,
      text((before) => before + added),
    );
    const summary = found(changed).map(({ check, severity, file }) => `${severity} ${check} ${file}`);
    expect(summary).toEqual([`warning paths-exist ${path}`]);
  });

  test('every check has a fault here', () => {
    const tested = new Set([
      ...faults.map(({ check }) => check),
      ...certificateFaults.map((row) => row[6]),
      'runtime-sockets-agree',
      'keys-needed',
      'certificates-valid',
    ]);
    expect(checks.map(({ name }) => name).filter((name) => !tested.has(name))).toEqual([]);
  });
});
