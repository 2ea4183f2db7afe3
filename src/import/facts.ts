/** What the files of hosts say of the cluster: a row for each key of an inventory that can be told. */
import { posix } from 'node:path';
import { findRelease, sandboxImageOf } from '../catalog/releases.ts';
import { parseAddress, parseCidr } from '../lib/ip.ts';
import { keyAlgorithms } from '../model/cluster.ts';
import { publicKeyKind } from '../pki/keys.ts';
import type { TreeCluster } from '../tree/cluster.ts';
import { decoded, type HostView } from '../verify/view.ts';
import { componentFlag, field, listField, type Said, saidByFlag } from './stated.ts';

export interface FactRow {
  readonly path: readonly string[];
  /** What every host says. */
  readonly said: (host: HostView, cluster: TreeCluster) => readonly Said<unknown>[];
  /** What is written where no host says anything; absent: the key is left out. */
  readonly untold?: { readonly value: unknown; readonly comment: string; readonly meanwhile?: unknown };
  /** A value that is the default anyway is left out. */
  readonly isDefault?: (value: unknown, minor: string) => boolean;
}

const is =
  (wanted: unknown): NonNullable<FactRow['isDefault']> =>
  (value) =>
    value === wanted;

/** A network in canonical form, or two. */
const networks = (said: readonly Said<string>[]): Said<unknown>[] =>
  said.map(({ value, place }) => {
    const list = value.split(',').map((text) => parseCidr(text.trim())?.cidr.text ?? text.trim());
    return { value: list.length === 1 ? list[0] : list, place };
  });

const numbers = (said: readonly Said<string>[]): Said<unknown>[] =>
  said.flatMap(({ value, place }) => (/^\d+$/.test(value) ? [{ value: Number(value), place }] : []));

const map = <Value>(
  said: readonly Said<string>[],
  change: (value: string) => Value | undefined,
): Said<unknown>[] =>
  said.flatMap(({ value, place }) => {
    const changed = change(value);
    return changed === undefined ? [] : [{ value: changed, place }];
  });

/** Whether an API server has a flag, as a statement. */
const hasFlag =
  (name: string): FactRow['said'] =>
  (host, cluster) => {
    const command = host.command('apiserver');
    const start = cluster.hosts
      .find(({ view }) => view === host)
      ?.starts.find(({ program }) => program === 'kube-apiserver');
    if (command === undefined || start === undefined || start.kind === 'assumed') return [];
    const flag = command.flag(name);
    const place = { host: host.name, file: flag?.file ?? start.file, line: flag?.line };
    return [{ value: flag !== undefined, place }];
  };

