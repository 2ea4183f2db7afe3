/** In which order the hosts are upgraded, and how far apart versions may be meanwhile. */
import { firstLaggingFar, firstWithLooseProxy, mostMinorsBehind } from '../catalog/upgrades/skew.ts';
import { compareMinors, parseVersion } from '../lib/version.ts';
import { type Cluster, hostsWithRole, type Role } from '../model/cluster.ts';
import type { Skew } from './item.ts';
import { namesShort } from './names.ts';
import type { Hop } from './target.ts';

/** What may run beside API servers of the step's target. */
export function skewOf({ to }: Hop): Skew {
  const minor = parseVersion(to)?.minor;
  if (minor === undefined) throw new Error(`${to} is no version`);
  const far = shifted(minor, -mostMinorsBehind.from);
  const isFar = compareMinors(far, firstLaggingFar) >= 0;
  return {
    oldestNode: isFar ? far : shifted(minor, -mostMinorsBehind.before),
    oldestController: shifted(minor, -1),
    newestKubectl: shifted(minor, 1),
    proxyFollowsKubelet: compareMinors(minor, firstWithLooseProxy) < 0,
  };
}

function shifted(minor: string, by: number): string {
  const [major = '1', number = '0'] = minor.split('.');
  return `${major}.${Number(number) + by}`;
}

/** What to do in every step, in this order. */
export function rolloutOf(cluster: Cluster): string[] {
  const names = (role: Role) => hostsWithRole(cluster, role).map(({ name }) => name);
  const [etcd, controlPlanes, workers] = [names('etcd'), names('control-plane'), names('worker')];
  const both = controlPlanes.filter((name) => workers.includes(name));
  const onlyWorkers = workers.filter((name) => !controlPlanes.includes(name));
  return [
    'take a snapshot of etcd (etcdctl snapshot save) and keep it with the bundles of today: there is no way back without',
    'write the version of the step into the inventory, run hardway render, and read what changed in out/review',
    ...(etcd.length === 0
      ? []
      : [
          `where etcd changes: its members first, one after the other, each healthy before the next (${list(etcd)})`,
        ]),
    `control planes, one after the other (${list(controlPlanes)}): API servers may be one minor apart, and kube-controller-manager and kube-scheduler must not be newer than the API server they ask`,
    ...(both.length > 0 && controlPlanes.length > 1
      ? [
          `${list(both)}: worker and control plane at once, so drain it first; its kubelet asks cluster-wide, and must not be newer than the oldest API server: put its new kubelet in place when all control planes are done`,
        ]
      : []),
    ...(both.length > 0 && controlPlanes.length === 1
      ? [`${list(both)} is worker and control plane at once: the API is away while it is upgraded`]
      : []),
    ...(onlyWorkers.length === 0
      ? []
      : [
          `then workers (${list(onlyWorkers)}): kubectl drain NODE --ignore-daemonsets, install, kubectl uncordon NODE; a kubelet must never be newer than the oldest API server`,
        ]),
    ...(cluster.binaries.source === 'host'
      ? [
          'on each host: put the programs of the step in place, run install.sh, and restart the units whose program is new but whose files are not: install.sh restarts only what it changed',
        ]
      : []),
    'see that nodes are Ready and pods run before the next step',
  ];
}

function list(names: readonly string[]): string {
  return namesShort(names, 6);
}
