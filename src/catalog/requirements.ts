/** What a role needs of its host: binaries, programs, ports, kernel modules, users, units, room. */
import type { Role } from '../model/cluster.ts';
import type { UnitSpec } from '../model/plan.ts';
import * as paths from './paths.ts';

interface RoleRow {
  readonly role: Role;
  /** See plan/facts.ts. */
  readonly when?: string;
}

/** Where the floating address may be: on the control planes or on the load balancers, as the mode says. */
const floatingRoles: readonly (RoleRow & { readonly when: string })[] = [
  { role: 'control-plane', when: 'floatsOnControlPlanes' },
  { role: 'load-balancer', when: 'floatsOnLoadBalancers' },
];

/**
 * In the inventory's folder unless `dir` says where. `kubernetes`: compared exactly with its version; `any`: must
 * exist. `unit`: what runs it, restarted when install.sh brings another one. Where they come from: downloads.ts.
 */
export const binaries: readonly (RoleRow & {
  readonly name: string;
  readonly dir?: string;
  readonly version: 'kubernetes' | 'any';
  readonly unit?: string;
})[] = [
  { role: 'etcd', name: 'etcd', version: 'any', unit: 'etcd.service' },
  { role: 'etcd', name: 'etcdctl', version: 'any' },
  // From 3.6 on it alone reads snapshots (etcd-io/etcd, CHANGELOG-3.6).
  { role: 'etcd', when: 'readsSnapshotsWithEtcdutl', name: 'etcdutl', version: 'any' },
  { role: 'control-plane', name: 'kube-apiserver', version: 'kubernetes', unit: 'kube-apiserver.service' },
  {
    role: 'control-plane',
    name: 'kube-controller-manager',
    version: 'kubernetes',
    unit: 'kube-controller-manager.service',
  },
  { role: 'control-plane', name: 'kube-scheduler', version: 'kubernetes', unit: 'kube-scheduler.service' },
  { role: 'control-plane', name: 'kubectl', version: 'any' },
  { role: 'worker', name: 'kubelet', version: 'kubernetes', unit: 'kubelet.service' },
  { role: 'worker', name: 'kube-proxy', version: 'kubernetes', unit: 'kube-proxy.service' },
  { role: 'worker', when: 'usesCriDockerd', name: 'cri-dockerd', version: 'any' },
  // flannel brings its own plugin only, and no pod starts without these; distributions keep them elsewhere.
  { role: 'worker', when: 'installsFlannel', dir: paths.cniBinaryDir, name: 'bridge', version: 'any' },
  { role: 'worker', when: 'installsFlannel', dir: paths.cniBinaryDir, name: 'host-local', version: 'any' },
  { role: 'worker', when: 'installsFlannel', dir: paths.cniBinaryDir, name: 'loopback', version: 'any' },
  { role: 'worker', when: 'installsFlannel', dir: paths.cniBinaryDir, name: 'portmap', version: 'any' },
];

/** Programs of the distribution that kubelet and kube-proxy call, with the packages that have them. */
export const commands: readonly (RoleRow & {
  readonly name: string;
  readonly debian: string;
  readonly rhel: string;
})[] = [
  { role: 'worker', name: 'modprobe', debian: 'kmod', rhel: 'kmod' },
  { role: 'worker', name: 'mount', debian: 'mount', rhel: 'util-linux' },
  { role: 'worker', name: 'iptables', debian: 'iptables', rhel: 'iptables' },
  { role: 'worker', name: 'conntrack', debian: 'conntrack', rhel: 'conntrack-tools' },
  { role: 'worker', name: 'socat', debian: 'socat', rhel: 'socat' },
  { role: 'worker', when: 'usesNftables', name: 'nft', debian: 'nftables', rhel: 'nftables' },
  { role: 'worker', when: 'usesIpvs', name: 'ipset', debian: 'ipset', rhel: 'ipset' },
  { role: 'worker', when: 'usesIpvs', name: 'ipvsadm', debian: 'ipvsadm', rhel: 'ipvsadm' },
  { role: 'load-balancer', when: 'balancesForOthers', name: 'haproxy', debian: 'haproxy', rhel: 'haproxy' },
  { role: 'worker', when: 'balancesForItself', name: 'haproxy', debian: 'haproxy', rhel: 'haproxy' },
  ...floatingRoles.flatMap((row) => [
    { ...row, name: 'keepalived', debian: 'keepalived', rhel: 'keepalived' },
    { ...row, name: 'curl', debian: 'curl', rhel: 'curl' },
  ]),
];