export const factRows: readonly FactRow[] = [
  {
    path: ['cluster', 'name'],
    said: (host) => componentFlag(host, 'controllerManager', 'cluster-name'),
    isDefault: is('kubernetes'),
  },
  {
    path: ['cluster', 'dnsDomain'],
    said: (host) => [
      ...componentFlag(host, 'kubelet', 'cluster-domain'),
      ...field(host, 'KubeletConfiguration', 'clusterDomain').map(({ value, place }) => ({
        value: value.replace(/\.$/, ''),
        place,
      })),
    ],
    isDefault: is('cluster.local'),
  },
  {
    path: ['kubernetes', 'logLevel'],
    said: (host) =>
      numbers(
        (['apiserver', 'controllerManager', 'scheduler', 'kubelet', 'proxy'] as const).flatMap((key) =>
          componentFlag(host, key, 'v'),
        ),
      ).slice(0, 1),
    isDefault: is(2),
  },
  {
    path: ['network', 'serviceCIDR'],
    said: (host) => networks(componentFlag(host, 'apiserver', 'service-cluster-ip-range')),
    untold: {
      value: '?',
      comment: 'not told: --service-cluster-ip-range of the API servers',
      meanwhile: '10.96.0.0/12',
    },
  },
  {
    path: ['network', 'podCIDR'],
    said: (host) =>
      networks([
        ...componentFlag(host, 'controllerManager', 'cluster-cidr'),
        ...componentFlag(host, 'proxy', 'cluster-cidr'),
        ...field(host, 'KubeProxyConfiguration', 'clusterCIDR'),
      ]),
    untold: {
      value: '?',
      comment: 'not told: the network of pods, as the network plugin has it',
      meanwhile: '10.244.0.0/16',
    },
  },
  {
    path: ['network', 'nodeCIDRMaskSize'],
    said: (host) => numbers(componentFlag(host, 'controllerManager', 'node-cidr-mask-size')),
    isDefault: is(24),
  },
  {
    path: ['network', 'nodePortRange'],
    said: (host) => componentFlag(host, 'apiserver', 'service-node-port-range'),
    isDefault: is('30000-32767'),
  },
  {
    path: ['network', 'clusterDNS'],
    said: (host) => [
      ...componentFlag(host, 'kubelet', 'cluster-dns').map(({ value, place }) => ({
        value: several(value.split(',')),
        place,
      })),
      ...listField(host, 'KubeletConfiguration', 'clusterDNS').map(({ value, place }) => ({
        value: several(value),
        place,
      })),
    ],
  },
  {
    path: ['network', 'proxy', 'mode'],
    said: (host) => [
      ...componentFlag(host, 'proxy', 'proxy-mode'),
      // Without a word kube-proxy takes iptables (pkg/proxy/apis/config/v1alpha1).
      ...host.ofKind('KubeProxyConfiguration').map(({ path, document }) => ({
        value: String(document.value.mode || 'iptables'),
        place: { host: host.name, file: path, line: document.lineOf(['mode']) },
      })),
    ],
  },
  {
    path: ['network', 'proxy', 'ipvsScheduler'],
    said: (host) => [
      ...componentFlag(host, 'proxy', 'ipvs-scheduler'),
      ...field(host, 'KubeProxyConfiguration', 'ipvs', 'scheduler'),
    ],
    isDefault: is('rr'),
  },
  {
    path: ['etcd', 'version'],
    said: (host, cluster) =>
      (cluster.hosts.find(({ view }) => view === host)?.starts ?? []).flatMap(
        ({ program, executable, file }) => {
          const tag = program === 'etcd' ? /:v?(\d+\.\d+\.\d+)/.exec(executable.image ?? '')?.[1] : undefined;
          return tag === undefined
            ? []
            : [{ value: tag, place: { host: host.name, file, line: executable.line } }];
        },
      ),
    isDefault: (value, minor) => value === findRelease(minor)?.etcd,
  },
  {
    path: ['etcd', 'dataDir'],
    said: (host) =>
      saidByFlag(host, host.etcdFlag('data-dir')).map(({ value, place }) => ({
        value: value.replace(/\/$/, ''),
        place,
      })),
    isDefault: is('/var/lib/etcd/k8s-etcd'),
  },
  {
    path: ['etcd', 'clusterToken'],
    said: (host) => saidByFlag(host, host.etcdFlag('initial-cluster-token')),
    isDefault: is('k8s-etcd-cluster'),
  },
  { path: ['pki', 'keyAlgorithm'], said: keyAlgorithm, isDefault: is('ecdsa-p256') },
  {
    path: ['bootstrap', 'method'],
    said: bootstrapMethod,
    isDefault: is('token-secret'),
  },
  {
    path: ['runtime', 'type'],
    said: (host) => runtimeSockets(host).map(({ value, place }) => ({ value: runtimeOf(value), place })),
    isDefault: is('containerd'),
  },
  {
    path: ['runtime', 'socket'],
    said: (host) => runtimeSockets(host).filter(({ value }) => runtimeOf(value) === 'external'),
  },
  {
    path: ['runtime', 'cgroupDriver'],
    said: (host) => [
      ...componentFlag(host, 'kubelet', 'cgroup-driver'),
      ...field(host, 'KubeletConfiguration', 'cgroupDriver'),
    ],
    isDefault: is('systemd'),
  },
  {
    path: ['runtime', 'sandboxImage'],
    said: (host) => [
      ...componentFlag(host, 'kubelet', 'pod-infra-container-image'),
      ...sandboxOfContainerd(host),
    ],
    isDefault: (value, minor) => findRelease(minor) !== undefined && value === sandboxImageOf(minor),
  },
  {
    path: ['security', 'encryptionAtRest'],
    said: hasFlag('encryption-provider-config'),
    isDefault: is(true),
  },
  { path: ['security', 'audit'], said: hasFlag('audit-policy-file'), isDefault: is(true) },
  {
    path: ['security', 'podSecurity'],
    said: (host, cluster) => {
      const said = hasFlag('admission-control-config-file')(host, cluster);
      const plugins = host.command('apiserver')?.flag('enable-admission-plugins')?.value ?? '';
      return said.map(({ value, place }) => ({
        value: value === true || plugins.includes('PodSecurityPolicy') ? 'baseline' : 'privileged',
        place,
      }));
    },
    isDefault: is('baseline'),
  },
  {
    path: ['binaries', 'dir'],
    said: (host, cluster) =>
      (cluster.hosts.find(({ view }) => view === host)?.starts ?? []).flatMap(
        ({ executable, file, program }) =>
          executable.path === undefined || program === 'etcd'
            ? []
            : [
                {
                  value: posix.dirname(executable.path),
                  place: { host: host.name, file, line: executable.line },
                },
              ],
      ),
    isDefault: is('/usr/local/bin'),
  },
];

