/** Hosts with balancers and floating addresses, and their files as other programs may read them. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { templatesDir } from '../../src/lib/package-root.ts';
import type { Pki } from '../../src/model/certificate.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import type { HostPlan } from '../../src/model/plan.ts';
import { createRenderer } from '../../src/render/render.ts';
import { loadTemplates } from '../../src/render/template.ts';
import { clusterOf, ipv6Networks, manyPlans, pkiOf, planOf } from './clusters.ts';

const threeIPv6 = `hosts:
  - { name: m1, address: "2001:db8::1", roles: [etcd, control-plane] }
  - { name: m2, address: "2001:db8::2", roles: [etcd, control-plane] }
  - { name: m3, address: "2001:db8::3", roles: [etcd, control-plane] }
  - { name: b1, address: "2001:db8::b", roles: [load-balancer] }
  - { name: b2, address: "2001:db8::c", roles: [load-balancer] }
  - { name: w1, address: "2001:db8::4", roles: [worker] }`;
const withoutBalancers = threeIPv6
  .split('\n')
  .filter((line) => !line.includes('load-balancer'))
  .join('\n');
const furtherPlans: readonly (readonly [string, HostPlan])[] = [
  [
    'IPv6, load balancer',
    planOf(clusterOf(ipv6Networks, 'endpoint: { mode: haproxy, vip: "2001:db8::64" }', threeIPv6), 'b2'),
  ],
  [
    'IPv6, for itself',
    planOf(clusterOf(ipv6Networks, 'endpoint: { mode: node-local }', withoutBalancers), 'w1'),
  ],
  [
    'IPv6, floating',
    planOf(
      clusterOf(ipv6Networks, 'endpoint: { mode: keepalived, vip: "2001:db8::64" }', withoutBalancers),
      'm2',
    ),
  ],
];
/** A host of every kind that has something to do with the endpoint, and all the others. */
export const plans = [...manyPlans, ...furtherPlans];

const pkis = new Map<object, Promise<Pki>>();

/** The keys that the files of a cluster show. */
export function keysOf(cluster: Cluster): Promise<Pki> {
  const pki = pkis.get(cluster) ?? pkiOf(cluster);
  pkis.set(cluster, pki);
  return pki;
}

/** The text of a file of a host; the keys of a cluster are made once. */
export async function textOf(plan: HostPlan, path: string): Promise<string> {
  const files = createRenderer(await keysOf(plan.cluster), loadTemplates(templatesDir))(plan);
  const file = files.find((one) => one.path === path);
  if (file === undefined) throw new Error(`${plan.host.name} has no ${path}`);
  return file.content.toString();
}

/** A new folder with the files of a host below it, and a text in which their paths lead there. */
export async function placed(
  folder: string,
  plan: HostPlan,
  path: string,
  others: readonly string[],
): Promise<[string, string]> {
  const root = mkdtempSync(join(folder, 'host-'));
  let text = await textOf(plan, path);
  for (const other of others) {
    const name = join(root, other.replaceAll('/', '-').slice(1));
    writeFileSync(name, await textOf(plan, other), { mode: 0o755 });
    text = text.replaceAll(other, name);
  }
  return [root, text];
}

/** The hosts that have a file, with titles for test.each. */
export const having = (path: string) =>
  plans.filter(([, plan]) => plan.files.some((file) => file.path === path));
