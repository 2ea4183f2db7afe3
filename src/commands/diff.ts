/** `hardway diff`: what a render would change, host by host; nothing is written. */
import { readInstallScript } from '../assembly/pack.ts';
import { renderedVersion } from '../bundle/previous.ts';
import { openRendered, type RenderedOutput } from '../bundle/rendered.ts';
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import type { Io } from '../cli/io.ts';
import { compare } from '../compare/compare.ts';
import { type Difference, isEmpty } from '../compare/difference.ts';
import { differenceMarkdown } from '../compare/markdown.ts';
import { differenceText } from '../compare/text.ts';
import { versionStepProblems } from '../inventory/version-step.ts';
import { forecastImages, isKit } from '../kit/forecast.ts';
import { withBinaries } from '../kit/kit.ts';
import { packageVersion, templatesDir } from '../lib/package-root.ts';
import type { Cluster } from '../model/cluster.ts';
import { forecastStore } from '../pki/forecast.ts';
import { pkiRequest } from '../plan/certificates.ts';
import { loadTemplates } from '../render/template.ts';
import { binariesDirOf, forecastSupply, supplyProblems } from './binary-supply.ts';
import { imagesOf } from './images.ts';
import { type InventoryOptions, readInventory, withLocalFiles } from './inventory.ts';
import { changeWarnings, otherHostsIn, pkiDirOf } from './pki.ts';

export interface DiffOptions extends Omit<InventoryOptions, 'format'> {
  readonly format: 'text' | 'json' | 'markdown';
  readonly out: string;
  readonly pkiDir: string | undefined;
  readonly binariesDir: string | undefined;
}

/** Runs the command; exit status 1 when a render would change anything. */
export async function diff(options: DiffOptions, io: Io): Promise<ExitStatus> {
  const { inventory, out, quiet } = options;
  const binariesDir = binariesDirOf(options.binariesDir, io);
  const inKit = isKit(out);
  const adapt = (cluster: Cluster) => (inKit ? withBinaries(cluster) : cluster);
  const format = options.format === 'json' ? 'json' : 'text';
  const read = readInventory({ inventory, quiet, format }, io, io.stderr, (cluster) => {
    const before = renderedVersion(out, cluster.name);
    const steps = before === undefined ? [] : versionStepProblems(before, cluster.kubernetes.version, out);
    return [...steps, ...supplyProblems(adapt(cluster), inventory, binariesDir)];
  });
  if (read === undefined) return exitStatus.wrongInput;
  const cluster = adapt(read.cluster);
  const pkiDir = pkiDirOf(cluster, inventory, options.pkiDir);
  const forecast = await forecastStore(pkiDir, pkiRequest(cluster), io.now());
  const pki = withLocalFiles(forecast.pki, read);
  const rendered = openRendered(out);
  const difference = await compare(cluster, { ...forecast, pki }, rendered, {
    templates: loadTemplates(templatesDir),
    installScript: readInstallScript(),
    binaries: await forecastSupply(cluster, inventory, binariesDir),
    images: inKit ? await forecastImages(out, rendered, imagesOf(read, { image: undefined })) : [],
    release: packageVersion(),
  });
  const warnings = [
    ...forecast.warnings,
    ...changeWarnings(cluster, forecast.changes, otherHostsIn(pkiDir, cluster)),
    ...missingHalf(rendered, out),
  ];
  if (!quiet) for (const warning of warnings) io.stderr(`warning: ${warning}\n`);
  if (!quiet || options.format !== 'text') io.stdout(printers[options.format](difference, io));
  return isEmpty(difference) ? exitStatus.done : exitStatus.found;
}

/** An output folder of which only a part is there, such as one out of version control. */
function missingHalf({ hosts, hasBundles, hasReview }: RenderedOutput, out: string): string[] {
  if (hosts.length === 0) return [];
  if (!hasBundles) return [`${out}/bundles holds no tarballs: secrets that are no keys cannot be compared`];
  return hasReview
    ? []
    : [`${out}/review holds nothing: files that not all may read are told of by name and fingerprint only`];
}

const printers: Readonly<Record<DiffOptions['format'], (difference: Difference, io: Io) => string>> = {
  text: (difference, io) => differenceText(difference, io.colorsOutput),
  markdown: (difference) => differenceMarkdown(difference),
  json: (difference) => `${JSON.stringify({ differs: !isEmpty(difference), ...difference }, withNulls, 2)}\n`,
};

/** Every object with the same keys, so that programs need not ask which there are. */
function withNulls(_: string, value: unknown): unknown {
  return value === undefined ? null : value;
}
