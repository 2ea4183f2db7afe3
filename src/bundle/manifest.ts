/** A host's plan as the text that install.sh reads; the format is described in docs/manifest.md. */
import type { HostPrograms, Program, ProgramSource } from '../binaries/programs.ts';
import { createMemo } from '../lib/memo.ts';
import { rememberedByObject } from '../lib/remember.ts';
import type { FileSpec, Ownership } from '../model/file.ts';
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
  return [...hostLines(plan, facts), ...placedLines(plan), ''].join('\n');
}

type Statement = readonly (string | number)[];

function hostLines(plan: HostPlan, { release, clusterId, programs, images }: ManifestFacts): string[] {
  const { cluster, host, runtime } = plan;
  return [
    ...[
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
    ].map(statementText),
    ...shared('binary', plan.binaries, ({ path, version }) => [path, version ?? '-']),
    ...programs.sources.map(sourceStatement).map(statementText),
    ...programs.programs.map(programStatement).map(statementText),
    ...imageStatements(plan, images).map(statementText),
    ...shared('command', plan.commands, ({ name, debian, rhel }) => [name, debian, rhel]),
    ...[
      ['clock'],
      ...(plan.requiresSwapOff ? [['swap', 'off']] : []),
      ...(plan.requiresCgroupV2 ? [['cgroup', 2]] : []),
      ...(runtime === undefined
        ? []
        : [['runtime', runtime.type, runtime.unit ?? '-', runtime.socket ?? '-']]),
    ].map(statementText),
    ...shared('port', plan.ports, ({ port, unit }) => ['tcp', port, unit]),
    ...shared('space', plan.space, ({ path, mebibytes }) => [path, mebibytes]),
    ...shared('peer', plan.peers, ({ name, address, port }) => [name, address, port]),
    ...shared('module', plan.modules, ({ name, need }) => [name, need]),
    ...shared('user', plan.users, ({ name, home }) => [name, home]),
    ...shared('data', plan.data, (path) => [path]),
    ...shared('generated', plan.generated, (path) => [path]),
    ...shared('awaited', plan.awaited, ({ unit, path }) => [unit, path]),
  ];
}

function placedLines({ directories, files, units }: HostPlan): string[] {
  return [
    ...shared('dir', directories, (directory) => [...ownershipWords(directory), directory.path]),
    ...files.map(fileLine),
    ...shared('unit', units, ({ name, start }) => [name, start]),
  ];
}

const sharedLines = createMemo<readonly unknown[], readonly string[]>();

/** Hosts of a kind have their lists from one plan, each of which becomes the same statements for all of them. */
function shared<Row>(name: string, rows: readonly Row[], words: (row: Row) => Statement): readonly string[] {
  return sharedLines(rows, name, () => rows.map((row) => statementText([name, ...words(row)])));
}

/** They share most of their files too, and with them the line. */
const fileLine = rememberedByObject((file: FileSpec) => statementText(fileStatement(file)));

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
