/** The cluster of the guide: three hosts of etcd and the control plane, two workers, token file. */
import { afterAll, beforeAll, describe } from 'vitest';
import { changeClaims } from './claims/changes.ts';
import { controlPlaneClaims } from './claims/control-plane.ts';
import { etcdClaims } from './claims/etcd.ts';
import { outageClaims } from './claims/outage.ts';
import { workloadClaims } from './claims/workloads.ts';
import { type Cluster, installCluster, prepareCluster } from './support/cluster.ts';
import { saveJournalsOnFailure } from './support/evidence.ts';
import { exampleInventory } from './support/inventory.ts';
import { closeLab, resolveName } from './support/lab.ts';
import { canBootHosts } from './support/needs.ts';
import { seededRandom } from './support/random.ts';
import { createTimer } from './support/timings.ts';

/** The third worker shows nothing that two do not, and two cores have to carry them all. */
const thirdWorker = { path: ['hosts', 5], value: undefined };
const inventory = exampleInventory('ha-stacked.yaml', [thirdWorker]);
const timer = createTimer('cluster of the guide');

describe.skipIf(!canBootHosts())('the cluster of the guide', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await prepareCluster(inventory, seededRandom(), timer);
    await resolveName(cluster.lab, 'kubernetes-api.mykernel.cn', inventory.hosts[0]?.address ?? '');
    await installCluster(cluster, timer);
  });
  afterAll(async () => {
    timer.report();
    await closeLab(cluster.lab);
  });
  saveJournalsOnFailure(() => cluster.lab);

  etcdClaims(() => cluster);
  controlPlaneClaims(() => cluster);
  workloadClaims(() => cluster);
  changeClaims(() => cluster);
  outageClaims(() => cluster, timer);
});
