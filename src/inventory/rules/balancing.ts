/** Rules about what stands before the API servers: load balancers and the floating address. */
import { endpointModeRows } from '../../catalog/endpoint-modes.ts';
import { parseAddress } from '../../lib/ip.ts';
import type { EndpointMode } from '../../model/cluster.ts';
import { hostsOf } from '../facts.ts';
import type { Path, Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';
import { endpointKeys, type WrittenComponents } from '../schema.ts';
import { familyName, whyUnusable } from './hosts.ts';

function modeOf({ inventory, facts }: RuleContext): EndpointMode | undefined {
  if (facts.isBroken('endpoint', 'mode')) return undefined;
  return inventory.endpoint?.mode ?? endpointKeys.mode.default;
}

/** Load balancers are there in the mode that has them, and in no other. */
export function* loadBalancersFitTheMode(context: RuleContext): Iterable<Problem> {
  const { facts } = context;
  const mode = modeOf(context);
  if (mode === undefined) return;
  if (mode === 'haproxy') {
    if (!facts.rolesAreKnown || hostsOf(facts, 'load-balancer').length > 0) return;
    yield {
      code: 'missing-role',
      path: ['endpoint', 'mode'],
      message: 'endpoint.mode haproxy wants hosts with the role load-balancer, and there is none',
      fix: 'add "load-balancer" to the roles of two hosts, which may be control planes',
    };
    return;
  }
  for (const { host, path, label } of facts.hosts) {
    const index = (host.roles ?? []).indexOf('load-balancer');
    if (index === -1) continue;
    yield {
      code: 'unused-role',
      path: [...path, 'roles', index],
      message: `${label} has nothing to do as a load-balancer with endpoint.mode ${mode}`,
      fix: 'set endpoint.mode to haproxy, or delete the role',
    };
  }
}

/** The floating address can be dialled, is no host's own, and is what the endpoint names. */
export function* floatingAddressIsFree(context: RuleContext): Iterable<Problem> {
  const { inventory, facts } = context;
  const mode = modeOf(context);
  if (mode === undefined || endpointModeRows[mode].floatsOn === undefined) return;
  yield* endpointIsNoHost(context, mode);
  const address = parseAddress(inventory.endpoint?.vip ?? '');
  if (address === undefined) return;
  const path = ['endpoint', 'vip'];
  const why = whyUnusable(address);
  if (why !== undefined) {
    const message = `no other host can reach ${address.text}, which ${why}`;
    yield { code: 'invalid-address', path, message, fix: "write an address of the hosts' network" };
  } else if (facts.family !== undefined && address.family !== facts.family) {
    const message = `endpoint.vip ${address.text} is ${familyName(address.family)}, but serviceCIDR is ${familyName(facts.family)}`;
    yield { code: 'family-mismatch', path, message, fix: `write an ${familyName(facts.family)} address` };
  }
  const owner = facts.hosts.find(({ addresses }) =>
    addresses.some((own) => own.address.text === address.text),
  );
  if (owner === undefined) return;
  const message = `endpoint.vip ${address.text} is the address of ${owner.label}, so it cannot move`;
  yield {
    code: 'duplicate-address',
    path,
    message,
    related: { path: owner.path, message: `${owner.label}: ${address.text}` },
    fix: 'write an address of the same network that no host has',
  };
}

/** What the endpoint names is the floating address, or else the one load balancer there is. */
function* endpointIsNoHost({ inventory, facts }: RuleContext, mode: EndpointMode): Iterable<Problem> {
  const written = inventory.endpoint?.host;
  const vip = parseAddress(inventory.endpoint?.vip ?? '');
  if (written === undefined || (vip === undefined && mode === 'keepalived')) return;
  const address = parseAddress(written);
  if (address !== undefined && address.text === vip?.text) return;
  const domain = inventory.cluster?.domain;
  const owner = facts.hosts.find(({ label, addresses }) =>
    address === undefined
      ? written === label || written === `${label}.${domain}`
      : addresses.some((own) => own.address.text === address.text),
  );
  if (vip === undefined && (owner === undefined || owner.roles.includes('load-balancer'))) return;
  // A name of its own stands for the floating address; an address of nobody may be a translated one.
  if (owner === undefined && address === undefined) return;
  const what = vip === undefined ? 'the load balancer' : `the floating address ${vip.text}`;
  yield {
    code: 'endpoint-unknown',
    severity: owner === undefined ? 'warning' : 'error',
    path: ['endpoint', 'host'],
    message:
      owner === undefined
        ? `endpoint.host ${written} is not ${what}`
        : `endpoint.host ${written} is the host ${owner.label}, not ${what}`,
    fix: vip === undefined ? 'delete "host"' : `write "${vip.text}" or a name of its own, or delete "host"`,
  };
}

/** Health checks have no credential, so API servers must answer /readyz to everybody. */
export function* endpointCanBeAsked(context: RuleContext): Iterable<Problem> {
  const { inventory, facts } = context;
  const mode = modeOf(context);
  if (mode === undefined || !endpointModeRows[mode].asksReadyz) return;
  const layers: readonly (readonly [Path, WrittenComponents | undefined])[] = [
    [[], inventory.components],
    [['roleDefaults', 'control-plane'], inventory.roleDefaults?.['control-plane']?.components],
    ...hostsOf(facts, 'control-plane').map(({ path, host }) => [path, host.components] as const),
  ];
  for (const [path, components] of layers) {
    if (components?.apiserver?.args?.['anonymous-auth'] !== 'false') continue;
    yield {
      code: 'conflicting-values',
      path: [...path, 'components', 'apiserver', 'args', 'anonymous-auth'],
      message: `endpoint.mode ${mode} asks API servers for /readyz without a credential, and anonymous-auth false refuses that`,
      fix: 'delete "anonymous-auth": RBAC lets anonymous users see health and version only; or use mode hosts or external',
    };
  }
}

/** A control plane that is a load balancer too has two daemons, which want two ports. */
export function* portIsFreeOnLoadBalancers(port: number, context: RuleContext): Iterable<Problem> {
  const mode = modeOf(context);
  if (mode === undefined || mode !== 'haproxy' || port !== endpointModeRows[mode].apiServerPort) return;
  const stacked = hostsOf(context.facts, 'load-balancer').find(({ roles }) =>
    roles.includes('control-plane'),
  );
  if (stacked === undefined) return;
  const isWritten = context.inventory.endpoint?.port !== undefined;
  yield {
    code: 'port-conflict',
    path: ['endpoint', isWritten ? 'port' : 'mode'],
    message: `on ${stacked.label} the load balancer and the API server would both listen on port ${port}`,
    fix: isWritten ? 'write another port, such as 8443' : 'add another port, such as "port: 8443"',
  };
}
