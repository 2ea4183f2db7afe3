/** Bundles as they were packed, read back: what verify needs of each, and what is wrong with it as a bundle. */
import { createHash } from 'node:crypto';
import { remembered } from '../lib/remember.ts';
import { parseVersion } from '../lib/version.ts';
import { endpointModes, type Role, roleNames } from '../model/cluster.ts';
import type { Owner } from '../model/file.ts';
import type { Finding } from '../model/finding.ts';
import { type BundleFile, type ClusterFacts, type HostBundle, programPaths } from '../verify/bundle.ts';
import { modeText } from './manifest.ts';
import { BundleReadError, type ReadBundle, readBundle } from './read.ts';
import { isFileStatement, readStatements, type Statement, type Statements } from './read-manifest.ts';

/** A tarball of a host, as verify wants it. */
export interface InspectedBundle {
  readonly bundle: HostBundle;
  readonly facts: Omit<ClusterFacts, 'now'>;
  /** What all bundles of a render have in common, by statement of the manifest. */
  readonly common: ReadonlyMap<string, string>;
  /** Of install.sh: the same bytes for every host. */
  readonly installSum: string;
}

export interface Inspection {
  /** Undefined where the tarball cannot be taken apart or says too little about itself. */
  readonly inspected: InspectedBundle | undefined;
  readonly findings: readonly Finding[];
}

const again = 'render again, and copy the bundle anew';

/**
 * Reads bundles one after another; files with equal bytes become one buffer, and equal lists one list,
 * so that verify looks at them once.
 */
export function createInspector(): (name: string, tarball: Buffer) => Promise<Inspection> {
  const known = new Map<string, Buffer>();
  const sumOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');
  const shared = (content: Buffer, sum: string) => {
    const found = known.get(sum) ?? content;
    known.set(sum, found);
    return found;
  };
  const lists = remembered((text: string) => text.split('\n'));
  const sharedList = (list: readonly string[]) => lists(list.join('\n'));
  return async (name, tarball) => {
    const findings: Finding[] = [];
    const find = (check: string, file: string | undefined, message: string, line?: number) =>
      findings.push({ check, severity: 'error', host: name, file, line, message, fix: again });
    try {
      const entries = await readBundle(name, tarball);
      const sums = new Map([...entries].map(([path, { content }]) => [path, sumOf(content)]));
      const files: ReadBundle = new Map(
        [...entries].map(([path, { mode, content }]) => [
          path,
          { mode, content: shared(content, sums.get(path) ?? '') },
        ]),
      );
      for (const problem of sumProblems(files, sums)) find('sums-match', ...problem);
      const manifest = readStatements(files.get('manifest')?.content.toString() ?? '');
      const host = manifest.values('host')[0];
      if (host !== undefined && host !== name)
        find('manifest-right', 'manifest', `the manifest is that of ${host}`, manifest.lineOf('host'));
      for (const problem of manifestProblems(files, manifest)) find('manifest-right', ...problem);
      const inspected = inspectedOf(name, files, manifest, sums.get('install.sh') ?? '', sharedList);
      if (inspected === undefined)
        find('manifest-right', 'manifest', 'the manifest lacks what the other checks must know');
      return { inspected, findings };
    } catch (error) {
      if (!(error instanceof BundleReadError)) throw error;
      find('bundle-readable', undefined, `the bundle ${error.message}`);
      return { inspected: undefined, findings };
    }
  };
}

type Problem = readonly [file: string | undefined, message: string, line?: number];

/** SHA256SUMS is right about every file, and names all of them but itself and install.sh. */
function* sumProblems(files: ReadBundle, sums: ReadonlyMap<string, string>): Iterable<Problem> {
  const list = files.get('SHA256SUMS');
  if (list === undefined) {
    yield ['SHA256SUMS', 'the bundle has no SHA256SUMS'];
    return;
  }
  const listed = new Set<string>();
  for (const [index, line] of list.content.toString().trimEnd().split('\n').entries()) {
    const [, sum, name] = /^([0-9a-f]{64}) {2}(\S+)$/.exec(line) ?? [];
    if (name === undefined) {
      yield ['SHA256SUMS', 'the line is no sum and name', index + 1];
      continue;
    }
    listed.add(name);
    const actual = sums.get(name);
    if (actual === undefined) yield ['SHA256SUMS', `${name} is not in the bundle`, index + 1];
    else if (actual !== sum) yield [placeOf(name), 'the file is not the one that SHA256SUMS has the sum of'];
  }
  for (const name of files.keys())
    if (!listed.has(name) && name !== 'SHA256SUMS' && name !== 'install.sh')
      yield [placeOf(name), 'SHA256SUMS has no sum of the file'];
}

