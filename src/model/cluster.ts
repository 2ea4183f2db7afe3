/**
 * The validated model: what an inventory means once every default is filled in
 * and every check has passed. Plain data; nothing here reads a disk or a clock.
 */
import type { Address, Cidr } from '../lib/ip.ts';
import { createMemo } from '../lib/memo.ts';

export const roleNames = ['etcd', 'control-plane', 'worker', 'load-balancer'] as const;
export type Role = (typeof roleNames)[number];

export const endpointModes = ['hosts', 'external', 'keepalived', 'haproxy', 'node-local'] as const;
export type EndpointMode = (typeof endpointModes)[number];

export const bootstrapMethods = ['token-file', 'token-secret', 'signed'] as const;
export type BootstrapMethod = (typeof bootstrapMethods)[number];

export const keyAlgorithms = ['ecdsa-p256', 'ecdsa-p384', 'rsa-2048', 'rsa-3072', 'rsa-4096'] as const;
export type KeyAlgorithm = (typeof keyAlgorithms)[number];

export const proxyModes = ['ipvs', 'iptables', 'nftables'] as const;
export type ProxyMode = (typeof proxyModes)[number];

export const runtimeTypes = ['containerd', 'docker', 'external'] as const;
export type RuntimeType = (typeof runtimeTypes)[number];

export const binarySources = ['host', 'bundle', 'download'] as const;
export type BinarySource = (typeof binarySources)[number];

export const flannelBackends = ['vxlan', 'host-gw'] as const;
export type FlannelBackend = (typeof flannelBackends)[number];

export const podSecurityLevels = ['baseline', 'privileged'] as const;
export type PodSecurityLevel = (typeof podSecurityLevels)[number];

