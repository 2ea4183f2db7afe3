/** Who gives a node its labels: its kubelet, or, where that may not, the control planes. */
import { isKubeletLabel, roleLabels } from '../catalog/node-labels.ts';
import { type Cluster, type Host, hostsWithRole } from '../model/cluster.ts';

/** `key=value` of the labels that a host's kubelet gives its node. */
export function kubeletLabels({ labels }: Host): string[] {
  return Object.entries(labels)
    .filter(([key]) => isKubeletLabel(key))
    .map(([key, value]) => `${key}=${value}`);
}

/**
 * The labels that control planes give to nodes: those of their roles, and what the inventory
 * writes with keys that kubelets must not set, which goes before. Only workers have a node.
 */
export function controlPlaneLabels(cluster: Cluster) {
  return hostsWithRole(cluster, 'worker').flatMap((host) => {
    const roles = roleLabels(host.roles, cluster.kubernetes.minor).map((key) => [key, ''] as const);
    const written = Object.entries(host.labels).filter(([key]) => !isKubeletLabel(key));
    const labels = Object.entries(Object.fromEntries([...roles, ...written]));
    return labels.map(([key, value]) => ({ node: host.name, key, value }));
  });
}
