/** Rules about labels and taints of nodes. */
import type { Path, Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';

/**
 * Labels in the namespaces of Kubernetes that a kubelet may set on its own node;
 * with any other it does not start (pkg/kubelet/apis/well_known_labels.go, 1.16+).
 */
const allowedLabels = [
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
const allowedNamespaces = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

/** The kubelet may set every label on its own node. */
export function* labelsAreAllowed(context: RuleContext): Iterable<Problem> {
  for (const { path, labels } of nodeSettings(context)) {
    for (const key of Object.keys(labels)) {
      if (isAllowed(key)) continue;
      yield refused(key, [...path, 'labels', key]);
    }
  }
}

function isAllowed(key: string): boolean {
  const namespace = key.includes('/') ? (key.split('/')[0] ?? '') : '';
  const isBelow = (domain: string) => namespace === domain || namespace.endsWith(`.${domain}`);
  if (!isBelow('kubernetes.io') && !isBelow('k8s.io')) return true;
  return allowedLabels.includes(key) || allowedNamespaces.some(isBelow);
}

function refused(key: string, path: Path): Problem {
  const isRole = key.startsWith('node-role.kubernetes.io/');
  const reason = isRole
    ? 'a node must not choose its own role'
    : 'only some labels of kubernetes.io and k8s.io are open to it';
  const fix = isRole
    ? `delete the label and set it later: kubectl label node NAME ${key}=`
    : `use a domain of your own, *.node.kubernetes.io, or one of ${allowedLabels.filter((label) => !label.includes('beta')).join(', ')}`;
  return {
    code: 'label-refused',
    path,
    atKey: true,
    message: `the kubelet refuses to set the label "${key}": ${reason}`,
    fix,
  };
}

/** No taint stands twice with the same key and effect. */
export function* taintsAreUnique(context: RuleContext): Iterable<Problem> {
  for (const { path, taints } of nodeSettings(context)) {
    const firsts = new Map<string, number>();
    for (const [index, taint] of taints.entries()) {
      if (taint === undefined) continue;
      const id = taint.replace(/=[^:]*/, '');
      const first = firsts.get(id);
      if (first === undefined) {
        firsts.set(id, index);
        continue;
      }
      yield {
        code: 'duplicate-taint',
        path: [...path, 'taints', index],
        message: `the taint ${id} stands here a second time; key and effect together must be unique`,
        related: { path: [...path, 'taints', first], message: 'the first one' },
        fix: 'delete one of the two',
      };
    }
  }
}

interface NodeSettings {
  readonly path: Path;
  readonly labels: Readonly<Record<string, unknown>>;
  readonly taints: readonly (string | undefined)[];
}

/** Labels and taints wherever they may stand. */
function* nodeSettings({ inventory, facts }: RuleContext): Iterable<NodeSettings> {
  for (const [role, settings] of Object.entries(inventory.roleDefaults ?? {})) {
    if (settings !== undefined)
      yield { path: ['roleDefaults', role], labels: settings.labels ?? {}, taints: settings.taints ?? [] };
  }
  for (const { host, path } of facts.hosts)
    yield { path, labels: host.labels ?? {}, taints: host.taints ?? [] };
}