export const architectures = ['amd64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];

/** Keys of `components`, as written in the inventory. */
export const componentKeys = ['apiserver', 'controllerManager', 'scheduler', 'kubelet', 'proxy'] as const;
export type ComponentKey = (typeof componentKeys)[number];

/** What a user may change on one component: flags (null removes one) and fields of its config file. */
export interface ComponentSettings {
  readonly args: Readonly<Record<string, string | null>>;
  readonly config: Readonly<Record<string, unknown>>;
}

/** A taint in kubelet's notation, split: `key[=value]:effect`. */
export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

export interface Host {
  /** RFC 1123 label, lower case; also the Kubernetes node name. */
  readonly name: string;
  /** `name.domain`, or undefined when the cluster has no domain. */
  readonly fqdn: string | undefined;
  /** At least one; the first is of the cluster's primary family (the family of the first service CIDR). */
  readonly addresses: readonly Address[];
  /** In the order of `roleNames`, without repetition. */
  readonly roles: readonly Role[];
  readonly arch: Architecture;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** Cluster-wide, role and host settings merged; the host's own win. */
  readonly components: Readonly<Record<ComponentKey, ComponentSettings>>;
  readonly ssh: SshSettings;
}

/** How the host is logged in to; undefined: as the ssh client of whoever does has it. */
export interface SshSettings {
  readonly user: string | undefined;
  readonly port: number | undefined;
  readonly identityFile: string | undefined;
  /** Whether install.sh runs through sudo; undefined: unless the user is root. */
  readonly become: boolean | undefined;
}

/** The address that moves between hosts (VRRP), see docs/endpoint.md. */
export interface FloatingAddress {
  readonly vip: Address;
  /** Undefined: the interface that has the host's own address, found out on the host. */
  readonly interface: string | undefined;
  /** 1 to 255. */
  readonly virtualRouterId: number;
}

export interface ProxySettings {
  readonly http: string | undefined;
  readonly https: string | undefined;
  /** Entries as written; the cluster's own networks are added when rendering. */
  readonly noProxy: readonly string[];
}

/** Snapshots from a timer: when (OnCalendar of systemd), how many are kept, and where. */
export type EtcdBackup = { readonly schedule: string; readonly keep: number; readonly dir: string };

/** An etcd cluster that others keep: where it is, and files of the operator's machine as written. */
export interface ExternalEtcdSettings {
  /** `https://HOST:PORT`, addresses in canonical text. */
  readonly endpoints: readonly string[];
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** How flannel carries packets from node to node. */
export interface FlannelSettings {
  readonly backend: FlannelBackend;
  /** Of vxlan: plain routes between nodes of one network segment, VXLAN between segments. */
  readonly directRouting: boolean;
}

/** A hardening check that may fail until a day, and why. */
export interface Waiver {
  readonly check: string;
  /** Names of hosts; none stands for all. */
  readonly hosts: readonly string[];
  readonly reason: string;
  /** The last day on which it counts, `YYYY-MM-DD`, in UTC. */
  readonly expires: string;
}

export interface Cluster {
  readonly name: string;
  readonly domain: string | undefined;
  readonly dnsDomain: string;
  readonly kubernetes: {
    /** Without a leading v: `1.20.2`. */
    readonly version: string;
    /** `1.20`. */
    readonly minor: string;
    readonly logLevel: number;
    readonly featureGates: Readonly<Record<string, boolean>>;
  };
  readonly network: {
    /** One or two (dual-stack), network addresses (host bits masked). */
    readonly serviceCIDRs: readonly Cidr[];
    readonly podCIDRs: readonly Cidr[];
    /** Per-node prefix length, by address family. */
    readonly nodeCIDRMaskSize: { readonly ipv4: number; readonly ipv6: number };
    readonly nodePortRange: { readonly first: number; readonly last: number };
    /** Address 1 of every service CIDR: the `kubernetes` service. */
    readonly apiServiceAddresses: readonly Address[];
    readonly clusterDNS: readonly Address[];
    readonly proxy: { readonly mode: ProxyMode; readonly ipvsScheduler: string };
  };
  readonly endpoint: {
    /** A DNS name or an address in canonical text (no brackets). */
    readonly host: string;
    readonly port: number;
    readonly mode: EndpointMode;
    /** In modes keepalived and haproxy; undefined for a single load balancer without one. */
    readonly floating: FloatingAddress | undefined;
  };
  readonly etcd: {
    readonly version: string;
    readonly dataDir: string;
    readonly clusterToken: string;
    readonly env: Readonly<Record<string, string>>;
    readonly backup: EtcdBackup | undefined;
    readonly external: ExternalEtcdSettings | undefined;
  };
  readonly pki: {
    readonly keyAlgorithm: KeyAlgorithm;
    readonly caValidityDays: number;
    readonly certValidityDays: number;
    readonly renewBeforeDays: number;
    readonly subject: SubjectAttributes;
    readonly extraSANs: readonly string[];
  };
  readonly bootstrap: { readonly method: BootstrapMethod; readonly tokenTTLSeconds: number };
  readonly runtime: {
    readonly type: RuntimeType;
    /** Path of the CRI socket, without `unix://`. */
    readonly socket: string;
    readonly cgroupDriver: 'systemd' | 'cgroupfs';
    readonly sandboxImage: string;
    /** Base URLs of mirrors, in the order in which they are tried, by registry (`docker.io`). */
    readonly registryMirrors: Readonly<Record<string, readonly string[]>>;
    readonly proxy: ProxySettings | undefined;
  };
  readonly security: {
    readonly encryptionAtRest: boolean;
    readonly audit: boolean;
    /** What pods may ask for where their namespace says nothing; `privileged` is everything. */
    readonly podSecurity: PodSecurityLevel;
  };
  readonly audit: { readonly waivers: readonly Waiver[] };
  readonly binaries: {
    readonly source: BinarySource;
    readonly dir: string;
    /** Without a slash at its end; undefined: from where they are published. */
    readonly mirror: string | undefined;
  };
  readonly addons: {
    readonly coredns: boolean;
    /** Undefined without flannel. */
    readonly flannel: FlannelSettings | undefined;
    /** Files of the operator's machine as written, in the order in which they are applied. */
    readonly extra: readonly string[];
  };
  readonly hostsFile: { readonly manage: boolean };
  readonly hosts: readonly Host[];
}

/** Subject attributes that go before the common name; never `O`, which Kubernetes reads as a group. */
export interface SubjectAttributes {
  readonly C?: string;
  readonly ST?: string;
  readonly L?: string;
  readonly OU?: string;
}

const hostsByRole = createMemo<Cluster, readonly Host[]>();

/** The hosts that have a role, in inventory order. Remembered, since planning asks once per host. */
export function hostsWithRole(cluster: Cluster, role: Role): readonly Host[] {
  return hostsByRole(cluster, role, () => cluster.hosts.filter((host) => host.roles.includes(role)));
}

/** The address other hosts reach this one at: the first, of the cluster's primary family. */
export function primaryAddress(host: Host): Address {
  const [first] = host.addresses;
  if (first === undefined) throw new Error(`host ${host.name} has no address`);
  return first;
}
