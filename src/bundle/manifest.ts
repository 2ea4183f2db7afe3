/** A host's plan as the text that install.sh reads; the format is described in docs/manifest.md. */
import type { HostPrograms, Program, ProgramSource } from '../binaries/programs.ts';
import { createMemo } from '../lib/memo.ts';
import type { DirectorySpec, FileSpec, Ownership } from '../model/file.ts';
import type { ImageArchive } from '../model/image-archive.ts';
import type { HostPlan } from '../model/plan.ts';

/** What a manifest says beside the plan. */
export interface ManifestFacts {
  /** Version of hardway. */
  readonly release: string;
  /** Stays the same as long as the cluster's etcd data is its own, see clusterId. */
  readonly clusterId: string;
  /** The binaries that install.sh brings. */
  readonly programs: HostPrograms;
  /** Archives beside the bundles, one for each architecture; none where hosts pull their images. */
  readonly images: readonly ImageArchive[];
}

/** The manifest of a host's bundle. */
export function manifestText(plan: HostPlan, facts: ManifestFacts): string {
  return [
    ...hostStatements(plan, facts).map(statementText),
    ...plan.directories.map((directory) => placed(directory, directoryStatement)),
    ...plan.files.map((file) => placed(file, fileStatement)),
    ...plan.units.map(({ name, start }) => statementText(['unit', name, start])),
    '',
  ].join('\n');
}

const placedTexts = createMemo<DirectorySpec | FileSpec, string>();

/** Hosts share what the plan says of most of their files and folders, and with it the text. */
function placed<T extends DirectorySpec | FileSpec>(spec: T, statement: (spec: T) => Statement): string {
  return placedTexts(spec, '', () => statementText(statement(spec)));
}

type Statement = readonly (string | number)[];

function hostStatements(
  plan: HostPlan,
  { release, clusterId, programs, images }: ManifestFacts,
): Statement[] {
  const { cluster, host } = plan;
  const { runtime } = plan;
  return [
    ['hardway-manifest', 1],
    ['release', release],
    ['cluster', cluster.name],
    ['cluster-id', clusterId],
    ['kubernetes', cluster.kubernetes.version],
    ['etcd', cluster.etcd.version],
    ['endpoint', cluster.endpoint.host, cluster.endpoint.port, cluster.endpoint.mode],
    ['bootstrap', cluster.bootstrap.method],
    ['host', host.name],
    ['fqdn', host.fqdn ?? '-'],
    ...host.addresses.map((address) => ['address', address.text]),
    ['arch', host.arch],
    ...host.roles.map((role) => ['role', role]),
    ...plan.binaries.map(({ path, version }) => ['binary', path, version ?? '-']),
    ...programs.sources.map(sourceStatement),
    ...programs.programs.map(programStatement),
    ...imageStatements(plan, images),
    ...plan.commands.map(({ name, debian, rhel }) => ['command', name, debian, rhel]),
    ['clock'],
    ...(plan.requiresSwapOff ? [['swap', 'off']] : []),
    ...(plan.requiresCgroupV2 ? [['cgroup', 2]] : []),
    ...(runtime === undefined ? [] : [['runtime', runtime.type, runtime.unit ?? '-', runtime.socket ?? '-']]),
    ...plan.ports.map(({ port, unit }) => ['port', 'tcp', port, unit]),
    ...plan.space.map(({ path, mebibytes }) => ['space', path, mebibytes]),
    ...plan.peers.map(({ name, address, port }) => ['peer', name, address, port]),
    ...plan.modules.map(({ name, need }) => ['module', name, need]),
    ...plan.users.map(({ name, home }) => ['user', name, home]),
    ...plan.data.map((path) => ['data', path]),
    ...plan.generated.map((path) => ['generated', path]),
    ...plan.awaited.map(({ unit, path }) => ['awaited', unit, path]),
  ];
}

function sourceStatement({ name, sha256, url }: ProgramSource): Statement {
  return url === undefined ? ['archive', name, sha256] : ['download', name, sha256, url];
}

function programStatement({ path, unit, sha256, source, member }: Program): Statement {
  return ['program', '0755', 'root:root', path, unit ?? '-', sha256, source, member ?? '-'];
}

/** Where the runtimes that install.sh can give images to keep them. */
const imageFolders: Readonly<Record<string, string>> = {
  containerd: '/var/lib/containerd',
  docker: '/var/lib/docker',
};

/** The archive of the host's architecture, when the host runs pods with a runtime that install.sh knows. */
function imageStatements({ host, runtime }: HostPlan, archives: readonly ImageArchive[]): Statement[] {
  const folder = imageFolders[runtime?.type ?? ''];
  const archive = archives.find(({ architecture }) => architecture === host.arch);
  if (folder === undefined || archive === undefined) return [];
  return [
    ['images', archive.file, archive.sha256],
    ...archive.images.map(({ name, digest }) => ['image', name, digest]),
    // As it comes, and unpacked.
    ['space', folder, Math.ceil((archive.bytes * 3) / 1_048_576)],
  ];
}

function directoryStatement(directory: DirectorySpec): Statement {
  return ['dir', ...ownershipWords(directory), directory.path];
}

function fileStatement(file: FileSpec): Statement {
  const services = file.services.length === 0 ? '-' : file.services.join(',');
  return [file.placement, ...ownershipWords(file), file.path, services];
}

function ownershipWords({ mode, owner, group }: Ownership): Statement {
  return [modeText(mode), `${owner}:${group}`];
}

/** `0600` */
export function modeText(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function statementText(statement: Statement): string {
  const words = statement.map(String);
  const odd = words.find((word) => !/^(-|[A-Za-z0-9._@:+%=,/~][A-Za-z0-9._@:+%=,/~-]*)$/.test(word));
  if (odd !== undefined) throw new Error(`the manifest cannot carry a word of statement ${words[0]}`);
  return words.join(' ');
}
