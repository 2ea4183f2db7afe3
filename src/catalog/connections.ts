/**
 * Who talks to whom: for every pair of daemons the listener, the certificates of both sides and the
 * reason. Pictures, firewall tables and key maps are made of it; which ports the listeners have is
 * read from what was rendered, see report/connections.ts. The rows follow "Ports and Protocols" of
 * the Kubernetes documentation and the etcd operations guide.
 */
import type { EndpointMode, Role } from '../model/cluster.ts';

/** Those who take part beside the hosts' roles. */
export type Party =
  | Role
  /** Whoever runs kubectl and ssh. */
  | 'operator'
  /** The name or address that clients dial, where no host of the cluster stands behind it alone. */
  | 'endpoint'
  | 'external-etcd'
  /** API servers that run as pods, behind the aggregation layer. */
  | 'extensions'
  /** Whoever uses services of the cluster from outside. */
  | 'clients'
  /** Where images and binaries come from. */
  | 'registries';

/** TCP and UDP are dialled at a port; VRRP is a protocol of its own (112), IP stands for every one. */
export type Protocol = 'TCP' | 'UDP' | 'VRRP' | 'IP';

/**
 * Where a server listens: `{ daemon, setting }` is looked up in what was rendered, the other words
 * stand for what the inventory says, and a number is fixed by the daemon.
 */
export type ListenerName =
  | { readonly daemon: string; readonly setting: string }
  | 'endpoint'
  | 'node-ports'
  | 'external-etcd'
  | 'ssh'
  | 'registries'
  | 'registry-mirrors'
  | 'downloads'
  | 'any'
  | number;

export interface ConnectionRow {
  readonly name: string;
  readonly from: Party;
  readonly to: Party;
  /** What dials, and what answers. */
  readonly client: string;
  readonly server: string;
  readonly listener: ListenerName;
  readonly protocol: Protocol;
  /** Names of rows in certificates.ts; none where no certificate is shown. */
  readonly clientCertificates: readonly string[];
  readonly serverCertificate: string | undefined;
  /** What proves the sides to each other where that is no certificate of the cluster's. */
  readonly proof?: string;
  /** `host`: never leaves the machine. */
  readonly reach: 'network' | 'host';
  /** Conditions of plan/facts.ts that all hold, `!` before one for its opposite. */
  readonly when?: readonly string[];
  readonly modes?: readonly EndpointMode[];
  readonly why: string;
}

const api = { daemon: 'kube-apiserver', setting: '--secure-port' } as const;
const kubelet = { daemon: 'kubelet', setting: 'port' } as const;
const members = {
  to: 'etcd',
  listener: { daemon: 'etcd', setting: 'ETCD_LISTEN_CLIENT_URLS' },
  protocol: 'TCP',
  serverCertificate: 'etcd-server',
} as const;
const byApiServer = {
  ...members,
  from: 'control-plane',
  client: 'kube-apiserver',
  clientCertificates: ['apiserver-etcd-client'],
} as const;
const byEtcdctl = {
  ...members,
  from: 'etcd',
  client: 'etcdctl',
  server: 'etcd',
  clientCertificates: ['etcd-client'],
} as const;
const shared: readonly EndpointMode[] = ['hosts', 'external', 'keepalived', 'haproxy'];
const nodeClients = ['kubelet-client', 'kube-proxy'] as const;

