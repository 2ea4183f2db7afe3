/**
 * Labels and taints of nodes by role and version, and which labels a kubelet may give its own
 * node. What it may not is set by control planes (hardway-label-nodes).
 */
import type { Role } from '../model/cluster.ts';
import { isFrom } from './releases.ts';

export interface NodeRoleRow {
  readonly role: Role;
  /** What follows `node-role.kubernetes.io/`; `kubectl get nodes` shows it in the column ROLES. */
  readonly name: string;
  /** The first minor in which tools no longer set the label. */
  readonly labelUntil?: string;
  /** The first minor in which nobody sets or tolerates a taint of this name; without it none did. */
  readonly taint?: { readonly until?: string };
}

/**
 * `control-plane` came beside `master` with 1.20, whose label went with 1.24 and whose taint with
 * 1.25 (kubernetes/enhancements#2067). `worker` has no meaning to Kubernetes; people look for it.
 */
const nodeRoles: readonly NodeRoleRow[] = [
  { role: 'control-plane', name: 'control-plane', taint: {} },
  { role: 'control-plane', name: 'master', labelUntil: '1.24', taint: { until: '1.25' } },
  { role: 'worker', name: 'worker' },
];

const prefix = 'node-role.kubernetes.io/';
const isBefore = (minor: string, until: string | undefined) => until === undefined || !isFrom(minor, until);

/** The labels, all with an empty value, that say a node's roles in a version. */
export function roleLabels(roles: readonly Role[], minor: string): string[] {
  return nodeRoles
    .filter(({ role, labelUntil }) => roles.includes(role) && isBefore(minor, labelUntil))
    .map(({ name }) => `${prefix}${name}`);
}

/** The keys of taints by which control planes of a version keep pods away. */
export function controlPlaneTaints(minor: string): string[] {
  return nodeRoles
    .filter(({ taint }) => taint !== undefined && isBefore(minor, taint.until))
    .map(({ name }) => `${prefix}${name}`);
}

/**
 * Labels in the namespaces of Kubernetes that a kubelet may set on its own node;
 * with any other it does not start (pkg/kubelet/apis/well_known_labels.go, 1.16+).
 */
const kubeletLabels = [
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
];
const kubeletNamespaces = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

/** Whether a kubelet may give its own node a label with this key. */
export function isKubeletLabel(key: string): boolean {
  const namespace = key.includes('/') ? (key.split('/')[0] ?? '') : '';
  const isBelow = (domain: string) => namespace === domain || namespace.endsWith(`.${domain}`);
  if (!isBelow('kubernetes.io') && !isBelow('k8s.io')) return true;
  return kubeletLabels.includes(key) || kubeletNamespaces.some(isBelow);
}
