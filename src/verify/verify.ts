/**
 * Bundles against one another, before they go anywhere: files of all hosts in, findings out.
 * Each check is a row and a pure function, and stays silent about what another one reports.
 * Nothing is read from a disk, no clock is asked, and nothing here knows how files are rendered.
 */
import type { Finding } from '../model/finding.ts';
import type { ClusterFacts, HostBundle } from './bundle.ts';
import { balancersKnowApiServers, floatingAddressesAgree } from './checks/balancing.ts';
import {
  authoritiesAgree,
  certificatesAreRight,
  certificatesAreValid,
  frontProxyIsLetIn,
  keysAreKeptSecret,
  keysAreNeeded,
  keysMatch,
  serviceAccountKeyIsOne,
  signingKeysMatch,
} from './checks/certificates.ts';
import { apiServersKnowMembers, membersAgree } from './checks/etcd.ts';
import { etcdVariablesAreKnown, flagsAreCurrent, flagsAreKnown } from './checks/flags.ts';
import { hostsFilesAreRight, namesAreOwn } from './checks/identity.ts';
import { kindsAreKnown } from './checks/kinds.ts';
import { namesLeadToControlPlanes } from './checks/names.ts';
import { networksAgree, servicesAreReached } from './checks/networks.ts';
import { pathsExist } from './checks/paths.ts';
import { portsAreAskedFor, portsAreFree } from './checks/ports.ts';
import { cgroupDriversAgree, runtimeSocketsAgree } from './checks/runtime.ts';
import {
  encryptionKeysAgree,
  tokenFilesAreRight,
  tokenSecretsAreRight,
  tokensAgree,
  tokensAreAccepted,
} from './checks/tokens.ts';
import { apiUrlsAreCovered, etcdIsTrusted, etcdUrlsAreCovered, kubeletsAreCovered } from './checks/urls.ts';
import {
  etcdIsComplete,
  filesAreComplete,
  flagsAreComplete,
  modesAreRight,
  timersHaveServices,
} from './checks/whole.ts';
import { type ClusterView, type Found, viewOf } from './view.ts';

export interface CheckRow {
  readonly name: string;
  readonly check: (view: ClusterView) => Iterable<Found>;
}

export const checks: readonly CheckRow[] = [
  { name: 'files-complete', check: filesAreComplete },
  { name: 'modes-right', check: modesAreRight },
  { name: 'timers-have-services', check: timersHaveServices },
  { name: 'paths-exist', check: pathsExist },
  { name: 'flags-complete', check: flagsAreComplete },
  { name: 'flags-known', check: flagsAreKnown },
  { name: 'flags-current', check: flagsAreCurrent },
  { name: 'etcd-variables-known', check: etcdVariablesAreKnown },
  { name: 'kinds-known', check: kindsAreKnown },
  { name: 'authorities-agree', check: authoritiesAgree },
  { name: 'certificates-right', check: certificatesAreRight },
  { name: 'certificates-valid', check: certificatesAreValid },
  { name: 'keys-match', check: keysMatch },
  { name: 'signing-keys-match', check: signingKeysMatch },
  { name: 'service-account-key-is-one', check: serviceAccountKeyIsOne },
  { name: 'keys-kept-secret', check: keysAreKeptSecret },
  { name: 'keys-needed', check: keysAreNeeded },
  { name: 'front-proxy-let-in', check: frontProxyIsLetIn },
  { name: 'api-urls-covered', check: apiUrlsAreCovered },
  { name: 'kubelets-covered', check: kubeletsAreCovered },
  { name: 'names-lead-to-control-planes', check: namesLeadToControlPlanes },
  { name: 'names-own', check: namesAreOwn },
  { name: 'hosts-files-right', check: hostsFilesAreRight },
  { name: 'balancers-know-api-servers', check: balancersKnowApiServers },
  { name: 'floating-addresses-agree', check: floatingAddressesAgree },
  { name: 'etcd-complete', check: etcdIsComplete },
  { name: 'etcd-urls-covered', check: etcdUrlsAreCovered },
  { name: 'etcd-trusted', check: etcdIsTrusted },
  { name: 'etcd-members-agree', check: membersAgree },
  { name: 'etcd-members-known', check: apiServersKnowMembers },
  { name: 'tokens-agree', check: tokensAgree },
  { name: 'token-files-right', check: tokenFilesAreRight },
  { name: 'token-secrets-right', check: tokenSecretsAreRight },
  { name: 'tokens-accepted', check: tokensAreAccepted },
  { name: 'encryption-keys-agree', check: encryptionKeysAgree },
  { name: 'networks-agree', check: networksAgree },
  { name: 'services-reached', check: servicesAreReached },
  { name: 'cgroup-drivers-agree', check: cgroupDriversAgree },
  { name: 'runtime-sockets-agree', check: runtimeSocketsAgree },
  { name: 'ports-free', check: portsAreFree },
  { name: 'ports-asked-for', check: portsAreAskedFor },
];

/** Everything that the checks find in the bundles of all hosts of a cluster, in the order of the checks. */
export function verifyCluster(facts: ClusterFacts, bundles: readonly HostBundle[]): Finding[] {
  const view = viewOf(facts, bundles);
  const findings = checks.flatMap(({ name, check }) =>
    [...check(view)].map((found) => ({ check: name, severity: found.severity ?? 'error', ...found })),
  );
  // Two files of a host may lead to one and the same fault in a third.
  return [...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()];
}
