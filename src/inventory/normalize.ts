/**
 * An inventory without errors in, the Cluster out, every default filled in. Facts
 * that rules have checked are taken for granted: a broken one is a bug and throws.
 */
import {
  defaultProxyMode,
  dualStackGate,
  firstWithoutDockershim,
  isFrom,
  lastWithAlphaDualStack,
  releaseOf,
  sandboxImageOf,
} from '../catalog/releases.ts';
import { parseDuration } from '../lib/duration.ts';
import { httpsUrl, parseEndpoint } from '../lib/endpoint.ts';
import { type Address, addressBits, type Cidr, nthAddress, parseAddress } from '../lib/ip.ts';
import {
  type Cluster,
  type ComponentKey,
  type ComponentSettings,
  componentKeys,
  type FloatingAddress,
  type Host,
  type ProxySettings,
  type SshSettings,
  type SubjectAttributes,
  type Taint,
  type Waiver,
} from '../model/cluster.ts';
import { type Facts, type HostFacts, hostsOf } from './facts.ts';
import {
  addonsKeys,
  binariesKeys,
  bootstrapKeys,
  clusterKeys,
  defaultMaskSize,
  defaultSockets,
  endpointKeys,
  etcdBackupKeys,
  etcdKeys,
  flannelKeys,
  hostKeys,
  kubernetesKeys,
  networkKeys,
  pkiKeys,
  proxyModeKeys,
  runtimeKeys,
  securityKeys,
  type WrittenComponents,
  type WrittenInventory,
  type WrittenWaiver,
} from './schema.ts';

/** What an inventory means. */
export function normalizeInventory(inventory: WrittenInventory, facts: Facts): Cluster {
  const version = needed(facts.version, 'version');
  const domain = inventory.cluster?.domain;
  return {
    name: or(inventory.cluster?.name, clusterKeys.name),
    domain,
    dnsDomain: or(inventory.cluster?.dnsDomain, clusterKeys.dnsDomain),
    kubernetes: {
      version: version.full,
      minor: version.minor,
      logLevel: or(inventory.kubernetes?.logLevel, kubernetesKeys.logLevel),
      featureGates: { ...impliedGates(facts), ...withoutHoles(inventory.kubernetes?.featureGates) },
    },
    network: networkOf(inventory, facts, version.minor),
    endpoint: endpointOf(inventory, facts),
    etcd: etcdOf(inventory, version.minor),
    pki: pkiOf(inventory),
    bootstrap: bootstrapOf(inventory),
    runtime: runtimeOf(inventory, version.minor),
    security: {
      encryptionAtRest: or(inventory.security?.encryptionAtRest, securityKeys.encryptionAtRest),
      audit: or(inventory.security?.audit, securityKeys.audit),
      podSecurity: or(inventory.security?.podSecurity, securityKeys.podSecurity),
    },
    audit: { waivers: (inventory.audit?.waivers ?? []).map((waiver) => waiverOf(waiver ?? {})) },
    binaries: {
      source: or(inventory.binaries?.source, binariesKeys.source),
      dir: or(inventory.binaries?.dir, binariesKeys.dir),
      mirror: inventory.binaries?.mirror?.replace(/\/+$/, ''),
    },
    addons: {
      coredns: or(inventory.addons?.coredns, addonsKeys.coredns),
      flannel: flannelOf(inventory),
      extra: (inventory.addons?.extra ?? []).map((file) => needed(file, 'addons.extra')),
    },
    hostsFile: { manage: inventory.hostsFile?.manage ?? true },
    hosts: facts.hosts.map((host) => hostOf(host, inventory, facts, domain)),
  };
}

/** Gates without which the version does not do what the inventory asks for. */
function impliedGates(facts: Facts): Record<string, boolean> {
  const isDualStack = (facts.services ?? []).length > 1;
  return isDualStack && facts.version?.minor === lastWithAlphaDualStack ? { [dualStackGate]: true } : {};
}

