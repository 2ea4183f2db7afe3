/** Bundles of whole clusters, rendered in memory, as verifyCluster wants them. */
import { templatesDir } from '../../src/lib/package-root.ts';
import type { Pki } from '../../src/model/certificate.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import { planHost } from '../../src/plan/plan.ts';
import { createRenderer } from '../../src/render/render.ts';
import { loadTemplates } from '../../src/render/template.ts';
import { type ClusterFacts, clusterFactsOf, type HostBundle, hostBundleOf } from '../../src/verify/bundle.ts';

const templates = loadTemplates(templatesDir);

export interface Bundles {
  readonly facts: ClusterFacts;
  readonly bundles: readonly HostBundle[];
}

/** Every host's bundle. */
export function bundlesOf(cluster: Cluster, pki: Pki, now = new Date()): Bundles {
  const render = createRenderer(pki, templates);
  const bundles = cluster.hosts.map((host) => {
    const plan = planHost(cluster, host);
    return hostBundleOf(plan, render(plan));
  });
  return { facts: clusterFactsOf(cluster, now), bundles };
}