/** A port, or what it is called: that of the API servers, that of the endpoint. */
export type PortName = number | 'apiserver' | 'endpoint';

export const ports: readonly (RoleRow & { readonly port: PortName; readonly unit: string })[] = [
  { role: 'etcd', port: 2379, unit: 'etcd.service' },
  { role: 'etcd', port: 2380, unit: 'etcd.service' },
  { role: 'control-plane', port: 'apiserver', unit: 'kube-apiserver.service' },
  { role: 'control-plane', port: 10257, unit: 'kube-controller-manager.service' },
  { role: 'control-plane', port: 10259, unit: 'kube-scheduler.service' },
  { role: 'load-balancer', when: 'balancesForOthers', port: 'endpoint', unit: 'haproxy.service' },
  { role: 'worker', when: 'balancesForItself', port: 'endpoint', unit: 'hardway-api-balancer.service' },
  { role: 'worker', port: 10248, unit: 'kubelet.service' },
  { role: 'worker', port: 10250, unit: 'kubelet.service' },
  { role: 'worker', port: 10249, unit: 'kube-proxy.service' },
  { role: 'worker', port: 10256, unit: 'kube-proxy.service' },
];

/** `{scheduler}` stands for the module of the inventory's IPVS scheduler. */
export const modules: readonly (RoleRow & {
  readonly name: string;
  readonly need: 'required' | 'optional';
})[] = [
  { role: 'worker', name: 'br_netfilter', need: 'required' },
  { role: 'worker', name: 'overlay', need: 'required' },
  { role: 'worker', name: 'nf_conntrack', need: 'required' },
  { role: 'worker', when: 'usesNftables', name: 'nf_tables', need: 'required' },
  { role: 'worker', when: 'usesIpvs', name: 'ip_vs', need: 'required' },
  { role: 'worker', when: 'usesIpvs', name: 'ip_vs_rr', need: 'required' },
  { role: 'worker', when: 'usesIpvs', name: 'ip_vs_wrr', need: 'required' },
  { role: 'worker', when: 'usesIpvs', name: 'ip_vs_sh', need: 'required' },
  { role: 'worker', when: 'usesIpvs', name: '{scheduler}', need: 'required' },
  // Merged into nf_conntrack in Linux 4.19, and then gone; whether it exists is asked of the host.
  { role: 'worker', when: 'usesIpvs', name: 'nf_conntrack_ipv4', need: 'optional' },
];

export const users: readonly (RoleRow & { readonly name: string; readonly home: string })[] = [
  { role: 'etcd', name: 'etcd', home: paths.etcdHome },
  { role: 'control-plane', name: 'kube', home: '/nonexistent' },
  // The name that keepalived.conf(5) proposes for the user of check scripts.
  ...floatingRoles.map((row) => ({ ...row, name: 'keepalived_script', home: '/nonexistent' })),
];

/** In the order in which a host starts them. */
export const units: readonly (RoleRow & UnitSpec)[] = [
  { role: 'etcd', name: 'etcd.service', start: 'enable' },
  { role: 'etcd', when: 'backsUpEtcd', name: 'hardway-etcd-backup.timer', start: 'enable' },
  { role: 'control-plane', name: 'kube-apiserver.service', start: 'enable' },
  { role: 'control-plane', name: 'kube-controller-manager.service', start: 'enable' },
  { role: 'control-plane', name: 'kube-scheduler.service', start: 'enable' },
  { role: 'control-plane', name: 'kube-addons.service', start: 'once' },
  { role: 'control-plane', name: 'hardway-label-nodes.timer', start: 'enable' },
  { role: 'load-balancer', when: 'balancesForOthers', name: 'haproxy.service', start: 'reload' },
  ...floatingRoles.map((row) => ({ ...row, name: 'keepalived.service', start: 'reload' }) as const),
  { role: 'worker', when: 'balancesForItself', name: 'hardway-api-balancer.service', start: 'reload' },
  { role: 'worker', when: 'usesContainerd', name: 'containerd.service', start: 'runtime' },
  { role: 'worker', when: 'usesDocker', name: 'docker.service', start: 'runtime' },
  { role: 'worker', when: 'usesCriDockerd', name: 'cri-dockerd.service', start: 'enable' },
  { role: 'worker', name: 'kubelet.service', start: 'enable' },
  { role: 'worker', name: 'kube-proxy.service', start: 'enable' },
];