function networkOf({ network }: WrittenInventory, facts: Facts, minor: string): Cluster['network'] {
  const serviceCIDRs = needed(facts.services, 'serviceCIDR').map(({ cidr }) => cidr);
  const podCIDRs = needed(facts.pods, 'podCIDR').map(({ cidr }) => cidr);
  const [first = 0, last = 0] = or(network?.nodePortRange, networkKeys.nodePortRange).split('-').map(Number);
  const dns = network?.clusterDNS?.map((text) => addressOfText(text));
  return {
    serviceCIDRs,
    podCIDRs,
    nodeCIDRMaskSize: maskSizes(network?.nodeCIDRMaskSize, podCIDRs),
    nodePortRange: { first, last },
    apiServiceAddresses: serviceCIDRs.map((cidr) => needed(nthAddress(cidr, 1), 'API service address')),
    clusterDNS: dns ?? serviceCIDRs.map((cidr) => needed(nthAddress(cidr, 10), 'DNS address')),
    proxy: {
      mode: network?.proxy?.mode ?? defaultProxyMode(minor),
      ipvsScheduler: or(network?.proxy?.ipvsScheduler, proxyModeKeys.ipvsScheduler),
    },
  };
}

/** What is written counts for the family of the first pod network. */
function maskSizes(
  written: number | undefined,
  podCIDRs: readonly Cidr[],
): Cluster['network']['nodeCIDRMaskSize'] {
  const family = podCIDRs[0]?.family;
  if (written === undefined || family === undefined) return defaultMaskSize;
  return { ...defaultMaskSize, [family]: Math.min(written, addressBits(family)) };
}

function endpointOf({ endpoint }: WrittenInventory, facts: Facts): Cluster['endpoint'] {
  const mode = or(endpoint?.mode, endpointKeys.mode);
  const floating = floatingOf(endpoint);
  const first = hostsOf(facts, mode === 'haproxy' ? 'load-balancer' : 'control-plane')[0];
  const fallback = first === undefined ? undefined : ordered(first, facts)[0]?.text;
  const host = endpoint?.host ?? needed(floating?.vip.text ?? fallback, 'address of the endpoint');
  return {
    host: parseAddress(host)?.text ?? host,
    port: or(endpoint?.port, endpointKeys.port),
    mode,
    floating,
  };
}

function floatingOf(endpoint: WrittenInventory['endpoint']): FloatingAddress | undefined {
  if (endpoint?.vip === undefined) return undefined;
  const vip = addressOfText(endpoint.vip);
  // Addresses of one network segment mostly differ in their last byte, and 0 is no router id (RFC 5798).
  const virtualRouterId = endpoint.virtualRouterId ?? (Number(vip.value & 0xffn) || 255);
  return { vip, interface: endpoint.interface, virtualRouterId };
}

function etcdOf({ etcd }: WrittenInventory, minor: string): Cluster['etcd'] {
  return {
    version: (etcd?.version ?? releaseOf(minor).etcd).replace(/^v/, ''),
    dataDir: or(etcd?.dataDir, etcdKeys.dataDir),
    clusterToken: or(etcd?.clusterToken, etcdKeys.clusterToken),
    env: withoutHoles(etcd?.env),
    backup: backupOf(etcd?.backup),
    external: externalOf(etcd?.external),
  };
}

function externalOf(
  external: NonNullable<WrittenInventory['etcd']>['external'],
): Cluster['etcd']['external'] {
  if (external === undefined) return undefined;
  return {
    endpoints: (external.endpoints ?? []).map((written) => {
      const { host, port } = needed(parseEndpoint(written ?? ''), 'endpoint');
      return httpsUrl(host, needed(port, 'port of an endpoint'));
    }),
    caFile: needed(external.caFile, 'etcd.external.caFile'),
    certFile: needed(external.certFile, 'etcd.external.certFile'),
    keyFile: needed(external.keyFile, 'etcd.external.keyFile'),
  };
}

function backupOf(backup: NonNullable<WrittenInventory['etcd']>['backup']): Cluster['etcd']['backup'] {
  if (backup === undefined) return undefined;
  return {
    schedule: or(backup.schedule, etcdBackupKeys.schedule),
    keep: or(backup.keep, etcdBackupKeys.keep),
    dir: or(backup.dir, etcdBackupKeys.dir),
  };
}

