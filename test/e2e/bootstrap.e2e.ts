/** The other two ways in which kubelets get their identity; the guide's own is proven with its cluster. */
import { describe, expect, it } from 'vitest';
import { servingClaims, verificationClaims } from './claims/kubelets.ts';
import type { Cluster } from './support/cluster.ts';
import { eventually } from './support/eventually.ts';
import { webPod } from './support/image.ts';
import { exampleInventory } from './support/inventory.ts';
import { applyPod, getObject, hasCondition, kubectl, listObjects } from './support/kubectl.ts';
import { canBootHosts } from './support/needs.ts';
import { runningCluster } from './support/running-cluster.ts';
import { ssh } from './support/ssh.ts';
import { createTimer } from './support/timings.ts';

/** One control plane and one worker of the guide's hosts. */
function inventoryWith(method: string) {
  const dropped = [5, 4, 2, 1].map((index) => ({ path: ['hosts', index], value: undefined }));
  return exampleInventory('ha-stacked.yaml', [{ path: ['bootstrap', 'method'], value: method }, ...dropped]);
}

/** Boots and installs the cluster; all that both methods have in common is claimed here. */
function bootstrapped(method: string): () => Cluster {
  const cluster = runningCluster(inventoryWith(method), createTimer(`bootstrap: ${method}`));

  it('becomes a node that runs a pod and shows its log', async () => {
    const { operator, workers } = cluster();
    expect((await listObjects(operator, 'nodes')).map(({ metadata }) => metadata.name)).toEqual(workers);
    await applyPod(operator, webPod('web'));
    await eventually('the pod is Ready', 60, async () =>
      expect(hasCondition(await getObject(operator, 'pod/web'), 'Ready')).toBe(true),
    );
    // A node can be Ready before the control planes have let the API server reach kubelets.
    await eventually('a command runs in it', 30, () =>
      kubectl(operator, ['exec', 'web', '--', 'sh', '-c', 'echo said >/proc/1/fd/1']),
    );
    await eventually('its log shows what it wrote', 15, async () =>
      expect(await kubectl(operator, ['logs', 'web'])).toBe('said\n'),
    );
  });

  servingClaims(cluster);
  return cluster;
}

describe.skipIf(!canBootHosts())('a kubelet with token-secret', () => {
  const cluster = bootstrapped('token-secret');

  it('came in with a token that expires', async () => {
    const { operator, lab, controlPlanes } = cluster();
    const requests = await listObjects(operator, 'certificatesigningrequests');
    expect(requests.length).toBeGreaterThan(0);
    for (const { spec, status } of requests) {
      expect(spec.username).toMatch(/^system:bootstrap:[a-z0-9]{6}$/);
      expect(status.conditions).toEqual([
        expect.objectContaining({ type: 'Approved', reason: 'AutoApproved' }),
      ]);
    }
    const token = `secret/bootstrap-token-${String(requests[0]?.spec.username).slice(-6)}`;
    const path = '-o=jsonpath={.data.expiration}';
    const expiration = await kubectl(operator, ['get', token, '--namespace=kube-system', path]);
    const hours = (Date.parse(Buffer.from(expiration, 'base64').toString()) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(23);
    expect(hours).toBeLessThanOrEqual(24);
    const [controlPlane = ''] = controlPlanes;
    expect(await ssh(lab, controlPlane, 'test -e /etc/kubernetes/token.csv')).toMatchObject({ status: 1 });
  });

  verificationClaims(cluster, 'web');
});

describe.skipIf(!canBootHosts())('a kubelet with signed', () => {
  const cluster = bootstrapped('signed');

  it('came in as itself', async () => {
    const { operator, lab, workers } = cluster();
    const [worker = ''] = workers;
    // It renews its certificate as soon as it starts, in its own name: nobody else asks.
    for (const { spec } of await listObjects(operator, 'certificatesigningrequests'))
      expect(spec.username).toBe(`system:node:${worker}`);
    expect(await ssh(lab, worker, 'test -e /etc/kubernetes/auth/bootstrap.conf')).toMatchObject({
      status: 1,
    });
  });
});
