/** A cluster from an inventory: hosts booted, bundles copied, installed side by side. */
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './eventually.ts';
import { withJournals } from './evidence.ts';
import { type Inventory, type Rendered, renderFor, withRole } from './inventory.ts';
import { hasCondition, listObjects, type Operator } from './kubectl.ts';
import { type Lab, type LabHost, openLab } from './lab.ts';
import type { Random } from './random.ts';
import { copyBundle, install } from './ssh.ts';
import { noteStarts } from './starts.ts';
import { nowSeconds, type Timer } from './timings.ts';
import { prepareWorker } from './worker.ts';

export interface Cluster {
  readonly lab: Lab;
  readonly inventory: Inventory;
  readonly rendered: Rendered;
  readonly operator: Operator;
  readonly random: Random;
  readonly controlPlanes: readonly string[];
  readonly workers: readonly string[];
}

/** The longest pause between the starts of two installs. */
const staggerMs = 700;

/**
 * Boots the hosts of an inventory, and copies everything to them that install.sh needs; `others`
 * are booted beside them.
 */
export async function prepareCluster(
  inventory: Inventory,
  random: Random,
  timer: Timer,
  others: readonly LabHost[] = [],
): Promise<Cluster> {
  const { hosts } = inventory;
  const lab = await timer.time('boot the hosts', () => openLab([...hosts, ...others]));
  const workers = withRole(inventory, 'worker');
  await timer.time('prepare the workers', () =>
    Promise.all(workers.map((name, index) => prepareWorker(lab, name, `10.244.${100 + index}.0/24`))),
  );
  const rendered = renderFor(lab, inventory);
  await timer.time('scp', () => Promise.all(hosts.map(({ name }) => copyBundle(lab, name, rendered.out))));
  const operator = { lab, kubeconfig: rendered.kubeconfig };
  return {
    lab,
    inventory,
    rendered,
    operator,
    random,
    workers,
    controlPlanes: withRole(inventory, 'control-plane'),
  };
}

/** Runs install.sh on all hosts in a random order, and waits until all nodes are Ready. */
export async function installCluster(cluster: Cluster, timer: Timer): Promise<void> {
  const { lab, inventory, random, workers, operator } = cluster;
  const order = random.shuffled(inventory.hosts.map(({ name }) => name));
  let delayMs = 0;
  const starts = order.map((name) => {
    delayMs += random.below(staggerMs);
    return { name, delayMs };
  });
  console.log(
    `install.sh starts on ${starts.map((one) => `${one.name} after ${one.delayMs} ms`).join(', ')}`,
  );
  await withJournals(lab, async () => {
    timer.zero();
    const begin = nowSeconds();
    const installs = starts.map(async ({ name, delayMs: wait }) => {
      await sleep(wait);
      await timer.time(`${name}: install.sh`, () => install(lab, name));
    });
    await Promise.all([
      ...installs,
      eventually('all nodes are Ready', 240, () => nodesAreReady(operator, workers), 1000),
    ]);
    timer.note('first install.sh to all nodes Ready', begin, nowSeconds());
  });
  await noteStarts(operator, timer);
}

async function nodesAreReady(operator: Operator, names: readonly string[]): Promise<void> {
  const nodes = await listObjects(operator, 'nodes');
  const ready = nodes.filter((node) => hasCondition(node, 'Ready')).map(({ metadata }) => metadata.name);
  const missing = names.filter((name) => !ready.includes(name));
  if (missing.length > 0) throw new Error(`not Ready: ${missing.join(', ')}`);
}