/** Free room wanted, in MiB: enough to start and to notice before the disk is full. For `etcd`, `etcd-backup` and `binaries` see stateFolder in plan/plan.ts. */
export const space: readonly (RoleRow & { readonly path: string; readonly mebibytes: number })[] = [
  { role: 'etcd', path: 'etcd', mebibytes: 512 },
  { role: 'etcd', when: 'backsUpEtcd', path: 'etcd-backup', mebibytes: 512 },
  { role: 'control-plane', path: '/var/log', mebibytes: 256 },
  { role: 'worker', path: paths.kubeletDir, mebibytes: 1024 },
  // Binaries that install.sh brings: at their place, and once more where they are unpacked or the old ones kept.
  ...bringingBinaries('etcd', 80),
  ...bringingBinaries('control-plane', 320),
  ...bringingBinaries('worker', 200),
];

function bringingBinaries(role: Role, mebibytes: number) {
  const row = { role, when: 'bringsBinaries', mebibytes };
  return [
    { ...row, path: 'binaries' },
    { ...row, path: paths.installerState },
  ];
}

/**
 * Folders of state that only `install.sh uninstall --purge-data --yes` deletes, and whose
 * owner stays as long as they do. For `etcd` and `etcd-backup` see stateFolder in plan/plan.ts.
 */
export const data: readonly (RoleRow & { readonly path: string })[] = [
  { role: 'etcd', path: 'etcd' },
  { role: 'etcd', when: 'backsUpEtcd', path: 'etcd-backup' },
  { role: 'control-plane', when: 'audits', path: paths.auditLogDir },
  { role: 'worker', path: paths.kubeletPki },
];

/** Files that daemons make while they run, deleted by `install.sh uninstall`. */
export const generated: readonly (RoleRow & { readonly path: string })[] = [
  { role: 'worker', when: 'bootstrapsWithToken', path: `${paths.authDir}/kubelet.conf` },
  // A link to the newest key; a kubelet that finds it uses it, also in another cluster.
  { role: 'worker', path: paths.kubeletClientCertificate },
  { role: 'worker', path: paths.kubeletResolvConf },
  { role: 'worker', when: 'looksForAmazon', path: paths.kubeletEnvironment },
  { role: 'control-plane', when: 'bootstrapsWithTokenSecret', path: paths.bootstrapTokenStamp },
  { role: 'control-plane', path: paths.addonsAppliedStamp },
  { role: 'control-plane', path: paths.addonsLookedAtStamp },
  { role: 'control-plane', path: paths.nodeLabelsStamp },
];

/**
 * What a daemon gets some time after it has started for the first time, and makes better use
 * of from its start on: install.sh restarts it once when the file appears while it watches.
 */
export const awaited: readonly (RoleRow & { readonly unit: string; readonly path: string })[] = [
  {
    role: 'worker',
    when: 'bootstrapsWithToken',
    unit: 'kubelet.service',
    path: paths.kubeletClientCertificate,
  },
];

/**
 * What a role's units wait for on the hosts of another; this host itself is left out,
 * and a host that has the other role too waits for nobody else.
 */
export const peers: readonly (RoleRow & { readonly of: Role; readonly port: PortName })[] = [
  { role: 'etcd', of: 'etcd', port: 2380 },
  { role: 'control-plane', of: 'etcd', port: 2379 },
  { role: 'worker', of: 'control-plane', port: 'apiserver' },
  { role: 'worker', when: 'balancesForOthers', of: 'load-balancer', port: 'endpoint' },
];