function pkiOf({ pki }: WrittenInventory): Cluster['pki'] {
  const names = (pki?.extraSANs ?? []).flatMap((name) =>
    name === undefined ? [] : [parseAddress(name)?.text ?? name],
  );
  return {
    keyAlgorithm: or(pki?.keyAlgorithm, pkiKeys.keyAlgorithm),
    caValidityDays: or(pki?.caValidityDays, pkiKeys.caValidityDays),
    certValidityDays: or(pki?.certValidityDays, pkiKeys.certValidityDays),
    renewBeforeDays: or(pki?.renewBeforeDays, pkiKeys.renewBeforeDays),
    subject: withoutHoles(pki?.subject) as SubjectAttributes,
    extraSANs: [...new Set(names)],
  };
}

function bootstrapOf({ bootstrap }: WrittenInventory): Cluster['bootstrap'] {
  const ttl = or(bootstrap?.tokenTTL, bootstrapKeys.tokenTTL);
  return {
    method: or(bootstrap?.method, bootstrapKeys.method),
    tokenTTLSeconds: needed(parseDuration(ttl), 'tokenTTL'),
  };
}

function runtimeOf({ runtime }: WrittenInventory, minor: string): Cluster['runtime'] {
  const type = or(runtime?.type, runtimeKeys.type);
  const shim = isFrom(minor, firstWithoutDockershim) ? defaultSockets.criDockerd : defaultSockets.dockershim;
  // What stands between the kubelet and Docker is hardway's own and listens where hardway says.
  const fallback = type === 'containerd' ? defaultSockets.containerd : undefined;
  const socket = type === 'docker' ? shim : (runtime?.socket ?? fallback);
  return {
    type,
    socket: needed(socket, 'runtime.socket'),
    cgroupDriver: or(runtime?.cgroupDriver, runtimeKeys.cgroupDriver),
    sandboxImage: runtime?.sandboxImage ?? sandboxImageOf(minor),
    registryMirrors: mirrorsOf(runtime?.registryMirrors),
    proxy: proxyOf(runtime?.proxy),
  };
}

function mirrorsOf(
  mirrors: NonNullable<WrittenInventory['runtime']>['registryMirrors'],
): Cluster['runtime']['registryMirrors'] {
  const entries = Object.entries(withoutHoles(mirrors));
  return Object.fromEntries(
    entries.map(([registry, urls]) => [registry, urls.filter((url) => url !== undefined)]),
  );
}

function proxyOf(proxy: NonNullable<WrittenInventory['runtime']>['proxy']): ProxySettings | undefined {
  if (proxy?.http === undefined && proxy?.https === undefined) return undefined;
  const noProxy = (proxy.noProxy ?? []).filter((entry) => entry !== undefined);
  return { http: proxy.http, https: proxy.https, noProxy };
}

function flannelOf({ addons }: WrittenInventory): Cluster['addons']['flannel'] {
  const written = or(addons?.flannel, addonsKeys.flannel);
  if (written === false) return undefined;
  const settings = written === true ? undefined : written;
  const backend = or(settings?.backend, flannelKeys.backend);
  // host-gw knows nothing but plain routes.
  const directRouting = backend === 'vxlan' && or(settings?.directRouting, flannelKeys.directRouting);
  return { backend, directRouting };
}

function waiverOf(waiver: WrittenWaiver): Waiver {
  return {
    check: needed(waiver.check, 'audit.waivers[].check'),
    hosts: (waiver.hosts ?? []).filter((host) => host !== undefined),
    reason: needed(waiver.reason, 'audit.waivers[].reason'),
    expires: needed(waiver.expires, 'audit.waivers[].expires'),
  };
}

// Hosts

