/** The audit of an existing cluster: defects first, then the hardening checks as far as the tree tells. */
import { auditCluster } from '../audit/audit.ts';
import type { Audit, AuditResult, Profile } from '../audit/result.ts';
import { type HardeningCheck, hardeningChecks } from '../catalog/hardening/hardening.ts';
import { maskUrls } from '../diagnostics/visible.ts';
import type { TreeCluster } from './cluster.ts';
import { defectChecks, defectResults } from './defects.ts';
import { untoldOf } from './untold.ts';

/** What extensions say of a fix is about keys of an inventory, which an existing cluster has none of. */
const ownChecks: readonly HardeningCheck[] = hardeningChecks.map(({ fix: _fix, ...check }) => check);

/** No inventory has refused users and passwords in URLs here. */
function withoutCredentials(result: AuditResult): AuditResult {
  return { ...result, message: maskUrls(result.message) };
}

/** The results of a profile; the benchmark's has no defects, which are checks of our own. */
export function auditTree(cluster: TreeCluster, profile: Profile): Audit {
  const { hosts, view } = cluster;
  const { kubernetesMinor, etcdMinor } = view.facts;
  const bundles = hosts.map(({ view: { bundle }, directories }) => ({ bundle, directories }));
  const input = { kubernetesMinor, etcdMinor, bundles, installScript: '', untold: untoldOf(hosts) };
  const audit = auditCluster({ ...input, view }, profile, ownChecks);
  if (profile === 'cis') return { ...audit, results: audit.results.map(withoutCredentials) };
  return {
    ...audit,
    checks: [...defectChecks, ...audit.checks],
    results: [...defectResults(cluster), ...audit.results].map(withoutCredentials),
  };
}
