/**
 * Files and folders of a host besides certificates and kubeconfigs: which roles
 * have them, under which condition, with which mode and owner, and which units
 * restart when they change. `template` is below templates/; a path without one is
 * rendered from the template that stands at the same place.
 */
import type { AuthorityName } from '../model/certificate.ts';
import type { ComponentKey, Role } from '../model/cluster.ts';
import type { Owner, Placement } from '../model/file.ts';
import { endpointFiles } from './endpoint-files.ts';
import * as paths from './paths.ts';

export interface HostFileRow {
  readonly path: string;
  readonly source:
    | { readonly template: string }
    | { readonly authority: AuthorityName; readonly part: 'certificate' | 'private-key' }
    | { readonly serviceAccount: 'private' | 'public' }
    | { readonly externalEtcd: 'authority' | 'certificate' | 'private-key' };
  readonly roles: readonly Role[];
  readonly when?: string;
  readonly mode: number;
  readonly owner?: Owner;
  readonly placement?: Placement;
  readonly services?: readonly string[];
  /** The component whose `config` in the inventory is merged into this YAML file. */
  readonly overlay?: ComponentKey;
}

export interface DirectoryRow {
  readonly path: string;
  readonly roles: readonly Role[];
  readonly when?: string;
  readonly mode: number;
  readonly owner?: Owner;
  readonly group?: Owner;
}

const everyRole: readonly Role[] = ['etcd', 'control-plane', 'worker', 'load-balancer'];
const kubernetesRoles: readonly Role[] = ['control-plane', 'worker'];
const apiserver = ['kube-apiserver.service'];
const controllerManager = ['kube-controller-manager.service'];
const scheduler = ['kube-scheduler.service'];
const kubelet = ['kubelet.service'];
const kubeProxy = ['kube-proxy.service'];
const addons = ['kube-addons.service'];
const nodeLabels = ['hardway-label-nodes.timer'];
const everyComponent = [...apiserver, ...controllerManager, ...scheduler, ...kubelet, ...kubeProxy];

/** Unit files may be read by root only, as hardening guidance asks, though systemd shows them to all. */
function unit(name: string, role: Role): HostFileRow {
  return {
    path: `${paths.systemdDir}/${name}`,
    source: { template: `etc/systemd/system/${name}.hbs` },
    roles: [role],
    mode: 0o600,
    services: [name],
  };
}

