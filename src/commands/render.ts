/** `hardway render`: inventory in; PKI, bundles, review tree and checksums out. */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { assemble } from '../assembly/assemble.ts';
import { type HostWriter, openWriter } from '../assembly/writer.ts';
import type { BinaryArchive } from '../binaries/pack.ts';
import { beginOutput } from '../bundle/output.ts';
import { renderedVersion } from '../bundle/previous.ts';
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import type { Io } from '../cli/io.ts';
import { createProgress } from '../cli/progress.ts';
import { versionStepProblems } from '../inventory/version-step.ts';
import { smallHeap, tune } from '../lib/engine.ts';
import { templatesDir } from '../lib/package-root.ts';
import { count, textTable } from '../lib/table.ts';
import type { PkiChange } from '../model/certificate.ts';
import type { Cluster, Host } from '../model/cluster.ts';
import type { ImageArchive } from '../model/image-archive.ts';
import { createPairReader } from '../pki/read-once.ts';
import { openStore } from '../pki/store.ts';
import { pkiRequest } from '../plan/certificates.ts';
import { reportHtml } from '../report/html.ts';
import { createNotes } from '../report/notes.ts';
import { reportOf } from '../report/report.ts';
import { clusterFactsOf } from '../verify/bundle.ts';
import { ContradictionError } from '../verify/problem.ts';
import { findingsText } from '../verify/text.ts';
import { checks, createVerification } from '../verify/verify.ts';
import { binariesDirOf, supplyBinaries, supplyProblems } from './binary-supply.ts';
import { type InventoryOptions, type ReadInventory, readInventory, withLocalFiles } from './inventory.ts';
import { changeWarnings, otherHostsIn, pkiDirOf } from './pki.ts';

export interface RenderOptions extends InventoryOptions {
  readonly out: string;
  readonly pkiDir: string | undefined;
  readonly binariesDir: string | undefined;
}