function hostOf(own: HostFacts, inventory: WrittenInventory, facts: Facts, domain: string | undefined): Host {
  const { host, roles } = own;
  const name = needed(host.name, 'host name');
  // Later layers win: the cluster, then each role in the order of the table of roles, then the host.
  const layers = [...roles.map((role) => inventory.roleDefaults?.[role]), host];
  return {
    name,
    fqdn: domain === undefined ? undefined : `${name}.${domain}`,
    addresses: ordered(own, facts),
    roles,
    arch: or(host.arch, hostKeys.arch),
    labels: Object.fromEntries(layers.flatMap((layer) => Object.entries(withoutHoles(layer?.labels)))),
    taints: mergeTaints(layers.map((layer) => layer?.taints ?? [])),
    components: mergeComponents([inventory.components, ...layers.map((layer) => layer?.components)]),
    ssh: mergeSsh([inventory.ssh, ...layers.map((layer) => layer?.ssh)]),
  };
}

function mergeSsh(layers: readonly WrittenInventory['ssh'][]): SshSettings {
  const last = <K extends keyof SshSettings>(key: K) =>
    layers.findLast((layer) => layer?.[key] !== undefined)?.[key];
  return {
    user: last('user'),
    port: last('port'),
    identityFile: last('identityFile'),
    become: last('become'),
  };
}

/** The cluster's own family first; otherwise as written. */
function ordered({ addresses }: HostFacts, { family }: Facts): Address[] {
  const all = addresses.map(({ address }) => address);
  return [
    ...all.filter((address) => address.family === family),
    ...all.filter((address) => address.family !== family),
  ];
}

/** One taint for each key and effect; the value of the last layer wins. */
function mergeTaints(layers: readonly (readonly (string | undefined)[])[]): Taint[] {
  const taints = new Map<string, Taint>();
  for (const text of layers.flat()) {
    const taint = text === undefined ? undefined : taintOf(text);
    if (taint !== undefined) taints.set(`${taint.key}:${taint.effect}`, taint);
  }
  return [...taints.values()];
}

function taintOf(text: string): Taint {
  const colon = text.lastIndexOf(':');
  const [key = '', value = ''] = text.slice(0, colon).split('=');
  return { key, value, effect: text.slice(colon + 1) as Taint['effect'] };
}

const noSettings: ComponentSettings = { args: {}, config: {} };
const noComponents = Object.fromEntries(componentKeys.map((key) => [key, noSettings])) as Record<
  ComponentKey,
  ComponentSettings
>;

function mergeComponents(
  layers: readonly (WrittenComponents | undefined)[],
): Record<ComponentKey, ComponentSettings> {
  const written = layers.filter((layer) => layer !== undefined);
  if (written.length === 0) return noComponents;
  return Object.fromEntries(
    componentKeys.map((key) => [key, mergeSettings(written.map((layer) => layer[key] ?? {}))]),
  ) as Record<ComponentKey, ComponentSettings>;
}

function mergeSettings(
  layers: readonly { readonly args?: object | undefined; readonly config?: object | undefined }[],
): ComponentSettings {
  return {
    args: Object.fromEntries(layers.flatMap(({ args }) => Object.entries(args ?? {}))),
    config: layers.reduce<ComponentSettings['config']>(
      (merged, { config }) => mergeFields(merged, config ?? {}),
      {},
    ),
  };
}

/** Maps merge field by field; lists and single values are replaced. */
function mergeFields(base: object, over: object): Record<string, unknown> {
  const fields = new Map<string, unknown>(Object.entries(base));
  for (const [name, value] of Object.entries(over)) {
    const below = fields.get(name);
    fields.set(name, isMapping(below) && isMapping(value) ? mergeFields(below, value) : value);
  }
  return Object.fromEntries(fields);
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Small things

function or<T, D>(value: T | undefined, entry: { readonly default: D }): T | D {
  return value ?? entry.default;
}

function withoutHoles<T>(
  record: { readonly [name: string]: T | null | undefined } | undefined,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(record ?? {}).filter(
      (entry): entry is [string, T & {}] => entry[1] !== undefined && entry[1] !== null,
    ),
  );
}

function addressOfText(text: string | undefined): Address {
  return needed(parseAddress(text ?? ''), 'address');
}

function needed<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the checks let an inventory without ${what} pass`);
  return value;
}