function several(list: readonly string[]): unknown {
  return list.length === 1 ? list[0] : list;
}

/** That of the API server's own certificate, where hardway makes such keys. */
function keyAlgorithm(host: HostView): Said<unknown>[] {
  const flag = host.command('apiserver')?.flag('tls-cert-file');
  const certificate = flag === undefined ? undefined : host.certificate(flag.value);
  if (flag === undefined || certificate === undefined) return [];
  const { name } = publicKeyKind(certificate.publicKeyDer);
  const isKnown = (keyAlgorithms as readonly string[]).includes(name);
  return isKnown ? [{ value: name, place: { host: host.name, file: flag.value, line: undefined } }] : [];
}

/** By how API servers and kubelets are started, and by what a kubelet logs in with. */
function bootstrapMethod(host: HostView): Said<unknown>[] {
  const tokens = componentFlag(host, 'apiserver', 'token-auth-file');
  if (tokens.length > 0) return map(tokens, () => 'token-file');
  const bootstraps = host.command('kubelet')?.flag('bootstrap-kubeconfig');
  const kubelet = host.command('kubelet')?.flag('kubeconfig');
  const place = host.ofKind('Config').find(({ path }) => path === kubelet?.value);
  const own = decoded(place?.document.value, 'users', 0, 'user', 'client-certificate-data');
  if (bootstraps !== undefined || kubelet === undefined || own === undefined) return [];
  return [{ value: 'signed', place: { host: host.name, file: kubelet.file, line: kubelet.line } }];
}

/** Where a kubelet finds its runtime; dockershim where nothing else is said, as long as there was one. */
function runtimeSockets(host: HostView): Said<string>[] {
  const said = [
    ...componentFlag(host, 'kubelet', 'container-runtime-endpoint'),
    ...field(host, 'KubeletConfiguration', 'containerRuntimeEndpoint'),
  ].map(({ value, place }) => ({ value: value.replace(/^unix:\/\//, ''), place }));
  if (said.length > 0) return said.slice(0, 1);
  const kubelet = host.command('kubelet');
  const isDocker =
    host.file('/etc/docker/daemon.json') !== undefined || kubelet?.flag('network-plugin') !== undefined;
  const remote = kubelet?.flag('container-runtime')?.value === 'remote';
  if (kubelet === undefined || remote || !isDocker) return [];
  return [
    { value: '/var/run/dockershim.sock', place: { host: host.name, file: kubelet.unit, line: undefined } },
  ];
}

function runtimeOf(socket: string): string {
  if (/containerd\.sock$/.test(socket) && socket.startsWith('/run/containerd')) return 'containerd';
  return /(?:dockershim|cri-dockerd)\.sock$/.test(socket) ? 'docker' : 'external';
}

function sandboxOfContainerd(host: HostView): Said<string>[] {
  const lines = (host.text('/etc/containerd/config.toml') ?? '').split('\n');
  return lines.flatMap((line, index) => {
    const image = /^\s*sandbox(?:_image)?\s*=\s*["']([^"']+)["']/.exec(line)?.[1];
    return image === undefined
      ? []
      : [{ value: image, place: { host: host.name, file: '/etc/containerd/config.toml', line: index + 1 } }];
  });
}

/** The server that most hosts dial, and how it is kept. */
export interface FoundEndpoint {
  readonly host: string;
  readonly port: number;
}

export function endpointIn(server: string): FoundEndpoint | undefined {
  const [, v6, name, port] = /^https:\/\/(?:\[([^\]]+)\]|([^:/]+))(?::(\d+))?/.exec(server) ?? [];
  const host = v6 ?? name;
  return host === undefined
    ? undefined
    : { host: parseAddress(host)?.text ?? host, port: Number(port ?? 443) };
}