export const hostFiles: readonly HostFileRow[] = [
  // etcd
  {
    path: paths.etcdEnv,
    source: { template: 'etc/default/etcd.hbs' },
    roles: ['etcd'],
    mode: 0o600,
    services: ['etcd.service'],
  },
  {
    path: `${paths.etcdPki}/ca.crt`,
    source: { authority: 'etcd-ca', part: 'certificate' },
    roles: ['etcd'],
    mode: 0o644,
    services: ['etcd.service'],
  },
  {
    // Root's, since its client may do everything with etcd; no daemon reads it.
    path: paths.etcdctlEnv,
    source: { template: 'etc/etcd/etcdctl.env.hbs' },
    roles: ['etcd'],
    mode: 0o600,
  },
  unit('etcd.service', 'etcd'),
  {
    path: paths.etcdRestoreScript,
    source: { template: 'usr/local/sbin/hardway-etcd-restore.hbs' },
    roles: ['etcd'],
    mode: 0o755,
  },
  {
    path: paths.etcdBackupScript,
    source: { template: 'usr/local/sbin/hardway-etcd-backup.hbs' },
    roles: ['etcd'],
    when: 'backsUpEtcd',
    mode: 0o755,
  },
  {
    // Its timer starts it: install.sh has nothing to enable or to restart.
    path: `${paths.systemdDir}/hardway-etcd-backup.service`,
    source: { template: 'etc/systemd/system/hardway-etcd-backup.service.hbs' },
    roles: ['etcd'],
    when: 'backsUpEtcd',
    mode: 0o644,
  },
  { ...unit('hardway-etcd-backup.timer', 'etcd'), when: 'backsUpEtcd' },

  // the control plane's keys; the etcd and front-proxy authorities' keys are on no host
  {
    path: `${paths.kubernetesPki}/ca.crt`,
    source: { authority: 'kubernetes-ca', part: 'certificate' },
    roles: kubernetesRoles,
    mode: 0o644,
    services: [...apiserver, ...controllerManager, ...scheduler, ...kubelet, 'hardway-api-balancer.service'],
  },
  {
    path: `${paths.kubernetesPki}/ca.key`,
    source: { authority: 'kubernetes-ca', part: 'private-key' },
    roles: ['control-plane'],
    mode: 0o600,
    owner: 'kube',
    services: controllerManager,
  },
  {
    path: `${paths.kubernetesPki}/etcd/ca.crt`,
    source: { authority: 'etcd-ca', part: 'certificate' },
    roles: ['control-plane'],
    when: 'keepsEtcd',
    mode: 0o644,
    services: apiserver,
  },
  // In place of this one and of the certificate apiserver-etcd-client, where others keep etcd.
  {
    path: `${paths.kubernetesPki}/etcd/ca.crt`,
    source: { externalEtcd: 'authority' },
    roles: ['control-plane'],
    when: 'usesExternalEtcd',
    mode: 0o644,
    services: apiserver,
  },
  {
    path: `${paths.kubernetesPki}/apiserver-etcd-client.crt`,
    source: { externalEtcd: 'certificate' },
    roles: ['control-plane'],
    when: 'usesExternalEtcd',
    mode: 0o644,
    services: apiserver,
  },
  {
    path: `${paths.kubernetesPki}/apiserver-etcd-client.key`,
    source: { externalEtcd: 'private-key' },
    roles: ['control-plane'],
    when: 'usesExternalEtcd',
    mode: 0o600,
    owner: 'kube',
    services: apiserver,
  },
  {
    path: `${paths.kubernetesPki}/front-proxy-ca.crt`,
    source: { authority: 'kubernetes-front-proxy-ca', part: 'certificate' },
    roles: ['control-plane'],
    mode: 0o644,
    services: [...apiserver, ...controllerManager, ...scheduler],
  },
  {
    path: `${paths.kubernetesPki}/sa.key`,
    source: { serviceAccount: 'private' },
    roles: ['control-plane'],
    mode: 0o600,
    owner: 'kube',
    services: [...apiserver, ...controllerManager],
  },
  {
    path: `${paths.kubernetesPki}/sa.pub`,
    source: { serviceAccount: 'public' },
    roles: ['control-plane'],
    mode: 0o644,
    services: apiserver,
  },

  // the control plane's configuration
  {
    path: `${paths.kubernetesDir}/config`,
    source: { template: 'etc/kubernetes/config.hbs' },
    roles: kubernetesRoles,
    mode: 0o600,
    services: everyComponent,
  },
  {
    path: `${paths.kubernetesDir}/apiserver`,
    source: { template: 'etc/kubernetes/apiserver.hbs' },
    roles: ['control-plane'],
    mode: 0o600,
    services: apiserver,
  },
  {
    path: `${paths.kubernetesDir}/controller-manager`,
    source: { template: 'etc/kubernetes/controller-manager.hbs' },
    roles: ['control-plane'],
    mode: 0o600,
    services: controllerManager,
  },
  {
    path: `${paths.kubernetesDir}/scheduler`,
    source: { template: 'etc/kubernetes/scheduler.hbs' },
    roles: ['control-plane'],
    mode: 0o600,
    services: scheduler,
  },
  {
    path: paths.tokenFile,
    source: { template: 'etc/kubernetes/token.csv.hbs' },
    roles: ['control-plane'],
    when: 'bootstrapsWithTokenFile',
    mode: 0o600,
    owner: 'kube',
    services: apiserver,
  },
  {
    path: paths.bootstrapTokenManifest,
    source: { template: 'etc/kubernetes/bootstrap-token.yaml.hbs' },
    roles: ['control-plane'],
    when: 'bootstrapsWithTokenSecret',
    mode: 0o600,
    services: addons,
  },
  {
    path: paths.encryptionConfig,
    source: { template: 'etc/kubernetes/encryption-config.yaml.hbs' },
    roles: ['control-plane'],
    when: 'encryptsAtRest',
    mode: 0o600,
    owner: 'kube',
    services: apiserver,
  },
  {
    path: paths.authenticationConfig,
    source: { template: 'etc/kubernetes/authentication-config.yaml.hbs' },
    roles: ['control-plane'],
    when: 'limitsAnonymous',
    mode: 0o644,
    services: apiserver,
  },
  {
    path: paths.admissionConfig,
    source: { template: 'etc/kubernetes/admission-config.yaml.hbs' },
    roles: ['control-plane'],
    mode: 0o644,
    services: apiserver,
  },
  {
    path: paths.auditPolicy,
    source: { template: 'etc/kubernetes/audit-policy.yaml.hbs' },
    roles: ['control-plane'],
    when: 'audits',
    mode: 0o644,
    services: apiserver,
  },
  {
    path: `${paths.addonsDir}/10-rbac.yaml`,
    source: { template: 'etc/kubernetes/addons/10-rbac.yaml.hbs' },
    roles: ['control-plane'],
    mode: 0o644,
    services: addons,
  },
  {
    path: `${paths.addonsDir}/15-pod-security-policy.yaml`,
    source: { template: 'etc/kubernetes/addons/15-pod-security-policy.yaml.hbs' },
    roles: ['control-plane'],
    when: 'enforcesPodSecurityPolicy',
    mode: 0o644,
    services: addons,
  },
  {
    path: `${paths.addonsDir}/20-flannel.yaml`,
    source: { template: 'etc/kubernetes/addons/20-flannel.yaml.hbs' },
    roles: ['control-plane'],
    when: 'installsFlannel',
    mode: 0o644,
    services: addons,
  },
  {
    path: `${paths.addonsDir}/30-coredns.yaml`,
    source: { template: 'etc/kubernetes/addons/30-coredns.yaml.hbs' },
    roles: ['control-plane'],
    when: 'installsCoreDNS',
    mode: 0o644,
    services: addons,
  },
  {
    path: paths.applyAddonsScript,
    source: { template: 'usr/local/sbin/hardway-apply-addons.hbs' },
    roles: ['control-plane'],
    mode: 0o755,
    services: addons,
  },
  {
    path: paths.nodeLabels,
    source: { template: 'etc/kubernetes/node-labels.hbs' },
    roles: ['control-plane'],
    mode: 0o644,
    services: nodeLabels,
  },
  {
    path: paths.labelNodesScript,
    source: { template: 'usr/local/sbin/hardway-label-nodes.hbs' },
    roles: ['control-plane'],
    mode: 0o755,
    services: nodeLabels,
  },
  {
    // Its timer starts it: install.sh has nothing to enable or to restart.
    path: `${paths.systemdDir}/hardway-label-nodes.service`,
    source: { template: 'etc/systemd/system/hardway-label-nodes.service.hbs' },
    roles: ['control-plane'],
    mode: 0o644,
  },
  unit('hardway-label-nodes.timer', 'control-plane'),
  unit('kube-apiserver.service', 'control-plane'),
  unit('kube-controller-manager.service', 'control-plane'),
  unit('kube-scheduler.service', 'control-plane'),
  unit('kube-addons.service', 'control-plane'),

  // workers
  {
    path: `${paths.kubernetesDir}/kubelet`,
    source: { template: 'etc/kubernetes/kubelet.hbs' },
    roles: ['worker'],
    mode: 0o600,
    services: kubelet,
  },
  {
    path: `${paths.kubernetesDir}/proxy`,
    source: { template: 'etc/kubernetes/proxy.hbs' },
    roles: ['worker'],
    mode: 0o600,
    services: kubeProxy,
  },
  {
    path: `${paths.kubeletDir}/config.yaml`,
    source: { template: 'var/lib/kubelet/config.yaml.hbs' },
    roles: ['worker'],
    mode: 0o600,
    services: kubelet,
    overlay: 'kubelet',
  },
  {
    path: `${paths.kubeProxyDir}/config.yaml`,
    source: { template: 'var/lib/kube-proxy/config.yaml.hbs' },
    roles: ['worker'],
    mode: 0o600,
    services: kubeProxy,
    overlay: 'proxy',
  },
  unit('kubelet.service', 'worker'),
  unit('kube-proxy.service', 'worker'),

  // the container runtime
  {
    path: '/etc/containerd/config.toml',
    source: { template: 'etc/containerd/config.toml.hbs' },
    roles: ['worker'],
    when: 'usesContainerd',
    mode: 0o644,
    services: ['containerd.service'],
  },
  {
    path: `${paths.systemdDir}/containerd.service.d/10-hardway-proxy.conf`,
    source: { template: 'etc/systemd/system/_runtime-proxy.conf.hbs' },
    roles: ['worker'],
    when: 'usesContainerdWithProxy',
    mode: 0o600,
    services: ['containerd.service'],
  },
  {
    ...unit('cri-dockerd.service', 'worker'),
    when: 'usesCriDockerd',
  },
  {
    path: '/etc/docker/daemon.json',
    source: { template: 'etc/docker/daemon.json.hbs' },
    roles: ['worker'],
    when: 'usesDocker',
    mode: 0o644,
    services: ['docker.service'],
  },
  {
    path: `${paths.systemdDir}/docker.service.d/10-hardway-forward.conf`,
    source: { template: 'etc/systemd/system/docker.service.d/10-hardway-forward.conf.hbs' },
    roles: ['worker'],
    when: 'usesDocker',
    mode: 0o644,
    services: ['docker.service'],
  },
  {
    path: `${paths.systemdDir}/docker.service.d/10-hardway-proxy.conf`,
    source: { template: 'etc/systemd/system/_runtime-proxy.conf.hbs' },
    roles: ['worker'],
    when: 'usesDockerWithProxy',
    mode: 0o600,
    services: ['docker.service'],
  },

  ...endpointFiles,

  // every host
  {
    path: paths.modulesFile,
    source: { template: 'etc/modules-load.d/10-k8s-modules.conf.hbs' },
    roles: everyRole,
    mode: 0o644,
  },
  {
    path: paths.sysctlFile,
    source: { template: 'etc/sysctl.d/99-kubernetes.conf.hbs' },
    roles: everyRole,
    mode: 0o644,
  },
  {
    path: paths.hostsFile,
    source: { template: 'etc/hosts.hbs' },
    roles: everyRole,
    when: 'managesHostsFile',
    mode: 0o644,
    placement: 'block',
  },
];