export interface RenderedBundle {
  readonly host: Host;
  /** Relative to the output folder. */
  readonly bundle: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a kit has done beside a render, see commands/kit.ts. */
export interface KitSteps {
  /** The cluster that is rendered in place of the inventory's. */
  readonly adapt: (cluster: Cluster) => Cluster;
  /** Writes archives of images below an unfinished output. */
  readonly addImages: (read: ReadInventory, staging: string) => Promise<ImageArchive[]>;
  /** The last thing before the output is swapped in. */
  readonly finish: (rendered: Rendered, staging: string) => Promise<void>;
}

const noKit: KitSteps = { adapt: (cluster) => cluster, addImages: async () => [], finish: async () => {} };

/** An output that stands in its place. */
export interface Rendered {
  readonly cluster: Cluster;
  readonly pkiDir: string;
  readonly bundles: readonly RenderedBundle[];
  /** Empty where the hosts' binaries come from elsewhere. */
  readonly binaries: readonly BinaryArchive[];
  readonly images: readonly ImageArchive[];
  readonly changes: readonly PkiChange[];
}

/** Runs the command. */
export async function render(options: RenderOptions, io: Io): Promise<ExitStatus> {
  const rendered = await renderOutput(options, io);
  if (rendered === undefined) return exitStatus.wrongInput;
  io.stdout(summary(options, rendered));
  return exitStatus.done;
}

/**
 * Writes the output folder, or undefined after the inventory's mistakes have been told.
 * @throws ContradictionError when the bundles do not agree; the output folder stays as it was.
 */
export async function renderOutput(
  options: RenderOptions,
  io: Io,
  kit: KitSteps = noKit,
): Promise<Rendered | undefined> {
  performance.mark('inventory');
  const binariesDir = binariesDirOf(options.binariesDir, io);
  const read = readInventory(options, io, io.stderr, (cluster) => {
    const before = renderedVersion(options.out, cluster.name);
    const steps =
      before === undefined ? [] : versionStepProblems(before, cluster.kubernetes.version, options.out);
    return [...steps, ...supplyProblems(kit.adapt(cluster), options.inventory, binariesDir)];
  });
  if (read === undefined) return undefined;
  const cluster = kit.adapt(read.cluster);
  if (cluster.hosts.length >= manyHosts) tune(smallHeap);
  const pkiDir = pkiDirOf(cluster, options.inventory, options.pkiDir);
  const progress = createProgress(io, options.quiet);
  const output = beginOutput(options.out, pkiDir);
  let writer: HostWriter | undefined;
  const discard = () => {
    writer?.halt();
    output.discard();
  };
  // A signal leaves the previous output as it was, and nothing half-written beside it.
  const forget = io.onInterrupt(discard);
  try {
    // Early: it starts while the store is read.
    writer = openWriter(output.staging, cluster.hosts.length);
    performance.mark('pki');
    const pairs = createPairReader();
    const strangers = otherHostsIn(pkiDir, cluster);
    const {
      pki: store,
      changes,
      warnings,
    } = await openStore(pkiDir, pkiRequest(cluster), {
      now: io.now(),
      onProgress: (done, total) => progress.update('certificates', done, total),
      pairs,
    });
    const pki = withLocalFiles(store, read);
    performance.mark('binaries');
    const supply = await supplyBinaries(
      cluster,
      options.inventory,
      binariesDir,
      output.staging,
      (done, total) => progress.update('binaries', done, total),
    );
    const binaries = supply.source === 'bundle' ? supply.archives : [];
    const images = await kit.addImages(read, output.staging);
    performance.mark('bundles');
    const notes = createNotes();
    const verification = createVerification(clusterFactsOf(cluster, io.now()), pairs);
    const packed = await assemble(cluster, pki, supply, images, writer, pairs, {
      onHost: (host, index) => {
        notes.add(host, index);
        verification.add(host.bundle);
      },
      onDone: (done) => progress.update('bundles', done, cluster.hosts.length),
    });
    await writer.close();
    performance.mark('verify');
    const { findings, view } = verification.finish();
    const errors = findings.filter(({ severity }) => severity === 'error');
    if (errors.length > 0) throw new ContradictionError(errors);
    const bundles = cluster.hosts.flatMap((host, index) => {
      const bundle = packed[index];
      return bundle === undefined ? [] : [{ host, bundle: `bundles/${host.name}.tar.gz`, ...bundle }];
    });
    performance.mark('output');
    const sums = [
      ...bundles.map((one) => `${one.sha256}  ${one.bundle}\n`),
      ...binaries.map((one) => `${one.sha256}  binaries/${one.name}\n`),
    ];
    output.writeTop('SHA256SUMS', sums.join(''));
    performance.mark('report');
    const report = reportOf({ cluster, pki, bundles, view, notes, findings });
    output.writeTop('report.html', reportHtml(report, templatesDir));
    const rendered = { cluster, pkiDir, bundles, binaries, images, changes };
    await kit.finish(rendered, output.staging);
    output.commit();
    progress.finish();
    const all = [...warnings, ...changeWarnings(cluster, changes, strangers)];
    if (!options.quiet) {
      for (const warning of all) io.stderr(`warning: ${warning}\n`);
      io.stderr(findingsText(findings));
    }
    return rendered;
  } catch (error) {
    progress.finish();
    discard();
    throw error;
  } finally {
    forget();
  }
}

/** From so many hosts on, memory is what a render has to save. */
const manyHosts = 2000;

/** Most hosts that the terminal's table lists; the rest is counted. */
const mostHostsListed = 20;

function summary(options: RenderOptions, rendered: Rendered): string {
  const { cluster, pkiDir, bundles, binaries, changes } = rendered;
  if (options.format === 'json') return jsonSummary(options, rendered);
  if (options.quiet) return '';
  const rows = bundles
    .slice(0, mostHostsListed)
    .map(({ host, bundle, bytes }) => [
      host.name,
      host.addresses.map((address) => address.text).join(', '),
      host.roles.join(', '),
      join(options.out, bundle),
      `${Math.ceil(bytes / 1024)} KiB`,
    ]);
  const more = bundles.length - rows.length;
  return [
    textTable(['HOST', 'ADDRESS', 'ROLES', 'BUNDLE', 'SIZE'], rows),
    more > 0 ? `and ${count(more, 'more host')}\n` : '',
    '\n',
    archivesText(options.out, binaries),
    changesText(changes),
    `Kubernetes ${cluster.kubernetes.version}, cluster ${cluster.name}, ${count(bundles.length, 'host')}\n`,
    `verified: the bundles agree with one another (${count(checks.length, 'check')} of files, not of running hosts)\n`,
    `private:  ${join(options.out, 'bundles')}, ${pkiDir}\n`,
    `to read:  ${join(options.out, 'review')}, ${join(options.out, 'report.html')}\n`,
    `next:     copy each bundle${binaries.length > 0 ? ', and the archives of its roles,' : ''} to its host, unpack it there, run ./install.sh preflight, then ./install.sh\n`,
  ].join('');
}

/** One line for each archive that stands beside the bundles. */
function archivesText(out: string, archives: readonly BinaryArchive[]): string {
  if (archives.length === 0) return '';
  const rows = archives.map(({ name, role, arch, bytes }) => [
    join(out, 'binaries', name),
    `every ${role} on ${arch}`,
    `${Math.ceil(bytes / 1_048_576)} MiB`,
  ]);
  return `${textTable(['BINARIES', 'FOR', 'SIZE'], rows)}\n`;
}

/** Re-issued certificates one by one with their reasons, new ones counted. */
function changesText(changes: readonly PkiChange[]): string {
  const created = changes.filter((change) => change.action === 'created');
  const reissued = changes.filter((change) => change.action === 'reissued');
  const lines = reissued.map((change) => `re-issued ${change.what}: ${change.reason}\n`);
  if (created.length > 0)
    lines.push(`created ${count(created.length, 'key or certificate', 'keys and certificates')}\n`);
  return lines.join('');
}

function jsonSummary(
  options: RenderOptions,
  { cluster, pkiDir, bundles, binaries, changes }: Rendered,
): string {
  const hosts = bundles.map(({ host, bundle, bytes, sha256 }) => ({
    name: host.name,
    addresses: host.addresses.map((address) => address.text),
    roles: host.roles,
    bundle,
    bytes,
    sha256,
  }));
  const { name, kubernetes } = cluster;
  const document = {
    cluster: name,
    kubernetes: kubernetes.version,
    out: options.out,
    pkiDir,
    hosts,
    binaries: binaries.map(({ name, ...rest }) => ({ archive: `binaries/${name}`, ...rest })),
    changes,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
