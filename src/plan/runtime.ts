/** The units of the container runtime that a kubelet waits for. */
import type { Cluster } from '../model/cluster.ts';
import { roleConditions } from './facts.ts';

/** The distribution's unit of the runtime; undefined where the runtime is somebody else's business. */
export function runtimeUnitOf({ runtime }: Cluster): string | undefined {
  return { containerd: 'containerd.service', docker: 'docker.service', external: undefined }[runtime.type];
}

/** All units that have to run before the kubelet, in that order. */
export function runtimeUnitsOf(cluster: Cluster): string[] {
  const unit = runtimeUnitOf(cluster);
  const shim = roleConditions(cluster, ['worker']).usesCriDockerd === true ? ['cri-dockerd.service'] : [];
  return unit === undefined ? [] : [unit, ...shim];
}
