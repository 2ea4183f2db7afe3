/**
 * The official files that hold the binaries, where they are published, and where their sums are.
 * Containerd, runc and cri-dockerd are not among them: they come as packages (of distributions,
 * Docker and Mirantis), and of cri-dockerd's archives no sums are published.
 */

/** `{version}`, `{arch}` and `{binary}` are filled in; in a mirror and in the cache a file keeps host and path. */
export interface DownloadRow {
  /** What the version is of, see versionsOf in binaries/artefacts.ts. */
  readonly product: 'kubernetes' | 'etcd' | 'cniPlugins';
  readonly binaries: readonly string[];
  readonly url: string;
  /** A list as sha256sum writes it, or one sum alone. */
  readonly sumsUrl: string;
  /** The binary's path in the archive; undefined where the file is the binary itself. */
  readonly member: string | undefined;
}

const etcdRelease = 'https://github.com/etcd-io/etcd/releases/download/v{version}';
const cniRelease = 'https://github.com/containernetworking/plugins/releases/download/v{version}';
const kubernetesRelease = 'https://dl.k8s.io/release/v{version}/bin/linux/{arch}';

export const downloads: readonly DownloadRow[] = [
  // Single binaries, not kubernetes-server-linux-ARCH.tar.gz: that holds images and programs no host here needs.
  {
    product: 'kubernetes',
    binaries: [
      'kube-apiserver',
      'kube-controller-manager',
      'kube-scheduler',
      'kubectl',
      'kubelet',
      'kube-proxy',
    ],
    url: `${kubernetesRelease}/{binary}`,
    sumsUrl: `${kubernetesRelease}/{binary}.sha256`,
    member: undefined,
  },
  {
    product: 'etcd',
    binaries: ['etcd', 'etcdctl', 'etcdutl'],
    url: `${etcdRelease}/etcd-v{version}-linux-{arch}.tar.gz`,
    sumsUrl: `${etcdRelease}/SHA256SUMS`,
    member: 'etcd-v{version}-linux-{arch}/{binary}',
  },
  {
    product: 'cniPlugins',
    binaries: ['bridge', 'host-local', 'loopback', 'portmap'],
    url: `${cniRelease}/cni-plugins-linux-{arch}-v{version}.tgz`,
    sumsUrl: `${cniRelease}/cni-plugins-linux-{arch}-v{version}.tgz.sha256`,
    member: './{binary}',
  },
];
