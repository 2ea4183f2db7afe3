/** What an operator has ready on a worker before install.sh: a container runtime, images, a pod network. */
import { execIn, type Lab, routeThrough } from './lab.ts';

/** Readies a worker whose pods get addresses of this range, and routes it from everywhere. */
export async function prepareWorker(lab: Lab, host: string, podCIDR: string): Promise<void> {
  await prepareWithoutImages(lab, host, podCIDR);
  await execIn(lab, host, 'ctr --namespace k8s.io images import /usr/local/share/lab/image.tar >/dev/null');
}

/** The same, but the images are somebody else's to bring. */
export async function prepareWithoutImages(lab: Lab, host: string, podCIDR: string): Promise<void> {
  await execIn(
    lab,
    host,
    `systemctl --quiet enable --now containerd
     mkdir -p /etc/cni/net.d && cat >/etc/cni/net.d/10-lab.conflist`,
    JSON.stringify(networkOf(podCIDR)),
  );
  await routeThrough(lab, podCIDR, host);
}

/** A bridge on each host, and routes between the hosts: what flannel does elsewhere, without its image. */
function networkOf(podCIDR: string): object {
  const ipam = { type: 'host-local', ranges: [[{ subnet: podCIDR }]], routes: [{ dst: '0.0.0.0/0' }] };
  return {
    cniVersion: '0.3.1',
    name: 'lab',
    plugins: [
      { type: 'bridge', bridge: 'cni0', isGateway: true, hairpinMode: true, ipam },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}
