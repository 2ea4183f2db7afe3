/** What control planes apply to the cluster without a hand: cluster DNS, and a manifest of the operator's own. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../support/cli.ts';
import type { Cluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { getObject, kubectl } from '../support/kubectl.ts';
import { mustSsh } from '../support/ssh.ts';

/** The cluster's DNS address: not the one that is the default. */
export const dnsAddress = '10.96.0.53';

/** `addons` of an inventory of which the claims are true. */
export const addons = {
  coredns: true,
  flannel: false,
  extra: [join(projectRoot, 'test/e2e/claims/extra.yaml')],
};

const inExtra = '--namespace=extra';
const inSystem = '--namespace=kube-system';
/** Objects of both manifests, and where they are. */
const applied = [
  ['namespace/extra'],
  ['configmap/settings', inExtra],
  ['deployment/sleeper', inExtra],
  ['service/kube-dns', inSystem],
  ['configmap/coredns', inSystem],
  ['deployment/coredns', inSystem],
] as const;

export function addonClaims(cluster: () => Cluster): void {
  describe('addons', () => {
    it('are applied by the control planes: cluster DNS is where the inventory says', async () => {
      const { operator } = cluster();
      const { spec } = await eventually('the Service is there', 60, () =>
        getObject(operator, 'service/kube-dns', inSystem),
      );
      expect(spec.clusterIP).toBe(dnsAddress);
      expect(spec.ports).toEqual([
        expect.objectContaining({ port: 53, protocol: 'UDP' }),
        expect.objectContaining({ port: 53, protocol: 'TCP' }),
        expect.objectContaining({ port: 9153, protocol: 'TCP' }),
      ]);
    });

    it('run a Deployment of the operator, whose pods ask that DNS', async () => {
      const { operator, lab, workers } = cluster();
      const status = ['rollout', 'status', 'deployment/sleeper', inExtra, '--timeout=60s'];
      await eventually('the pod runs', 90, () => kubectl(operator, [...status, '--request-timeout=0']));
      const resolv = await kubectl(operator, [
        'exec',
        'deployment/sleeper',
        inExtra,
        '--',
        'cat',
        '/etc/resolv.conf',
      ]);
      expect(resolv.split('\n')).toEqual(
        expect.arrayContaining([
          'search extra.svc.cluster.local svc.cluster.local cluster.local',
          `nameserver ${dnsAddress}`,
        ]),
      );
      for (const worker of workers)
        expect(await mustSsh(lab, worker, 'cat /var/lib/kubelet/config.yaml')).toMatch(
          new RegExp(`^clusterDNS:\\n *- "?${dnsAddress}"?$`, 'm'),
        );
    });

    it('change nothing when every control plane applies them again', async () => {
      const { lab, operator, controlPlanes } = cluster();
      const before = await versions(cluster());
      for (const host of controlPlanes) await mustSsh(lab, host, 'systemctl restart kube-addons');
      expect(await versions(cluster())).toEqual(before);
      expect((await getObject(operator, 'configmap/settings', inExtra)).data).toEqual({ colour: 'blue' });
    });
  });
}

/** Takes what was applied out of the cluster; any one control plane applies it again. */
export async function expectAppliedBy(cluster: Cluster, host: string): Promise<void> {
  const { operator, lab, inventory } = cluster;
  const address = inventory.hosts.find(({ name }) => name === host)?.address;
  const asked = { ...operator, server: `https://${address}:6443` };
  // No Service: one whose deletion breaks off half-way keeps its address from everybody for minutes.
  const objects = [
    ['configmap/coredns', inSystem],
    ['configmap/settings', inExtra],
  ] as const;
  // While a member of etcd is lost, a request may have been on its way to just that one.
  for (const [object, where] of objects)
    await eventually(`${object} is gone`, 30, () =>
      kubectl(asked, ['delete', object, where, '--ignore-not-found']),
    );
  await mustSsh(lab, host, 'systemctl restart kube-addons');
  await eventually('they are back', 30, async () => {
    const data = await Promise.all(objects.map((object) => getObject(asked, ...object)));
    expect(data.map((one) => Object.keys(one.data ?? {}))).toEqual([['Corefile'], ['colour']]);
  });
}

/** What is new after each change of an object: of its specification, where status changes by itself. */
function versions({ operator }: Cluster): Promise<string[]> {
  const version = '{.metadata.uid} {.metadata.generation}';
  return Promise.all(
    applied.map(([object, ...where]) => {
      const path = object.startsWith('deployment/') ? version : '{.metadata.uid} {.metadata.resourceVersion}';
      return kubectl(operator, ['get', object, ...where, `-o=jsonpath=${path}`]);
    }),
  );
}
