/**
 * Where clusters that somebody else has set up keep their files: by hand after one of the guides, with
 * k8s-certs-generator and k8s-bin-inst, kubeasz, kubeadm, kubespray, or with hardway itself. Facts for
 * reading a copy of a host; nothing is ever written there.
 */

/** Files that show that a folder is the root of a host. */
export const hostMarks: readonly string[] = [
  'etc/kubernetes',
  'etc/etcd',
  'etc/ssl/etcd',
  'etc/default/etcd',
  'etc/systemd/system',
  'lib/systemd/system',
  'usr/lib/systemd/system',
  'var/lib/kubelet',
  'var/lib/kubernetes',
  'opt/kubernetes',
  'opt/etcd',
];

/** Folders of units, the first goes before the others (systemd.unit(5)). */
export const unitFolders: readonly string[] = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];

/** Folders and files that are read whatever names them. */
export const knownPlaces: readonly string[] = [
  '/etc/kubernetes',
  '/etc/etcd',
  '/etc/ssl/etcd',
  '/etc/kube-lb',
  '/etc/cni',
  '/etc/containerd',
  '/etc/docker/daemon.json',
  '/etc/default',
  '/etc/sysconfig',
  '/etc/haproxy',
  '/etc/keepalived',
  '/etc/hosts',
  '/etc/hostname',
  '/etc/passwd',
  '/etc/group',
  '/var/lib/kubelet/config.yaml',
  '/var/lib/kubelet/kubeadm-flags.env',
  '/var/lib/kubelet/kubelet-config.yaml',
  '/var/lib/kubelet/kubeconfig',
  '/var/lib/kubelet/bootstrap-kubeconfig',
  '/var/lib/kubelet/pki',
  '/var/lib/kube-proxy',
  '/var/lib/kubernetes',
  '/srv/kubernetes',
  '/opt/kubernetes/cfg',
  '/opt/kubernetes/ssl',
  '/opt/kubernetes/config',
  '/opt/etcd/cfg',
  '/opt/etcd/ssl',
  '/opt/k8s/cert',
  '/root/.kube/config',
  '/root/.kube',
];

/** Where programs stand, for their version. */
export const programFolders: readonly string[] = [
  '/usr/local/bin',
  '/usr/bin',
  '/opt/kube/bin',
  '/opt/kubernetes/bin',
  '/opt/k8s/bin',
  '/usr/local/kubernetes/server/bin',
  '/usr/local/kubernetes/node/bin',
];

/** Where kubeadm's kubelet gets its flags from besides its drop-in (kubernetes/release, 10-kubeadm.conf). */
export const kubeadmKubelet = {
  flagsFile: '/var/lib/kubelet/kubeadm-flags.env',
  extraFiles: ['/etc/default/kubelet', '/etc/sysconfig/kubelet'],
  words: [
    '--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf',
    '--kubeconfig=/etc/kubernetes/kubelet.conf',
    '--config=/var/lib/kubelet/config.yaml',
  ],
  variables: ['KUBELET_KUBEADM_ARGS', 'KUBELET_EXTRA_ARGS'],
} as const;

export interface UsualPlace {
  /** `kube-apiserver`, or `etcd`. */
  readonly program: string;
  readonly flag: string;
  /** The first that is there counts. */
  readonly paths: readonly string[];
}

const pki = '/etc/kubernetes/pki';
const ssl = '/etc/kubernetes/ssl';

/**
 * What a daemon is told of in each of these layouts. Used for hosts whose units are not in the tree: by
 * what is there, certificates and keys get the names that checks ask for.
 */
