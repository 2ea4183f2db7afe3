/** What is verified: the files of all hosts as plain data, and what the plan knows about them. */
import { createMemo } from '../lib/memo.ts';
import { parseVersion } from '../lib/version.ts';
import type { Cluster, EndpointMode, Role } from '../model/cluster.ts';
import type { FoundOwnership, Placement } from '../model/file.ts';
import type { HostPlan } from '../model/plan.ts';

export interface BundleFile extends FoundOwnership {
  readonly path: string;
  readonly placement: Placement;
  readonly content: Buffer;
}

/** One host: its bundle, and what is or comes to be on it beside the bundle. */
export interface HostBundle {
  readonly host: string;
  readonly roles: readonly Role[];
  /** Names and addresses by which others dial it. */
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  readonly files: readonly BundleFile[];
  /** Folders that install.sh makes, state, and files that daemons make while they run. */
  readonly made: readonly string[];
  /** Programs that are there before an installation. */
  readonly programs: readonly string[];
  /** What install.sh expects to be free. */
  readonly ports: readonly { readonly port: number; readonly unit: string }[];
}

/** What all hosts have in common. */
export interface ClusterFacts {
  readonly kubernetesMinor: string;
  readonly etcdMinor: string;
  readonly endpoint: { readonly host: string; readonly port: number; readonly mode: EndpointMode };
  /** Which certificates of catalog/certificates.ts its hosts hold. */
  readonly bootstrapMethod: string;
  /** When certificates must be valid. */
  readonly now: Date;
}

/** The facts of a cluster. */
export function clusterFactsOf(cluster: Cluster, now: Date): ClusterFacts {
  return {
    now,
    kubernetesMinor: cluster.kubernetes.minor,
    etcdMinor: parseVersion(cluster.etcd.version)?.minor ?? cluster.etcd.version,
    endpoint: cluster.endpoint,
    bootstrapMethod: cluster.bootstrap.method,
  };
}

/** Where distributions keep their programs. */
const programFolders: readonly string[] = ['/bin', '/sbin', '/usr/bin', '/usr/sbin'];

/** Where a program of the distribution may be. */
export function programPaths(name: string): string[] {
  return programFolders.map((folder) => `${folder}/${name}`);
}

/** A host's bundle out of its plan and its files as rendered; of those, only what is verified is held. */
export function hostBundleOf(plan: HostPlan, files: readonly BundleFile[]): HostBundle {
  const { host, ports } = plan;
  return {
    host: host.name,
    roles: host.roles,
    names: [host.name, ...(host.fqdn === undefined ? [] : [host.fqdn])],
    addresses: host.addresses.map((address) => address.text),
    files: files.map(({ path, mode, owner, group, placement, content }) => ({
      path,
      mode,
      owner,
      group,
      placement,
      content,
    })),
    made: madeOn(plan.directories, '', () => madeBy(plan)),
    programs: programsOn(plan.binaries, '', () => programsOf(plan)),
    ports,
  };
}

/** Hosts of a kind have these lists from one plan. */
const madeOn = createMemo<HostPlan['directories'], readonly string[]>();
const programsOn = createMemo<HostPlan['binaries'], readonly string[]>();

function madeBy({ directories, data, generated }: HostPlan): string[] {
  return [...directories.map(({ path }) => path), ...data, ...generated];
}

function programsOf({ binaries, commands }: HostPlan): string[] {
  return [...binaries.map(({ path }) => path), ...commands.flatMap(({ name }) => programPaths(name))];
}
