/** Rules about an etcd cluster that others keep; its files are read later, see commands/external-etcd.ts. */
import { httpsUrl, parseEndpoint } from '../../lib/endpoint.ts';
import { hostsOf } from '../facts.ts';
import type { Path, Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';

const path = ['etcd', 'external'];
const clientPort = 2379;

/** Either hosts run etcd, or others do. */
export function* etcdIsKeptByOne({ inventory, facts }: RuleContext): Iterable<Problem> {
  if (inventory.etcd?.external === undefined || !facts.rolesAreKnown) return;
  const members = hostsOf(facts, 'etcd');
  for (const { path: host, host: written, label } of members) {
    yield {
      code: 'conflicting-values',
      path: [...host, 'roles', (written.roles ?? []).indexOf('etcd')],
      message: `${label} has the role etcd, and etcd.external says that others keep etcd`,
      related: { path, message: 'others keep etcd' },
      fix: 'delete the role, or delete etcd.external',
    };
  }
}

/** What concerns members of one's own has no effect on those of others. */
export function* ownEtcdKeysAreUsed({ inventory: { etcd } }: RuleContext): Iterable<Problem> {
  if (etcd?.external === undefined) return;
  for (const name of ['version', 'dataDir', 'clusterToken', 'env'] as const) {
    if (etcd[name] === undefined) continue;
    yield {
      code: 'unused-key',
      severity: 'warning',
      path: ['etcd', name],
      atKey: true,
      message: `etcd.${name} has no effect together with etcd.external: others keep etcd`,
      fix: `delete "${name}"`,
    };
  }
  if (etcd.backup === undefined) return;
  yield {
    code: 'conflicting-values',
    path: ['etcd', 'backup'],
    atKey: true,
    message: 'etcd.backup takes snapshots on hosts with the role etcd, and with etcd.external there are none',
    related: { path, message: 'others keep etcd' },
    fix: 'delete "backup", and see to it that those who keep etcd take snapshots',
  };
}

/** Endpoints say whom to dial, over TLS, and nothing else. */
export function* externalEndpointsAreServers({ inventory: { etcd } }: RuleContext): Iterable<Problem> {
  const seen = new Map<string, Path>();
  for (const [index, written] of (etcd?.external?.endpoints ?? []).entries()) {
    const endpoint = written === undefined ? undefined : parseEndpoint(written);
    if (endpoint === undefined) continue;
    const at = [...path, 'endpoints', index];
    const { scheme, hasUser, host, port = clientPort, path: below } = endpoint;
    const url = httpsUrl(host, port);
    const problem = (message: string): Problem => ({
      code: 'invalid-url',
      path: at,
      message,
      fix: `write ${url}`,
    });
    if (scheme !== 'https') {
      yield {
        ...problem('an endpoint without TLS lets everybody on the network read and change Secrets'),
        fix: `write ${url}, and have etcd serve TLS and ask its clients for certificates`,
      };
    } else if (hasUser)
      yield problem('an endpoint names no user: the API server proves who it is with its certificate');
    else if (below !== '') yield problem('an endpoint is a server, without a path');
    else if (endpoint.port === undefined) yield problem('an endpoint needs its port');
    const other = seen.get(url);
    if (other !== undefined) {
      yield {
        code: 'duplicate-address',
        path: at,
        message: `the endpoint ${url} stands there twice`,
        related: { path: other, message: 'here first' },
        fix: 'delete one of the two',
      };
    }
    seen.set(url, at);
  }
}
