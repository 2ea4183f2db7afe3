/**
 * Bundles against one another, before they go anywhere: files of all hosts in, findings out.
 * Each check is a row and a pure function, and stays silent about what another one reports.
 * Nothing is read from a disk, no clock is asked, and nothing here knows how files are rendered.
 */
import type { Finding } from '../model/finding.ts';
import { createPairReader, type PairReader } from '../pki/read-once.ts';
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
import { type ClusterView, createViews, type Found } from './view.ts';

export interface CheckRow {
  readonly name: string;
  /** `host`: what it finds on a host depends on that host's files alone, and it never asks for another. */
  readonly of: 'cluster' | 'host';
  readonly check: (view: ClusterView) => Iterable<Found>;
}

export const checks: readonly CheckRow[] = [
  { name: 'files-complete', of: 'cluster', check: filesAreComplete },
  { name: 'modes-right', of: 'host', check: modesAreRight },
  { name: 'timers-have-services', of: 'host', check: timersHaveServices },
  { name: 'paths-exist', of: 'host', check: pathsExist },
  { name: 'flags-complete', of: 'host', check: flagsAreComplete },
  { name: 'flags-known', of: 'host', check: flagsAreKnown },
  { name: 'flags-current', of: 'host', check: flagsAreCurrent },
  { name: 'etcd-variables-known', of: 'host', check: etcdVariablesAreKnown },
  { name: 'kinds-known', of: 'host', check: kindsAreKnown },
  { name: 'authorities-agree', of: 'cluster', check: authoritiesAgree },
  { name: 'certificates-right', of: 'cluster', check: certificatesAreRight },
  { name: 'certificates-valid', of: 'cluster', check: certificatesAreValid },
  { name: 'keys-match', of: 'cluster', check: keysMatch },
  { name: 'signing-keys-match', of: 'host', check: signingKeysMatch },
  { name: 'service-account-key-is-one', of: 'cluster', check: serviceAccountKeyIsOne },
  { name: 'keys-kept-secret', of: 'cluster', check: keysAreKeptSecret },
  { name: 'keys-needed', of: 'host', check: keysAreNeeded },
  { name: 'front-proxy-let-in', of: 'host', check: frontProxyIsLetIn },
  { name: 'api-urls-covered', of: 'cluster', check: apiUrlsAreCovered },
  { name: 'kubelets-covered', of: 'cluster', check: kubeletsAreCovered },
  { name: 'names-lead-to-control-planes', of: 'cluster', check: namesLeadToControlPlanes },
  { name: 'names-own', of: 'host', check: namesAreOwn },
  { name: 'hosts-files-right', of: 'cluster', check: hostsFilesAreRight },
  { name: 'balancers-know-api-servers', of: 'cluster', check: balancersKnowApiServers },
  { name: 'floating-addresses-agree', of: 'cluster', check: floatingAddressesAgree },
  { name: 'etcd-complete', of: 'cluster', check: etcdIsComplete },
  { name: 'etcd-urls-covered', of: 'cluster', check: etcdUrlsAreCovered },
  { name: 'etcd-trusted', of: 'cluster', check: etcdIsTrusted },
  { name: 'etcd-members-agree', of: 'cluster', check: membersAgree },
  { name: 'etcd-members-known', of: 'cluster', check: apiServersKnowMembers },
  { name: 'tokens-agree', of: 'cluster', check: tokensAgree },
  { name: 'token-files-right', of: 'host', check: tokenFilesAreRight },
  { name: 'token-secrets-right', of: 'host', check: tokenSecretsAreRight },
  { name: 'tokens-accepted', of: 'cluster', check: tokensAreAccepted },
  { name: 'encryption-keys-agree', of: 'cluster', check: encryptionKeysAgree },
  { name: 'networks-agree', of: 'cluster', check: networksAgree },
  { name: 'services-reached', of: 'cluster', check: servicesAreReached },
  { name: 'cgroup-drivers-agree', of: 'host', check: cgroupDriversAgree },
  { name: 'runtime-sockets-agree', of: 'host', check: runtimeSocketsAgree },
  { name: 'ports-free', of: 'host', check: portsAreFree },
  { name: 'ports-asked-for', of: 'host', check: portsAreAskedFor },
];

/** Bundles that are verified while they come. */
export interface Verification {
  /** Runs the checks of a host, the next of its cluster. */
  readonly add: (bundle: HostBundle) => void;
  /** Runs the checks of the cluster, and gives everything that was found, in the order of the checks. */
  readonly finish: () => { readonly findings: Finding[]; readonly view: ClusterView };
}

/**
 * Begins with no bundles. What is read of a host for its own checks is let go before the next host:
 * thousands of hosts need no more memory for it than one. `pairs` may have read certificates and keys before.
 */
export function createVerification(
  facts: ClusterFacts,
  pairs: PairReader = createPairReader(),
): Verification {
  const views = createViews(facts, pairs);
  const ofHosts: Finding[] = [];
  return {
    add: (bundle) => ofHosts.push(...runChecks('host', views.add(bundle))),
    finish: () => {
      const view = views.ofAll();
      const all = [...ofHosts, ...runChecks('cluster', view)];
      const findings = checks.flatMap(({ name }) => all.filter(({ check }) => check === name));
      // Two files of a host may lead to one and the same fault in a third.
      const once = new Map(findings.map((finding) => [JSON.stringify(finding), finding]));
      return { findings: [...once.values()], view };
    },
  };
}

/** Everything that the checks find in the bundles of all hosts of a cluster, in the order of the checks. */
export function verifyCluster(
  facts: ClusterFacts,
  bundles: readonly HostBundle[],
  pairs: PairReader = createPairReader(),
): Finding[] {
  const verification = createVerification(facts, pairs);
  for (const bundle of bundles) verification.add(bundle);
  return verification.finish().findings;
}

const rows = {
  cluster: checks.filter(({ of }) => of === 'cluster'),
  host: checks.filter(({ of }) => of === 'host'),
};

function runChecks(of: CheckRow['of'], view: ClusterView): Finding[] {
  return rows[of].flatMap(({ name, check }) =>
    [...check(view)].map((found) => ({ check: name, severity: found.severity ?? 'error', ...found })),
  );
}
