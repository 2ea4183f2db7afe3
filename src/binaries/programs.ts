/** Which binaries a host's install.sh brings, and out of what: a host's plan and what was supplied in, statements' words out. */
import type { Cluster, Role } from '../model/cluster.ts';
import type { HostPlan } from '../model/plan.ts';
import { findArtefact } from './artefacts.ts';
import type { Lock } from './lock.ts';
import type { BinaryArchive } from './pack.ts';

/** What the binaries of all hosts come out of. */
export type BinarySupply =
  | { readonly source: 'host' }
  | { readonly source: 'bundle'; readonly lock: Lock; readonly archives: readonly BinaryArchive[] }
  | { readonly source: 'download'; readonly lock: Lock };

/** A file that install.sh takes binaries out of; without a URL it stands beside the bundle. */
export interface ProgramSource {
  readonly name: string;
  readonly sha256: string;
  readonly url: string | undefined;
}

export interface Program {
  readonly path: string;
  readonly unit: string | undefined;
  readonly sha256: string;
  /** The name of a ProgramSource. */
  readonly source: string;
  /** Its path in that archive; undefined where the source is the program itself. */
  readonly member: string | undefined;
}

export interface HostPrograms {
  readonly sources: readonly ProgramSource[];
  readonly programs: readonly Program[];
}

/** The programs of a host; none with source `host`, and none that is not published as a file with a sum. */
export function programsOf(plan: HostPlan, supply: BinarySupply): HostPrograms {
  if (supply.source === 'host') return { sources: [], programs: [] };
  const sources = new Map<string, ProgramSource>();
  const programs = plan.binaries.flatMap((planned): Program[] => {
    const artefact = findArtefact(plan.cluster, plan.host.arch, planned.name);
    const [binary] = artefact?.binaries ?? [];
    if (artefact === undefined || binary === undefined) return [];
    const { source, member } =
      supply.source === 'bundle'
        ? { source: archiveOf(plan, planned.role, supply.archives), member: planned.name }
        : { source: downloadOf(artefact.path, plan.cluster, supply.lock), member: binary.member };
    sources.set(source.name, source);
    const sha256 = needed(supply.lock.get(binary.lockName), binary.lockName);
    return [{ path: planned.path, unit: planned.unit, sha256, source: source.name, member }];
  });
  return { sources: [...sources.values()], programs };
}

function archiveOf({ host }: HostPlan, role: Role, archives: readonly BinaryArchive[]): ProgramSource {
  const archive = archives.find((one) => one.role === role && one.arch === host.arch);
  if (archive === undefined) throw new Error(`no archive for ${role} on ${host.arch}`);
  return { name: archive.name, sha256: archive.sha256, url: undefined };
}

function downloadOf(path: string, { binaries: { mirror } }: Cluster, lock: Lock): ProgramSource {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return { name, sha256: needed(lock.get(path), path), url: `${mirror ?? 'https:/'}/${path}` };
}

function needed(sum: string | undefined, name: string): string {
  if (sum === undefined) throw new Error(`no sum of ${name}`);
  return sum;
}