// biome-ignore format: a table
export const usualPlaces: readonly UsualPlace[] = [
  { program: 'kube-apiserver', flag: 'tls-cert-file', paths: [`${pki}/apiserver.crt`, `${ssl}/kubernetes.pem`, `${ssl}/apiserver.pem`, '/var/lib/kubernetes/kube-api-server.crt', '/var/lib/kubernetes/kubernetes.pem'] },
  { program: 'kube-apiserver', flag: 'tls-private-key-file', paths: [`${pki}/apiserver.key`, `${ssl}/kubernetes-key.pem`, `${ssl}/apiserver-key.pem`, '/var/lib/kubernetes/kube-api-server.key', '/var/lib/kubernetes/kubernetes-key.pem'] },
  { program: 'kube-apiserver', flag: 'client-ca-file', paths: [`${pki}/ca.crt`, `${ssl}/ca.pem`, '/var/lib/kubernetes/ca.crt', '/var/lib/kubernetes/ca.pem'] },
  { program: 'kube-apiserver', flag: 'etcd-cafile', paths: [`${pki}/etcd/ca.crt`, `${pki}/etcd-ca.crt`, '/etc/etcd/pki/ca.crt', `${ssl}/ca.pem`] },
  { program: 'kube-apiserver', flag: 'etcd-certfile', paths: [`${pki}/apiserver-etcd-client.crt`, '/etc/etcd/pki/client.crt', `${ssl}/kubernetes.pem`] },
  { program: 'kube-apiserver', flag: 'kubelet-client-certificate', paths: [`${pki}/apiserver-kubelet-client.crt`, `${ssl}/kubernetes.pem`] },
  { program: 'kube-apiserver', flag: 'proxy-client-cert-file', paths: [`${pki}/front-proxy-client.crt`, `${ssl}/aggregator-proxy.pem`] },
  { program: 'kube-apiserver', flag: 'requestheader-client-ca-file', paths: [`${pki}/front-proxy-ca.crt`, `${ssl}/ca.pem`] },
  { program: 'kube-apiserver', flag: 'service-account-key-file', paths: [`${pki}/sa.pub`, `${ssl}/ca.pem`, '/var/lib/kubernetes/service-accounts.crt'] },
  { program: 'kube-apiserver', flag: 'token-auth-file', paths: ['/etc/kubernetes/token.csv', `${ssl}/token.csv`] },
  { program: 'kube-controller-manager', flag: 'service-account-private-key-file', paths: [`${pki}/sa.key`, '/var/lib/kubernetes/service-accounts.key', `${ssl}/ca-key.pem`] },
  { program: 'kube-controller-manager', flag: 'cluster-signing-cert-file', paths: [`${pki}/ca.crt`, `${ssl}/ca.pem`] },
  { program: 'kube-controller-manager', flag: 'cluster-signing-key-file', paths: [`${pki}/ca.key`, `${ssl}/ca-key.pem`] },
  { program: 'kube-controller-manager', flag: 'kubeconfig', paths: ['/etc/kubernetes/auth/controller-manager.conf', '/etc/kubernetes/controller-manager.conf', '/etc/kubernetes/kube-controller-manager.kubeconfig'] },
  { program: 'kube-scheduler', flag: 'kubeconfig', paths: ['/etc/kubernetes/auth/scheduler.conf', '/etc/kubernetes/scheduler.conf', '/etc/kubernetes/kube-scheduler.kubeconfig'] },
  { program: 'etcd', flag: 'cert-file', paths: ['/etc/etcd/pki/server.crt', `${pki}/etcd/server.crt`, '/etc/etcd/ssl/etcd.pem', '/etc/ssl/etcd/server.crt'] },
  { program: 'etcd', flag: 'key-file', paths: ['/etc/etcd/pki/server.key', `${pki}/etcd/server.key`, '/etc/etcd/ssl/etcd-key.pem', '/etc/ssl/etcd/server.key'] },
  { program: 'etcd', flag: 'peer-cert-file', paths: ['/etc/etcd/pki/peer.crt', `${pki}/etcd/peer.crt`, '/etc/etcd/ssl/etcd.pem'] },
  { program: 'etcd', flag: 'peer-key-file', paths: ['/etc/etcd/pki/peer.key', `${pki}/etcd/peer.key`, '/etc/etcd/ssl/etcd-key.pem'] },
  { program: 'etcd', flag: 'trusted-ca-file', paths: ['/etc/etcd/pki/ca.crt', `${pki}/etcd/ca.crt`, `${ssl}/ca.pem`] },
  { program: 'kubelet', flag: 'config', paths: ['/var/lib/kubelet/config.yaml', '/var/lib/kubelet/kubelet-config.yaml'] },
  { program: 'kubelet', flag: 'kubeconfig', paths: ['/etc/kubernetes/auth/kubelet.conf', '/etc/kubernetes/kubelet.conf', '/etc/kubernetes/kubelet.kubeconfig'] },
  { program: 'kubelet', flag: 'bootstrap-kubeconfig', paths: ['/etc/kubernetes/auth/bootstrap.conf', '/etc/kubernetes/bootstrap-kubelet.conf'] },
  { program: 'kube-proxy', flag: 'config', paths: ['/var/lib/kube-proxy/config.yaml', '/var/lib/kube-proxy/kube-proxy-config.yaml'] },
  { program: 'kube-proxy', flag: 'kubeconfig', paths: ['/etc/kubernetes/auth/kube-proxy.conf', '/etc/kubernetes/kube-proxy.conf', '/etc/kubernetes/kube-proxy.kubeconfig'] },
];

/**
 * Flags of which one path has to be there for a daemon to be believed to run: each is of this daemon
 * alone. A CA certificate, which every host has, shows nothing.
 */
export const tellingFlags: Readonly<Record<string, readonly string[]>> = {
  'kube-apiserver': ['tls-cert-file'],
  'kube-controller-manager': ['kubeconfig', 'cluster-signing-key-file'],
  'kube-scheduler': ['kubeconfig'],
  etcd: ['cert-file', 'peer-cert-file'],
  kubelet: ['config', 'kubeconfig', 'bootstrap-kubeconfig'],
  'kube-proxy': ['config', 'kubeconfig'],
};

/** Configurations of a balancer that each node runs for itself. */
export const balancerFiles: readonly string[] = [
  '/etc/kubernetes/api-balancer.cfg',
  '/etc/kube-lb/conf/kube-lb.conf',
  '/etc/kubernetes/manifests/nginx-proxy.yml',
  '/etc/kubernetes/manifests/haproxy.yml',
];
