/** Everything that one host's bundle says and holds, before any byte is rendered. */
import type { Cluster, Host, Role } from './cluster.ts';
import type { DirectorySpec, FileSpec } from './file.ts';

export interface UnitSpec {
  readonly name: string;
  /**
   * `enable`: ours, enabled and kept running. `reload`: the same, but a daemon that takes
   * a changed file without letting go of its connections. `once`: ours, runs to its end when
   * its files change. `runtime`: the distribution's, restarted when a file changes.
   */
  readonly start: 'enable' | 'reload' | 'once' | 'runtime';
}

/** A binary that the host runs; where it comes from is decided in binaries/programs.ts. */
export interface PlannedBinary {
  readonly name: string;
  readonly role: Role;
  readonly path: string;
  /** Undefined: any. */
  readonly version: string | undefined;
  /** Runs it. */
  readonly unit: string | undefined;
}

export interface HostPlan {
  readonly cluster: Cluster;
  readonly host: Host;
  /** Parents before children. */
  readonly directories: readonly DirectorySpec[];
  /** In the order of their paths. */
  readonly files: readonly FileSpec[];
  /** In start order. */
  readonly units: readonly UnitSpec[];
  readonly users: readonly { readonly name: string; readonly home: string }[];
  readonly binaries: readonly PlannedBinary[];
  readonly commands: readonly { readonly name: string; readonly debian: string; readonly rhel: string }[];
  readonly ports: readonly { readonly port: number; readonly unit: string }[];
  readonly modules: readonly { readonly name: string; readonly need: 'required' | 'optional' }[];
  readonly space: readonly { readonly path: string; readonly mebibytes: number }[];
  /** What this host's units wait for on other hosts. */
  readonly peers: readonly { readonly name: string; readonly address: string; readonly port: number }[];
  /** Deleted by `uninstall --purge-data` only. */
  readonly data: readonly string[];
  /** Files that daemons make while they run; deleted by `uninstall`. */
  readonly generated: readonly string[];
  /** Units that are restarted once when a file appears after their first start. */
  readonly awaited: readonly { readonly unit: string; readonly path: string }[];
  readonly runtime:
    | { readonly type: string; readonly unit: string | undefined; readonly socket: string | undefined }
    | undefined;
  readonly requiresSwapOff: boolean;
  readonly requiresCgroupV2: boolean;
  /**
   * What templates may see, spelled out in plan/values.ts. `shared` is one and the same
   * object for all hosts with the same roles, so that what only reads it is rendered once.
   */
  readonly values: { readonly shared: TemplateValues; readonly own: TemplateValues };
}

export type TemplateValue = string | number | boolean | TemplateValues | readonly TemplateValue[];
/** Plain data only: a template that reads a name that is not here stops the render. */
export interface TemplateValues {
  readonly [key: string]: TemplateValue;
}
