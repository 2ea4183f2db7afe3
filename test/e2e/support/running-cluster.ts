/** A cluster that is up while the tests of a block run. */
import { afterAll, beforeAll } from 'vitest';
import { type Cluster, installCluster, prepareCluster } from './cluster.ts';
import { saveJournalsOnFailure } from './evidence.ts';
import type { Inventory } from './inventory.ts';
import { closeLab, resolveName } from './lab.ts';
import { seededRandom } from './random.ts';
import type { Timer } from './timings.ts';

/** The name in the guide's inventory by which its API server is dialled. */
const guideEndpoint = 'kubernetes-api.mykernel.cn';

/**
 * Has a cluster booted and installed before the tests of this block, and taken away after
 * them; gives it to them. `ready` is done to its hosts before install.sh: by default, the
 * guide's endpoint means the first of them.
 */
export function runningCluster(
  inventory: Inventory,
  timer: Timer,
  ready = ({ lab }: Cluster): Promise<void> =>
    resolveName(lab, guideEndpoint, inventory.hosts[0]?.address ?? ''),
): () => Cluster {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await prepareCluster(inventory, seededRandom(), timer);
    await ready(cluster);
    await installCluster(cluster, timer);
  });
  afterAll(async () => {
    timer.report();
    await closeLab(cluster.lab);
  });
  saveJournalsOnFailure(() => cluster.lab);
  return () => cluster;
}
