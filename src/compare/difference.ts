/** What a render would change, as plain data. No field holds a secret. */

export type State = 'added' | 'removed' | 'changed';

/** Stands in place of a value that may be a secret. */
export const notShown = 'not shown';

/** A value by its name; undefined where the name is not set. */
export interface SettingChange {
  readonly kind: 'flag' | 'variable' | 'field' | 'setting';
  readonly name: string;
  readonly old: string | undefined;
  readonly new: string | undefined;
}

/** Part of a unified diff; `lines` begin with a blank, `-`, `+` or `\`. */
export interface Hunk {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
  readonly lines: readonly string[];
}

/** Two values of the same thing. */
export interface Change {
  readonly old: string;
  readonly new: string;
}

export interface FileChange {
  /** On the host; `manifest` and `install.sh` are those of the bundle. */
  readonly path: string;
  readonly state: State;
  /** `0600 root:root`, where it changes. */
  readonly ownership: Change | undefined;
  /** Units that install.sh restarts for it. */
  readonly services: readonly string[];
  readonly settings: readonly SettingChange[];
  readonly hunks: readonly Hunk[];
  /** Fingerprints of the whole file, where nothing of what differs may be shown. */
  readonly secret: Change | undefined;
}

export type UnitAction = 'starts' | 'restarts' | 'reloads' | 'runs again' | 'stops';

export interface UnitChange {
  readonly unit: string;
  readonly action: UnitAction;
  /** The files for which it does. */
  readonly because: readonly string[];
}

export interface HostChange {
  readonly host: string;
  readonly state: State;
  /** As they will be; of a removed host, as they were. */
  readonly roles: readonly string[];
  readonly rolesBefore: readonly string[];
  /** Names and addresses that are the host's own. */
  readonly ownNames: readonly string[];
  /** Of an added host only their paths and units; of a removed one none. */
  readonly files: readonly FileChange[];
  readonly units: readonly UnitChange[];
}

/** A key or certificate that the render would make. */
export interface PkiDifference {
  readonly action: 'created' | 'reissued';
  readonly what: string;
  readonly reason: string;
}

export type RiskLevel = 'danger' | 'care' | 'note';

export interface Risk {
  /** What it follows from, see catalog/rollout.ts. */
  readonly event: string;
  readonly level: RiskLevel;
  readonly hosts: readonly string[];
  readonly text: string;
}

export interface RolloutStep {
  readonly stage: string;
  readonly hosts: readonly string[];
  /** Hosts at once. */
  readonly atOnce: number;
  readonly text: string;
}

export interface Difference {
  readonly cluster: string;
  readonly kubernetes: { readonly old: string | undefined; readonly new: string };
  /** Whether anything was rendered before. */
  readonly isFirst: boolean;
  /** Hosts of the inventory and of the output folder together. */
  readonly hostCount: number;
  readonly pki: readonly PkiDifference[];
  /** Those that differ: in inventory order, then the removed ones. */
  readonly hosts: readonly HostChange[];
  readonly risks: readonly Risk[];
  readonly rollout: readonly RolloutStep[];
}

/** Whether a render would change nothing. */
export function isEmpty({ hosts, pki }: Difference): boolean {
  return hosts.length === 0 && pki.length === 0;
}