/**
 * Folders that are the cluster's own, parents before children; others that a file needs
 * install.sh makes. The daemons of the control plane run as `kube` and must pass through.
 */
export const hostDirectories: readonly DirectoryRow[] = [
  { path: paths.etcdDir, roles: ['etcd'], mode: 0o755 },
  { path: paths.etcdPki, roles: ['etcd'], mode: 0o750, group: 'etcd' },
  { path: paths.etcdHome, roles: ['etcd'], mode: 0o700, owner: 'etcd', group: 'etcd' },
  { path: paths.kubernetesDir, roles: kubernetesRoles, mode: 0o755 },
  { path: paths.kubernetesPki, roles: ['control-plane'], mode: 0o750, group: 'kube' },
  { path: paths.kubernetesPki, roles: ['worker'], when: 'isNotControlPlane', mode: 0o700 },
  { path: `${paths.kubernetesPki}/etcd`, roles: ['control-plane'], mode: 0o750, group: 'kube' },
  { path: paths.authDir, roles: ['control-plane'], mode: 0o750, group: 'kube' },
  { path: paths.authDir, roles: ['worker'], when: 'isNotControlPlane', mode: 0o700 },
  { path: paths.addonsDir, roles: ['control-plane'], mode: 0o755 },
  {
    path: paths.auditLogDir,
    roles: ['control-plane'],
    when: 'audits',
    mode: 0o700,
    owner: 'kube',
    group: 'kube',
  },
  // The controller-manager looks for drivers there; its sandbox keeps it from making the folder.
  { path: paths.volumePluginDir, roles: ['control-plane'], mode: 0o755 },
  { path: paths.kubeletDir, roles: ['worker'], mode: 0o750 },
  { path: paths.kubeProxyDir, roles: ['worker'], mode: 0o750 },
];