export const connections: readonly ConnectionRow[] = [
  {
    name: 'etcd-peers',
    from: 'etcd',
    to: 'etcd',
    client: 'etcd',
    server: 'etcd',
    listener: { daemon: 'etcd', setting: 'ETCD_LISTEN_PEER_URLS' },
    protocol: 'TCP',
    clientCertificates: ['etcd-peer'],
    serverCertificate: 'etcd-peer',
    reach: 'network',
    why: 'members replicate and elect a leader',
  },
  {
    ...byApiServer,
    name: 'apiserver-etcd',
    server: 'etcd',
    reach: 'network',
    when: ['keepsEtcd', 'hasApiServersWithoutMember'],
    why: 'everything that the cluster knows is in etcd; an API server beside a member asks that one alone',
  },
  {
    ...byApiServer,
    name: 'apiserver-own-etcd',
    server: 'etcd of the same host',
    reach: 'host',
    when: ['keepsEtcd', '!hasApiServersWithoutMember'],
    why: 'everything that the cluster knows is in etcd; each asks the member beside it',
  },
  {
    ...byEtcdctl,
    name: 'etcdctl',
    reach: 'host',
    why: 'snapshots and health checks, on the host itself',
  },
  {
    ...byEtcdctl,
    name: 'etcdctl-members',
    reach: 'network',
    why: 'endpoint health --cluster asks every member from one of them',
  },
  {
    name: 'apiserver-external-etcd',
    from: 'control-plane',
    to: 'external-etcd',
    client: 'kube-apiserver',
    server: 'etcd of others',
    listener: 'external-etcd',
    protocol: 'TCP',
    clientCertificates: [],
    serverCertificate: undefined,
    proof: 'the certificates that the keepers of etcd gave',
    reach: 'network',
    when: ['usesExternalEtcd'],
    why: 'everything that the cluster knows is in etcd',
  },
  {
    name: 'local-apiserver',
    from: 'control-plane',
    to: 'control-plane',
    client: 'kube-controller-manager, kube-scheduler',
    server: 'kube-apiserver',
    listener: api,
    protocol: 'TCP',
    clientCertificates: ['controller-manager', 'scheduler'],
    serverCertificate: 'apiserver',
    reach: 'host',
    why: 'each dials the API server beside it',
  },
  {
    name: 'apiserver-kubelet',
    from: 'control-plane',
    to: 'worker',
    client: 'kube-apiserver',
    server: 'kubelet',
    listener: kubelet,
    protocol: 'TCP',
    clientCertificates: ['apiserver-kubelet-client'],
    serverCertificate: 'kubelet-server',
    reach: 'network',
    why: 'logs, exec, port-forward and metrics',
  },
  {
    name: 'node-endpoint',
    from: 'worker',
    to: 'endpoint',
    client: 'kubelet, kube-proxy',
    server: 'kube-apiserver',
    listener: 'endpoint',
    protocol: 'TCP',
    clientCertificates: nodeClients,
    serverCertificate: 'apiserver',
    reach: 'network',
    modes: shared,
    why: 'nodes watch what they are to run, and report how it goes',
  },
  {
    name: 'node-balancer',
    from: 'worker',
    to: 'worker',
    client: 'kubelet, kube-proxy',
    server: 'haproxy of the same host',
    listener: 'endpoint',
    protocol: 'TCP',
    clientCertificates: nodeClients,
    serverCertificate: 'apiserver',
    reach: 'host',
    modes: ['node-local'],
    why: 'each worker balances for itself; TLS passes through to an API server',
  },
  {
    name: 'balancer-of-node',
    from: 'worker',
    to: 'control-plane',
    client: 'haproxy of each worker',
    server: 'kube-apiserver',
    listener: api,
    protocol: 'TCP',
    clientCertificates: nodeClients,
    serverCertificate: 'apiserver',
    reach: 'network',
    modes: ['node-local'],
    why: 'carries TLS of kubelet and kube-proxy unopened, and asks /readyz',
  },
  {
    name: 'endpoint-itself',
    from: 'endpoint',
    to: 'control-plane',
    client: 'whoever dials the endpoint',
    server: 'kube-apiserver',
    listener: api,
    protocol: 'TCP',
    clientCertificates: [],
    serverCertificate: 'apiserver',
    proof: 'TLS from end to end',
    reach: 'network',
    modes: ['hosts', 'keepalived', 'node-local'],
    why: 'the endpoint is an API server itself',
  },
  {
    name: 'balancer-of-others',
    from: 'endpoint',
    to: 'control-plane',
    client: 'load balancer of others',
    server: 'kube-apiserver',
    listener: api,
    protocol: 'TCP',
    clientCertificates: [],
    serverCertificate: 'apiserver',
    proof: 'TLS is to pass unopened',
    reach: 'network',
    modes: ['external'],
    why: 'spreads clients over the API servers',
  },
  {
    name: 'balancer',
    from: 'load-balancer',
    to: 'control-plane',
    client: 'haproxy',
    server: 'kube-apiserver',
    listener: api,
    protocol: 'TCP',
    clientCertificates: [],
    serverCertificate: 'apiserver',
    proof: 'TLS passes unopened',
    reach: 'network',
    when: ['balancesForOthers'],
    why: 'spreads clients over the API servers, and asks /readyz',
  },
  {
    name: 'vrrp-balancers',
    from: 'load-balancer',
    to: 'load-balancer',
    client: 'keepalived',
    server: 'keepalived',
    listener: 'any',
    protocol: 'VRRP',
    clientCertificates: [],
    serverCertificate: undefined,
    proof: 'unicast between known addresses',
    reach: 'network',
    when: ['floatsOnLoadBalancers'],
    why: 'decides which host has the floating address',
  },
  {
    name: 'vrrp-control-planes',
    from: 'control-plane',
    to: 'control-plane',
    client: 'keepalived',
    server: 'keepalived',
    listener: 'any',
    protocol: 'VRRP',
    clientCertificates: [],
    serverCertificate: undefined,
    proof: 'unicast between known addresses',
    reach: 'network',
    when: ['floatsOnControlPlanes'],
    why: 'decides which host has the floating address',
  },
  {
    name: 'aggregation',
    from: 'control-plane',
    to: 'extensions',
    client: 'kube-apiserver',
    server: 'extension API servers and webhooks',
    listener: 'any',
    protocol: 'TCP',
    clientCertificates: ['front-proxy-client'],
    serverCertificate: undefined,
    proof: 'server as its APIService says',
    reach: 'network',
    why: 'the aggregation layer, such as metrics-server; the port is that of the pod',
  },
  {
    name: 'operator',
    from: 'operator',
    to: 'endpoint',
    client: 'kubectl',
    server: 'kube-apiserver',
    listener: 'endpoint',
    protocol: 'TCP',
    clientCertificates: ['admin'],
    serverCertificate: 'apiserver',
    reach: 'network',
    why: 'administration',
  },
  {
    name: 'overlay',
    from: 'worker',
    to: 'worker',
    client: 'flannel',
    server: 'flannel',
    // Linux's default for VXLAN, which flannel keeps (flannel, Documentation/backends.md).
    listener: 8472,
    protocol: 'UDP',
    clientCertificates: [],
    serverCertificate: undefined,
    proof: 'not encrypted',
    reach: 'network',
    when: ['installsFlannel', '!routesPodsByHosts'],
    why: 'packets of pods from node to node, in VXLAN',
  },
  {
    name: 'pod-routes',
    from: 'worker',
    to: 'worker',
    client: 'pods',
    server: 'pods',
    listener: 'any',
    protocol: 'IP',
    clientCertificates: [],
    serverCertificate: undefined,
    proof: 'not encrypted',
    reach: 'network',
    when: ['installsFlannel', 'routesPodsByHosts'],
    why: 'packets of pods from node to node, with addresses of pods: flannel adds routes only',
  },
  {
    name: 'pods-apiserver',
    from: 'worker',
    to: 'control-plane',
    client: 'pods, by the service kubernetes',
    server: 'kube-apiserver',
    listener: api,
    protocol: 'TCP',
    clientCertificates: [],
    serverCertificate: 'apiserver',
    proof: 'tokens of service accounts',
    reach: 'network',
    why: 'kube-proxy leads the address of the service to every API server',
  },
  {
    name: 'node-ports',
    from: 'clients',
    to: 'worker',
    client: 'clients of services',
    server: 'kube-proxy',
    listener: 'node-ports',
    protocol: 'TCP',
    clientCertificates: [],
    serverCertificate: undefined,
    proof: 'that of the service',
    reach: 'network',
    why: 'services of type NodePort and LoadBalancer; UDP where a service uses it',
  },
  {
    name: 'proxy-health',
    from: 'clients',
    to: 'worker',
    client: 'load balancers of services',
    server: 'kube-proxy',
    listener: { daemon: 'kube-proxy', setting: 'healthzBindAddress' },
    protocol: 'TCP',
    clientCertificates: [],
    serverCertificate: undefined,
    proof: 'plain HTTP, health only',
    reach: 'network',
    why: 'load balancers ask whether the node serves',
  },
  {
    name: 'controller-manager-health',
    from: 'control-plane',
    to: 'control-plane',
    client: 'health checks and metrics',
    server: 'kube-controller-manager',
    listener: { daemon: 'kube-controller-manager', setting: '--secure-port' },
    protocol: 'TCP',
    clientCertificates: [],
    serverCertificate: undefined,
    proof: 'a token or certificate that the API server accepts',
    reach: 'host',
    why: 'health and metrics of the controller manager',
  },
  {
    name: 'scheduler-health',
    from: 'control-plane',
    to: 'control-plane',
    client: 'health checks and metrics',
    server: 'kube-scheduler',
    listener: { daemon: 'kube-scheduler', setting: '--secure-port' },
    protocol: 'TCP',
    clientCertificates: [],
    serverCertificate: undefined,
    proof: 'a token or certificate that the API server accepts',
    reach: 'host',
    why: 'health and metrics of the scheduler',
  },
  {
    name: 'kubelet-health',
    from: 'worker',
    to: 'worker',
    client: 'health checks',
    server: 'kubelet',
    listener: { daemon: 'kubelet', setting: 'healthzPort' },
    protocol: 'TCP',
    clientCertificates: [],
    serverCertificate: undefined,
    proof: 'plain HTTP, health only',
    reach: 'host',
    why: 'health of the kubelet',
  },
  {
    name: 'proxy-metrics',
    from: 'worker',
    to: 'worker',
    client: 'metrics',
    server: 'kube-proxy',
    listener: { daemon: 'kube-proxy', setting: 'metricsBindAddress' },
    protocol: 'TCP',
    clientCertificates: [],
    serverCertificate: undefined,
    proof: 'plain HTTP',
    reach: 'host',
    why: 'metrics of kube-proxy',
  },
  ...(['etcd', 'control-plane', 'worker', 'load-balancer'] as const).map(
    (to): ConnectionRow => ({
      name: `ssh-${to}`,
      from: 'operator',
      to,
      client: 'ssh',
      server: 'sshd',
      listener: 'ssh',
      protocol: 'TCP',
      clientCertificates: [],
      serverCertificate: undefined,
      proof: 'the keys of ssh',
      reach: 'network',
      why: 'the bundle is copied there, and install.sh is run',
    }),
  ),
  {
    name: 'registries',
    from: 'worker',
    to: 'registries',
    client: 'container runtime',
    server: 'registries',
    listener: 'registries',
    protocol: 'TCP',
    clientCertificates: [],
    serverCertificate: undefined,
    proof: 'certificates of the registries',
    reach: 'network',
    why: 'images, unless they were imported on the hosts, or a mirror has them',
  },
  {
    name: 'registry-mirrors',
    from: 'worker',
    to: 'registries',
    client: 'container runtime',
    server: 'mirrors of registries',
    listener: 'registry-mirrors',
    protocol: 'TCP',
    clientCertificates: [],
    serverCertificate: undefined,
    proof: 'certificates of the mirrors, none over http',
    reach: 'network',
    why: 'images, from runtime.registryMirrors first',
  },
  ...(['etcd', 'control-plane', 'worker'] as const).map(
    (from): ConnectionRow => ({
      name: `downloads-${from}`,
      from,
      to: 'registries',
      client: 'install.sh',
      server: 'where binaries are published, or their mirror',
      listener: 'downloads',
      protocol: 'TCP',
      clientCertificates: [],
      serverCertificate: undefined,
      proof: 'sums in the bundle',
      reach: 'network',
      why: 'binaries.source is download: official files, when a host is installed',
    }),
  ),
];