/** The path on the host of a file below rootfs; of others their name in the bundle. */
function placeOf(name: string): string {
  return name.startsWith('rootfs/') ? name.slice('rootfs'.length) : name;
}

/** Every file has its statement and every statement its file, with one and the same mode. */
function* manifestProblems(files: ReadBundle, { all }: Statements): Iterable<Problem> {
  const stated = new Set<string>();
  for (const { words, line } of all.filter(isFileStatement)) {
    const [mode = '', , path = ''] = words;
    if (stated.has(path)) yield ['manifest', `${path} has two statements`, line];
    stated.add(path);
    const file = files.get(`rootfs${path}`);
    if (file === undefined) yield ['manifest', `${path} is not in the bundle`, line];
    else if (modeText(file.mode) !== mode)
      yield [path, `the archive gives the file the mode ${modeText(file.mode)}, the manifest ${mode}`];
  }
  for (const name of files.keys())
    if (name.startsWith('rootfs/') && !stated.has(placeOf(name)))
      yield [placeOf(name), 'the manifest does not name the file, and install.sh refuses the bundle'];
  // A bundle without a manifest has not been read.
  if (!files.has('install.sh')) yield ['install.sh', 'the bundle has no install.sh'];
}

/** Statements that all bundles of one render have in common. */
const commonStatements = ['release', 'cluster', 'cluster-id', 'kubernetes', 'etcd', 'endpoint', 'bootstrap'];

function inspectedOf(
  name: string,
  files: ReadBundle,
  statements: Statements,
  installSum: string,
  sharedList: (list: readonly string[]) => readonly string[],
): InspectedBundle | undefined {
  const { all, of, values, first } = statements;
  const [endpointHost, endpointPort, endpointMode] = first('endpoint');
  const mode = endpointModes.find((one) => one === endpointMode);
  const kubernetes = parseVersion(values('kubernetes')[0] ?? '');
  const etcd = parseVersion(values('etcd')[0] ?? '');
  const [bootstrapMethod] = values('bootstrap');
  if (endpointHost === undefined || mode === undefined || kubernetes === undefined) return undefined;
  if (etcd === undefined || bootstrapMethod === undefined) return undefined;
  const host = values('host')[0] ?? name;
  const fqdn = values('fqdn')[0] ?? '-';
  return {
    bundle: {
      host,
      roles: values('role').filter((role): role is Role => (roleNames as readonly string[]).includes(role)),
      names: fqdn === '-' ? [host] : [host, fqdn],
      addresses: values('address'),
      files: all.filter(isFileStatement).flatMap((one) => fileOf(one, files)),
      made: sharedList([
        ...of('dir').flatMap(({ words }) => words[2] ?? []),
        ...values('data'),
        ...values('generated'),
      ]),
      programs: sharedList([...values('binary'), ...values('command').flatMap(programPaths)]),
      ports: of('port').map(({ words: [, port, unit = ''] }) => ({ port: Number(port), unit })),
    },
    facts: {
      kubernetesMinor: kubernetes.minor,
      etcdMinor: etcd.minor,
      endpoint: { host: endpointHost, port: Number(endpointPort), mode },
      bootstrapMethod,
    },
    common: new Map(commonStatements.map((statement) => [statement, first(statement).join(' ')])),
    installSum,
  };
}

function fileOf({ name, words }: Statement, files: ReadBundle): BundleFile[] {
  const [mode = '', ownership = '', path = ''] = words;
  const file = files.get(`rootfs${path}`);
  if (file === undefined) return [];
  const [owner, group] = ownership.split(':') as [Owner, Owner];
  return [
    {
      path,
      mode: Number.parseInt(mode, 8),
      owner,
      group,
      placement: name as BundleFile['placement'],
      content: file.content,
    },
  ];
}

/** Bundles of one render say the same of their cluster, and bring the same install.sh. */
export function* strangers(bundles: readonly InspectedBundle[]): Iterable<Finding> {
  const [first] = bundles;
  if (first === undefined) return;
  for (const { bundle, common, installSum } of bundles) {
    const at = {
      severity: 'error',
      host: bundle.host,
      line: undefined,
      fix: 'take all bundles from one render',
    } as const;
    for (const [statement, value] of common)
      if (value !== first.common.get(statement))
        yield {
          ...at,
          check: 'one-render',
          file: 'manifest',
          message: `${statement} is ${value || 'missing'}, and ${first.common.get(statement) || 'missing'} on ${first.bundle.host}`,
        };
    if (installSum !== first.installSum)
      yield {
        ...at,
        check: 'one-render',
        file: 'install.sh',
        message: `install.sh differs from that of ${first.bundle.host}`,
      };
  }
}
