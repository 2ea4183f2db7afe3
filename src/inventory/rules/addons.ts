/** How flannel gets packets from node to node, and whether the hosts allow it. */
import { type Address, cidrContains, cidrOf, type Family } from '../../lib/ip.ts';
import { hostsOf } from '../facts.ts';
import type { Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';

/** Settings of one backend are given to that backend. */
export function* flannelKeysFitTheBackend({ inventory: { addons } }: RuleContext): Iterable<Problem> {
  const flannel = settingsOf(addons?.flannel);
  if (flannel?.backend !== 'host-gw' || flannel.directRouting === undefined) return;
  yield {
    code: 'unused-key',
    severity: 'warning',
    path: ['addons', 'flannel', 'directRouting'],
    atKey: true,
    message: 'directRouting has no effect with backend host-gw, which knows nothing but plain routes',
    fix: 'delete "directRouting"',
  };
}

/** Networks that hosts of one segment mostly share; inventories do not say where segments end. */
const usualPrefix: Readonly<Record<Family, number>> = { ipv4: 24, ipv6: 64 };

/**
 * With host-gw a node is the gateway to its own pods, so all nodes must reach one another without
 * a router (flannel, Documentation/backends.md). A warning: a segment may be larger than usual.
 */
export function* hostGatewaysAreNeighbours({ inventory, facts }: RuleContext): Iterable<Problem> {
  if (settingsOf(inventory.addons?.flannel)?.backend !== 'host-gw') return;
  const nodes = hostsOf(facts, 'worker').flatMap(({ label, addresses }) =>
    addresses.map(({ address, path }) => ({ label, address, path })),
  );
  for (const family of ['ipv4', 'ipv6'] as const) {
    const [first, ...others] = nodes.filter(({ address }) => address.family === family);
    const far = others.find(({ address }) => first !== undefined && !areNear(first.address, address));
    if (first === undefined || far === undefined) continue;
    yield {
      code: 'unlike-segments',
      severity: 'warning',
      path: ['addons', 'flannel', 'backend'],
      message: `backend host-gw needs all workers in one network segment; ${first.label} (${first.address.text}) and ${far.label} (${far.address.text}) have no /${usualPrefix[family]} in common`,
      related: { path: far.path, message: 'this address' },
      fix: 'use backend vxlan, which routes directly where it can, unless no router stands between them',
    };
  }
}

function areNear(left: Address, right: Address): boolean {
  return cidrContains(cidrOf(left.family, left.value, usualPrefix[left.family]), right);
}

function settingsOf<T extends object>(flannel: T | boolean | undefined): T | undefined {
  return typeof flannel === 'object' ? flannel : undefined;
}
