/** Rules about the endpoint of the API and about ports. */
import { endpointModeRows } from '../../catalog/endpoint-modes.ts';
import { parseAddress } from '../../lib/ip.ts';
import type { EndpointMode } from '../../model/cluster.ts';
import { hostsOf } from '../facts.ts';
import type { Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';
import { endpointKeys, networkKeys } from '../schema.ts';
import { portIsFreeOnLoadBalancers } from './balancing.ts';
import { familyName, whyUnusable } from './hosts.ts';

const floatingKeys = ['vip', 'interface', 'virtualRouterId'] as const;

/** The mode has the keys that it needs and no others. */
export function* endpointKeysFitTheMode({ inventory: { endpoint }, facts }: RuleContext): Iterable<Problem> {
  if (facts.isBroken('endpoint', 'mode')) return;
  const mode = endpoint?.mode ?? endpointKeys.mode.default;
  const { floatsOn, needsAddress } = endpointModeRows[mode];
  const floats = floatsOn !== undefined;
  const hasAddress = endpoint !== undefined && 'vip' in endpoint;
  for (const name of floatingKeys) {
    if (endpoint === undefined || !(name in endpoint) || (floats && hasAddress)) continue;
    yield {
      code: 'unused-key',
      path: ['endpoint', name],
      atKey: true,
      message: `endpoint.${name} has no effect ${floats ? 'without "vip"' : `with endpoint.mode ${mode}`}`,
      fix: floats ? `delete "${name}", or add "vip"` : `delete "${name}", or use mode keepalived or haproxy`,
    };
  }
  const owners = floatsOn === undefined || !facts.rolesAreKnown ? 0 : hostsOf(facts, floatsOn).length;
  if (floats && !hasAddress && (needsAddress === 'always' || owners > 1)) {
    const why = needsAddress === 'always' ? '' : `: ${owners} load balancers have no other address in common`;
    yield {
      code: 'missing-key',
      path: ['endpoint', 'mode'],
      message: `endpoint.mode ${mode} needs "vip", the floating address${why}`,
      fix: 'add "vip" with an address of the same network that no host has, such as "vip: 192.0.2.100"',
    };
  }
  if (mode === 'external' && endpoint !== undefined && !('host' in endpoint)) {
    const message = 'endpoint.mode external needs "host": the name or address of the load balancer';
    yield {
      code: 'missing-key',
      path: ['endpoint', 'mode'],
      message,
      fix: 'add "host: api.example.internal"',
    };
  }
}

/** Whether what kubelets dial leads to an API server of this inventory. */
export function* endpointLeadsToTheApi({ inventory, facts }: RuleContext): Iterable<Problem> {
  const host = inventory.endpoint?.host;
  if (host === undefined || facts.isBroken('endpoint', 'mode')) return;
  const path = ['endpoint', 'host'];
  const mode = inventory.endpoint?.mode ?? endpointKeys.mode.default;
  const address = parseAddress(host);
  if (address === undefined) {
    yield* endpointNameLeadsToTheApi({ inventory, facts }, host, mode);
    return;
  }
  const why = whyUnusable(address);
  if (why !== undefined) {
    yield {
      code: 'invalid-address',
      path,
      message: `no other host can reach ${address.text}, which ${why}`,
      fix: 'write the address of a control plane',
    };
    return;
  }
  if (facts.family !== undefined && address.family !== facts.family) {
    const message = `endpoint.host ${address.text} is ${familyName(address.family)}, but serviceCIDR is ${familyName(facts.family)}`;
    yield {
      code: 'family-mismatch',
      path,
      message,
      fix: `write an ${familyName(facts.family)} address or a DNS name`,
    };
    return;
  }
  const owner = facts.hosts.find(({ addresses }) =>
    addresses.some((own) => own.address.text === address.text),
  );
  if (!dialsApiServers(mode) || (mode !== 'hosts' && owner === undefined)) return;
  if (!facts.rolesAreKnown || owner?.roles.includes('control-plane')) return;
  const first = hostsOf(facts, 'control-plane')[0]?.addresses[0]?.address.text;
  const whose =
    owner === undefined
      ? 'belongs to no host of this inventory'
      : `belongs to ${owner.label}, which is no control plane`;
  const fix =
    owner === undefined
      ? 'set endpoint.mode to external when a load balancer has this address'
      : first === undefined
        ? 'write the address of a control plane'
        : `write "${first}"`;
  yield {
    code: 'endpoint-unknown',
    severity: owner === undefined ? 'warning' : 'error',
    path,
    message: `endpoint.host ${address.text} ${whose}`,
    fix,
  };
}

/** Whether the endpoint itself is one of the API servers, with nothing before it. */
function dialsApiServers(mode: EndpointMode): boolean {
  const { apiServerPort, floatsOn } = endpointModeRows[mode];
  return apiServerPort === 'endpoint' && floatsOn === undefined;
}

function* endpointNameLeadsToTheApi(
  { inventory, facts }: Pick<RuleContext, 'inventory' | 'facts'>,
  name: string,
  mode: EndpointMode,
): Iterable<Problem> {
  const path = ['endpoint', 'host'];
  if (/^(?:.*\.)?localhost(?:\.localdomain)?$|^ip6-/.test(name)) {
    const message = `endpoint.host ${name} names every host itself, not the API`;
    yield { code: 'endpoint-unknown', path, message, fix: 'write a name of its own for the API' };
    return;
  }
  const domain = inventory.cluster?.domain;
  const owner = facts.hosts.find(({ label }) => name === label || name === `${label}.${domain}`);
  if (
    dialsApiServers(mode) &&
    facts.rolesAreKnown &&
    owner !== undefined &&
    !owner.roles.includes('control-plane')
  ) {
    const first = hostsOf(facts, 'control-plane')[0]?.label;
    yield {
      code: 'endpoint-unknown',
      path,
      message: `endpoint.host ${name} is the host ${owner.label}, which is no control plane`,
      fix: `write ${first === undefined ? 'the name of a control plane' : `"${first}"`}, or a name of its own for the API`,
    };
    return;
  }
  if (endpointModeRows[mode].name === 'not-written' || inventory.hostsFile?.manage !== false) return;
  const message = `with hostsFile.manage false nothing makes "${name}" resolve on the hosts`;
  const fix =
    mode === 'hosts'
      ? 'set hostsFile.manage to true, or endpoint.mode to external when DNS knows the name'
      : 'set hostsFile.manage to true, or see to it that DNS knows the name';
  yield { code: 'endpoint-unknown', severity: 'warning', path, message, fix };
}

/** Ports that daemons of the cluster listen on. */
const daemonPorts: Readonly<Record<number, string>> = {
  2379: 'etcd (clients)',
  2380: 'etcd (peers)',
  2381: 'etcd (metrics)',
  10248: 'the kubelet (health)',
  10249: 'kube-proxy (metrics)',
  10250: 'the kubelet',
  10256: 'kube-proxy (health)',
  10257: 'kube-controller-manager',
  10259: 'kube-scheduler',
};

/** No daemon and no service listens where another does. */
export function* portsAreFree({ inventory, facts }: RuleContext): Iterable<Problem> {
  const port = inventory.endpoint?.port ?? endpointKeys.port.default;
  const daemon = daemonPorts[port];
  if (daemon !== undefined) {
    const message = `endpoint.port ${port} is the port of ${daemon}`;
    yield {
      code: 'port-conflict',
      path: ['endpoint', 'port'],
      message,
      fix: `write ${endpointKeys.port.default}`,
    };
  }
  yield* portIsFreeOnLoadBalancers(port, { inventory, facts });
  if (facts.isBroken('network', 'nodePortRange')) return;
  const written = inventory.network?.nodePortRange;
  const [first = 0, last = 0] = (written ?? networkKeys.nodePortRange.default).split('-').map(Number);
  const path = written === undefined ? ['endpoint', 'port'] : ['network', 'nodePortRange'];
  const taken = [[port, 'the API server'] as const, ...Object.entries(daemonPorts)].filter(
    ([number]) => first <= Number(number) && Number(number) <= last,
  );
  for (const [number, owner] of taken) {
    const message = `nodePortRange ${first}-${last} holds ${number}, the port of ${owner}; a service could take it`;
    const fix =
      written === undefined ? `write ${endpointKeys.port.default}` : `use a range without ${number}`;
    yield { code: 'port-conflict', severity: 'warning', path, message, fix };
  }
}
