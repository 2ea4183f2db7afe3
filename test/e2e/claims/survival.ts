/** A host that the endpoint leads through loses its power: clients and nodes outlive it, and it comes back. */
import { expect } from 'vitest';
import type { Cluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { withRole } from '../support/inventory.ts';
import { getObject, type Operator } from '../support/kubectl.ts';
import { cutPower, startHost } from '../support/lab.ts';
import { installer } from '../support/ssh.ts';
import { nowSeconds, type Timer } from '../support/timings.ts';

/** The endpoint serves again this soon after a host that it led through has lost its power. */
export const mostSeconds = 15;

export interface Outage {
  /** What stands in the table of times. */
  readonly title: string;
  readonly victim: string;
  /** A request through the endpoint; throws while it does not serve. */
  readonly probe: () => Promise<unknown>;
  /** What else is to be so while the host is off. */
  readonly meanwhile?: () => Promise<unknown>;
}

/** Takes the power from a host and gives it back. */
export async function expectSurvival(
  cluster: Cluster,
  timer: Timer,
  { title, victim, probe, meanwhile }: Outage,
): Promise<void> {
  const { lab, workers } = cluster;
  const asked = aroundEndpoint(cluster, victim);
  // A kubelet that was restarted for another endpoint says NotReady until its first look at its pods.
  const before = await eventually('the nodes are Ready', 30, async () => {
    const found = await readiness(asked, workers);
    expect(found.map(({ status }) => status)).toEqual(workers.map(() => 'True'));
    return found;
  });
  console.log(`${title}: the power of ${victim} is cut`);
  const cut = nowSeconds();
  const cutTime = Date.now();
  await cutPower(lab, victim);
  try {
    await whileOff();
  } finally {
    // Whatever was found: the claims that follow are about a cluster that is whole.
    await startHost(lab, victim);
  }
  await eventually(`${victim} is healthy by its own account`, 90, () => expectHealthy(cluster, victim));
  timer.note(`${title}: power cut to all as before`, cut, nowSeconds());
  const after = await eventually('the nodes can be seen', 30, () => readiness(asked, workers));
  expect(after, 'the nodes have been Ready all the time').toEqual(before);

  async function whileOff(): Promise<void> {
    await eventually(`${title}: the endpoint serves`, mostSeconds, probe, 250);
    expect(nowSeconds() - cut, 'seconds until the endpoint served').toBeLessThan(mostSeconds);
    timer.note(`${title}: power cut to the endpoint serving`, cut, nowSeconds());
    await eventually('the kubelets renew their leases', 45, async () => {
      for (const node of workers) {
        const { spec } = await getObject(asked, `lease/${node}`, '--namespace=kube-node-lease');
        // Ten seconds are the kubelet's pause between renewals: this one was sent after the cut.
        expect(Date.parse(String(spec.renewTime))).toBeGreaterThan(cutTime + 1000);
      }
    });
    timer.note(`${title}: power cut to the kubelet's next lease`, cut, nowSeconds());
    await meanwhile?.();
  }
}

/** Throws unless install.sh on a host finds everything as it is to be. */
export async function expectHealthy({ lab }: Cluster, host: string): Promise<void> {
  expect(await installer(lab, host, 'status')).toMatchObject({ status: 0 });
}

/** Somebody who dials an API server itself, one that is not on this host. */
function aroundEndpoint({ inventory, operator }: Cluster, victim: string): Operator {
  const [other] = withRole(inventory, 'control-plane').filter((name) => name !== victim);
  const address = inventory.hosts.find(({ name }) => name === other)?.address;
  return { ...operator, server: `https://${address}:6443` };
}

/** Since when nodes are Ready, or are not. */
function readiness(operator: Operator, nodes: readonly string[]) {
  return Promise.all(
    nodes.map(async (node) => {
      const { status } = await getObject(operator, `node/${node}`);
      const ready = status.conditions?.find(({ type }) => type === 'Ready');
      return { node, status: ready?.status, since: ready?.lastTransitionTime };
    }),
  );
}
