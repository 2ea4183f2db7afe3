/** Rules about how many hosts have which role. */

import { parseAddress } from '../../lib/ip.ts';
import { hostsOf } from '../facts.ts';
import type { Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';
import { endpointKeys } from '../schema.ts';

const path = ['hosts'];

/** There is an etcd member and a control plane, and somebody to do the work. */
export function* rolesAreFilled({ inventory, facts }: RuleContext): Iterable<Problem> {
  if (!facts.rolesAreKnown) return;
  const isExternal = inventory.etcd !== undefined && 'external' in inventory.etcd;
  if (hostsOf(facts, 'etcd').length === 0 && !isExternal)
    yield missingRole('etcd', 'nothing would store the state of the cluster');
  if (hostsOf(facts, 'control-plane').length === 0)
    yield missingRole('control-plane', 'nothing would serve the API');
  if (hostsOf(facts, 'worker').length > 0) return;
  yield {
    code: 'no-workers',
    severity: 'warning',
    path,
    atKey: true,
    message: 'no host has the role worker, so no pod can run, cluster DNS included',
    fix: 'add "worker" to the roles of a host',
  };
}

function missingRole(role: string, consequence: string): Problem {
  const message = `no host has the role ${role}: ${consequence}`;
  return { code: 'missing-role', path, atKey: true, message, fix: `add "${role}" to the roles of a host` };
}

/** The loss of one host of several stops nothing. */
export function* clusterSurvivesOneHost({ inventory, facts }: RuleContext): Iterable<Problem> {
  // One host is a choice; there is nothing to survive.
  if (!facts.rolesAreKnown || facts.hosts.length === 1) return;
  const members = hostsOf(facts, 'etcd').length;
  const controlPlanes = hostsOf(facts, 'control-plane').length;
  const workers = hostsOf(facts, 'worker').length;
  if (members > 0 && members % 2 === 0) yield evenMembers(members);
  if (members === 1 && controlPlanes > 1) {
    yield single(
      `all ${controlPlanes} control planes depend on one etcd member`,
      'give three hosts the role etcd',
    );
  }
  if (controlPlanes === 1 && workers > 1) {
    yield single(
      `${workers} workers depend on one control plane`,
      'give the role control-plane to three hosts, or accept the risk',
    );
  }
  if (controlPlanes === 2) {
    yield single(
      'two control planes survive the loss of one; while one is down or upgraded, nothing may happen to the other',
      'give a third host the role control-plane',
    );
  }
  const mode = inventory.endpoint?.mode ?? endpointKeys.mode.default;
  const others = facts.hosts.filter(
    ({ roles }) => !roles.includes('control-plane') && roles.includes('worker'),
  );
  const one = oneAddressOf({ inventory, facts });
  if (mode === 'hosts' && controlPlanes > 1 && others.length > 0 && one !== undefined) {
    yield single(
      `with endpoint.mode hosts and ${one} all workers dial one and the same control plane; while it is down, they reach no API`,
      'set endpoint.host to a name of its own, such as api.example.internal, which means all control planes in /etc/hosts, or another endpoint.mode (docs/endpoint.md), or accept the risk',
    );
  }
  const balancers = hostsOf(facts, 'load-balancer').length;
  if (mode === 'haproxy' && balancers === 1 && controlPlanes > 1) {
    yield single(
      `${controlPlanes} control planes are behind one load balancer; while it is down, nobody reaches the API`,
      'give the role load-balancer to a second host and set endpoint.vip, or accept the risk',
    );
  }
}

/** Why the endpoint cannot lead to several hosts; undefined when it has a name of its own. */
function oneAddressOf({ inventory, facts }: RuleContext): string | undefined {
  const host = inventory.endpoint?.host;
  if (host === undefined) return 'without endpoint.host';
  if (parseAddress(host) !== undefined) return `the address ${host}`;
  const domain = inventory.cluster?.domain;
  const owner = facts.hosts.find(({ label }) => host === label || host === `${label}.${domain}`);
  return owner === undefined ? undefined : `the name of the host ${owner.label}`;
}

function evenMembers(members: number): Problem {
  const survives = members / 2 - 1;
  return {
    code: 'even-member-count',
    severity: 'warning',
    path,
    atKey: true,
    message: `${members} etcd members survive the loss of ${survives}, as ${members - 1} would; an odd number is wanted`,
    fix: `give the role etcd to ${members + 1} hosts${members === 2 ? '' : `, or to ${members - 1}`}`,
  };
}

function single(message: string, fix: string): Problem {
  return { code: 'single-point-of-failure', severity: 'warning', path, atKey: true, message, fix };
}
