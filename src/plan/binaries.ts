/** The binaries of a host: they follow from its roles alone. */
import { binaries } from '../catalog/requirements.ts';
import type { Cluster, Role } from '../model/cluster.ts';
import type { PlannedBinary } from '../model/plan.ts';
import { conditionHolds, roleConditions } from './facts.ts';

/** What hosts with these roles run, in the order of the table. */
export function binariesOf(cluster: Cluster, roles: readonly Role[]): PlannedBinary[] {
  const conditions = roleConditions(cluster, roles);
  return binaries
    .filter(({ role, when }) => roles.includes(role) && conditionHolds(conditions, when))
    .map(({ name, role, dir = cluster.binaries.dir, version, unit }) => ({
      name,
      role,
      path: `${dir}/${name}`,
      version: version === 'kubernetes' ? cluster.kubernetes.version : undefined,
      unit,
    }));
}
