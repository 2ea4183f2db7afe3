/** The supported minors and what runs beside each of them, as plain values. */
import {
  corednsImageOf,
  defaultProxyMode,
  firstWithoutDockershim,
  ipvsDeprecatedFrom,
  isFrom,
  newestCompleteMinor,
  nftablesFrom,
  releases,
  sandboxImageOf,
} from '../catalog/releases.ts';
import { compareMinors } from '../lib/version.ts';
import type { ProxyMode } from '../model/cluster.ts';

/** `provisional`: of this minor only a beta has been seen. */
export type VersionState = 'maintained' | 'ended' | 'provisional';
export type ModeStage = 'alpha' | 'beta' | 'stable' | 'deprecated';

export interface SupportedVersion {
  readonly minor: string;
  /** With its newest known patch. */
  readonly version: string;
  readonly state: VersionState;
  /** Whether an inventory without kubernetes.version means it. */
  readonly isDefault: boolean;
  readonly etcd: string;
  readonly pauseImage: string;
  readonly corednsImage: string;
  readonly cniPlugins: string;
  readonly oldestContainerd: string;
  /** What stands between the kubelet and Docker. */
  readonly dockerBy: 'dockershim' | 'cri-dockerd';
  /** Modes of kube-proxy that it has, and how ripe they are; alpha wants a feature gate. */
  readonly proxyModes: Readonly<Partial<Record<ProxyMode, ModeStage>>>;
  readonly defaultProxyMode: ProxyMode;
}

/** Every minor that hardway knows, oldest first. */
export function supportedVersions(): SupportedVersion[] {
  return releases.map((row) => ({
    minor: row.minor,
    version: `${row.minor}.${row.newestPatch}`,
    state: stateOf(row.minor, row.isMaintained),
    isDefault: row.minor === newestCompleteMinor,
    etcd: row.etcd,
    pauseImage: sandboxImageOf(row.minor),
    corednsImage: corednsImageOf(row.minor),
    cniPlugins: row.cniPlugins,
    oldestContainerd: row.containerd,
    dockerBy: isFrom(row.minor, firstWithoutDockershim) ? 'cri-dockerd' : 'dockershim',
    proxyModes: modesOf(row.minor),
    defaultProxyMode: defaultProxyMode(row.minor),
  }));
}

function stateOf(minor: string, isMaintained: boolean): VersionState {
  if (compareMinors(minor, newestCompleteMinor) > 0) return 'provisional';
  return isMaintained ? 'maintained' : 'ended';
}

function modesOf(minor: string): SupportedVersion['proxyModes'] {
  const stages = ['stable', 'beta', 'alpha'] as const;
  const stage = stages.find((one) => isFrom(minor, nftablesFrom[one]));
  return {
    iptables: 'stable',
    ipvs: isFrom(minor, ipvsDeprecatedFrom) ? 'deprecated' : 'stable',
    ...(stage === undefined ? {} : { nftables: stage }),
  };
}
