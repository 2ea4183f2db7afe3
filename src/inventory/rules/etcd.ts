/** Rules about etcd: its version and its variables. */
import { findRelease } from '../../catalog/releases.ts';
import { parseVersion } from '../../lib/version.ts';
import { etcdFlaws } from '../../lint/etcd.ts';
import type { Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';
import { problemOf } from './components.ts';

/** etcd is of the minor that was released together with Kubernetes. */
export function* etcdVersionFitsKubernetes({ inventory, facts }: RuleContext): Iterable<Problem> {
  const written = inventory.etcd?.version;
  const release = facts.version === undefined ? undefined : findRelease(facts.version.minor);
  if (written === undefined || release === undefined || inventory.etcd?.external !== undefined) return;
  const [minor, wanted] = [written, release.etcd].map((text) => parseVersion(text)?.minor);
  if (minor === wanted) return;
  const path = ['etcd', 'version'];
  const message = `etcd ${written} was never released together with Kubernetes ${release.minor}, etcd ${wanted} was`;
  yield {
    code: 'version-mismatch',
    severity: minor === '3.5' ? 'warning' : 'error',
    path,
    message,
    fix: `write "${release.etcd}", or delete the key`,
  };
}

/** Variables that hardway sets, and the key that changes them, if there is one. */
const ownedVariables: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/^ETCD_NAME$/, 'the name of the host'],
  [/^ETCD_DATA_DIR$/, 'etcd.dataDir'],
  [/^ETCD_INITIAL_CLUSTER_TOKEN$/, 'etcd.clusterToken'],
  [/^ETCD_(?:LISTEN|ADVERTISE|INITIAL_ADVERTISE)_(?:CLIENT|PEER)_URLS$/, 'the addresses of the hosts'],
  [/^ETCD_INITIAL_CLUSTER(?:_STATE)?$/, 'the hosts with the role etcd'],
  [/^ETCD_(?:PEER_)?(?:CERT|KEY|TRUSTED_CA|CLIENT_CERT|CLIENT_KEY|CRL)_FILE$/, 'pki'],
  [/^ETCD_CA_FILE$|^ETCD_PEER_CA_FILE$/, 'pki'],
  [/^ETCD_(?:PEER_)?CLIENT_CERT_AUTH$/, 'nothing: members always ask for certificates'],
  [/^ETCD_(?:PEER_)?AUTO_TLS$/, 'pki'],
  [/^ETCD_CONFIG_FILE$/, 'etcd.env: with a file, etcd ignores its variables'],
  [/^ETCD_DISCOVERY(?:_.*)?$/, 'the hosts with the role etcd'],
];

/** Variables exist in this version of etcd and have values that it can read. */
export function* etcdVariablesAreKnown({ inventory, facts }: RuleContext): Iterable<Problem> {
  const release = facts.version === undefined ? undefined : findRelease(facts.version.minor);
  const version = facts.isBroken('etcd', 'version') ? undefined : (inventory.etcd?.version ?? release?.etcd);
  const minor = parseVersion(version ?? '')?.minor;
  if (minor === undefined) return;
  for (const [name, value] of Object.entries(inventory.etcd?.env ?? {})) {
    if (ownerOfVariable(name) !== undefined || value === null || value === undefined) continue;
    for (const flaw of etcdFlaws(name, value, minor)) yield problemOf(flaw, ['etcd', 'env', name]);
  }
}

function ownerOfVariable(name: string): string | undefined {
  return ownedVariables.find(([pattern]) => pattern.test(name))?.[1];
}

/** No variable is written that hardway sets. */
export function* etcdVariablesAreFree({ inventory }: RuleContext): Iterable<Problem> {
  for (const name of Object.keys(inventory.etcd?.env ?? {})) {
    const instead = ownerOfVariable(name);
    if (instead === undefined) continue;
    yield {
      code: 'flag-owned',
      path: ['etcd', 'env', name],
      atKey: true,
      message: `${name} is set by hardway, because certificates and other files depend on it`,
      fix: instead.startsWith('nothing')
        ? 'delete the variable; members always ask for certificates'
        : `delete the variable; it follows from ${instead}`,
    };
  }
}
