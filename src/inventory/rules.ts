/**
 * The ordered list of what must hold across keys. A rule sees the inventory as
 * decoded and the facts about it, and yields what is wrong; it never stops
 * another rule, and stays silent about values that decode.ts already refused.
 */
import type { Facts } from './facts.ts';
import type { Problem } from './problem.ts';
import { flannelKeysFitTheBackend, hostGatewaysAreNeighbours } from './rules/addons.ts';
import { waiversNameChecksAndHosts } from './rules/audit.ts';
import { endpointCanBeAsked, floatingAddressIsFree, loadBalancersFitTheMode } from './rules/balancing.ts';
import { binaryMirrorIsOpen } from './rules/binaries.ts';
import { componentFlagsAreKnown, configFieldsAreKnown, featureGatesAreKnown } from './rules/components.ts';
import { endpointKeysFitTheMode, endpointLeadsToTheApi, portsAreFree } from './rules/endpoint.ts';
import { etcdVariablesAreFree, etcdVariablesAreKnown, etcdVersionFitsKubernetes } from './rules/etcd.ts';
import { etcdIsKeptByOne, externalEndpointsAreServers, ownEtcdKeysAreUsed } from './rules/etcd-external.ts';
import { backupDirIsApart, dataDirIsNoSystemFolder } from './rules/folders.ts';
import {
  addressesAreUnique,
  hostAddressesAreUsable,
  hostNamesAreUnique,
  hostsHaveAddresses,
  rolesAreUnique,
} from './rules/hosts.ts';
import {
  clusterDNSFitsServices,
  networksAreApart,
  networksAreNetworks,
  networksHaveOneFamilyOrder,
  podRangesHoldTheNodes,
  serviceRangesHaveRightSize,
} from './rules/networks.ts';
import { namesInCertificatesAreExact, validityPeriodsNest } from './rules/pki.ts';
import { settingsKeepDoorsShut } from './rules/security.ts';
import {
  bootstrapKeysFitTheMethod,
  mirrorsFitTheRuntime,
  proxyKeysFitTheMode,
  runtimeKeysFitTheType,
} from './rules/settings.ts';
import { taintsAreUnique } from './rules/taints.ts';
import { clusterSurvivesOneHost, rolesAreFilled } from './rules/topology.ts';
import { versionExists } from './rules/version.ts';
import type { WrittenInventory } from './schema.ts';

export interface RuleContext {
  readonly inventory: WrittenInventory;
  readonly facts: Facts;
}

export type Rule = (context: RuleContext) => Iterable<Problem>;

export const rules: readonly Rule[] = [
  versionExists,
  hostNamesAreUnique,
  hostsHaveAddresses,
  addressesAreUnique,
  hostAddressesAreUsable,
  rolesAreUnique,
  rolesAreFilled,
  clusterSurvivesOneHost,
  networksAreNetworks,
  networksHaveOneFamilyOrder,
  networksAreApart,
  serviceRangesHaveRightSize,
  podRangesHoldTheNodes,
  clusterDNSFitsServices,
  proxyKeysFitTheMode,
  endpointKeysFitTheMode,
  endpointLeadsToTheApi,
  loadBalancersFitTheMode,
  floatingAddressIsFree,
  endpointCanBeAsked,
  portsAreFree,
  etcdVersionFitsKubernetes,
  dataDirIsNoSystemFolder,
  backupDirIsApart,
  etcdVariablesAreFree,
  etcdIsKeptByOne,
  ownEtcdKeysAreUsed,
  externalEndpointsAreServers,
  etcdVariablesAreKnown,
  validityPeriodsNest,
  namesInCertificatesAreExact,
  bootstrapKeysFitTheMethod,
  runtimeKeysFitTheType,
  mirrorsFitTheRuntime,
  flannelKeysFitTheBackend,
  hostGatewaysAreNeighbours,
  taintsAreUnique,
  featureGatesAreKnown,
  componentFlagsAreKnown,
  configFieldsAreKnown,
  binaryMirrorIsOpen,
  settingsKeepDoorsShut,
  waiversNameChecksAndHosts,
];

/** Everything that the rules find, in the order of the rules. */
export function checkRules(context: RuleContext): Problem[] {
  return rules.flatMap((rule) => [...rule(context)]);
}
