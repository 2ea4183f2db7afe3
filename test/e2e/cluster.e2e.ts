/** The cluster of the guide: three hosts of etcd and the control plane, two workers, token file. */
import { describe } from 'vitest';
import { changeClaims } from './claims/changes.ts';
import { controlPlaneClaims } from './claims/control-plane.ts';
import { etcdClaims } from './claims/etcd.ts';
import { servingClaims } from './claims/kubelets.ts';
import { leavingClaims } from './claims/leaving.ts';
import { outageClaims } from './claims/outage.ts';
import { workloadClaims } from './claims/workloads.ts';
import { exampleInventory } from './support/inventory.ts';
import { canBootHosts } from './support/needs.ts';
import { runningCluster } from './support/running-cluster.ts';
import { createTimer } from './support/timings.ts';

/** The third worker shows nothing that two do not, and two cores have to carry them all. */
const thirdWorker = { path: ['hosts', 5], value: undefined };
const inventory = exampleInventory('ha-stacked.yaml', [thirdWorker]);
const timer = createTimer('cluster of the guide');

describe.skipIf(!canBootHosts())('the cluster of the guide', () => {
  const cluster = runningCluster(inventory, timer);

  etcdClaims(cluster);
  controlPlaneClaims(cluster);
  workloadClaims(cluster);
  describe('each kubelet', () => servingClaims(cluster));
  changeClaims(cluster);
  leavingClaims(cluster);
  outageClaims(cluster, timer);
});
