/** `hardway kit`: one folder with everything that the hosts of a site without internet need. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import type { Io } from '../cli/io.ts';
import { fileObjection } from '../cli/local-file.ts';
import { howtoValues } from '../kit/howto.ts';
import { addProgram, howtoName, programName, withBinaries, writeSums } from '../kit/kit.ts';
import { templatesDir } from '../lib/package-root.ts';
import { count, textTable } from '../lib/table.ts';
import { loadTemplates } from '../render/template.ts';
import { type ImageSourceOptions, imagesOf, save, wrongImages } from './images.ts';
import { type Rendered, type RenderOptions, renderOutput } from './render.ts';

export interface KitOptions extends RenderOptions, ImageSourceOptions {
  /** The single file of `make binary` to put in; undefined: this command itself, when it is one. */
  readonly program: string | undefined;
}

/** Runs the command. */
export async function kit(options: KitOptions, io: Io): Promise<ExitStatus> {
  // Both are told of at once.
  const mistakes = [wrongImages(options, io), wrongProgram(options, io)];
  if (mistakes.includes(true)) return exitStatus.wrongInput;
  const program = options.program ?? io.ownProgram;
  const rendered = await renderOutput(options, io, {
    adapt: withBinaries,
    addImages: async (read, staging) => {
      const folder = join(staging, 'images');
      mkdirSync(folder);
      return save(read.cluster, imagesOf(read, options), options, folder, io);
    },
    finish: async (made, staging) => {
      if (program !== undefined) addProgram(staging, program);
      const howto = loadTemplates(templatesDir).get('_kit/HOWTO.txt.hbs');
      writeFileSync(join(staging, howtoName), howto(howtoValues(made.cluster, made, program !== undefined)));
      await writeSums(staging);
    },
  });
  if (rendered === undefined) return exitStatus.wrongInput;
  if (options.format === 'json') io.stdout(jsonSummary(options, rendered, program));
  else if (!options.quiet) io.stdout(summary(options, rendered, program));
  return exitStatus.done;
}

/** Whether there is no program to put in where the command line names one; says so. */
function wrongProgram({ program }: KitOptions, io: Io): boolean {
  const objection = program === undefined ? undefined : fileObjection(program);
  if (objection === undefined) return false;
  io.stderr(`hardway: --program ${program}: ${objection}\n  fix: name the file that make binary makes\n`);
  return true;
}

function summary(
  { out }: KitOptions,
  { cluster, bundles, binaries, images }: Rendered,
  program: string | undefined,
): string {
  const rows = [
    ['bundles/', count(bundles.length, 'host'), size(bundles)],
    ...binaries.map((archive) => [
      `binaries/${archive.name}`,
      `every ${archive.role} on ${archive.arch}`,
      size([archive]),
    ]),
    ...images.map((archive) => [
      `images/${archive.file}`,
      count(archive.images.length, 'image'),
      size([archive]),
    ]),
  ];
  return [
    textTable(['IN THE KIT', 'FOR', 'SIZE'], rows),
    '\n',
    `Kubernetes ${cluster.kubernetes.version}, cluster ${cluster.name}\n`,
    program === undefined ? `without ${programName} itself: make binary makes the file for --program\n` : '',
    `private:  ${join(out, 'bundles')}\n`,
    `next:     carry ${out} to the site and do what ${join(out, howtoName)} says\n`,
  ].join('');
}

function size(files: readonly { readonly bytes: number }[]): string {
  return `${Math.ceil(files.reduce((sum, { bytes }) => sum + bytes, 0) / 1_048_576)} MiB`;
}

function jsonSummary({ out }: KitOptions, rendered: Rendered, program: string | undefined): string {
  const { cluster, bundles, binaries, images } = rendered;
  const document = {
    cluster: cluster.name,
    kubernetes: cluster.kubernetes.version,
    out,
    hosts: bundles.map(({ host, bundle, bytes, sha256 }) => ({ name: host.name, bundle, bytes, sha256 })),
    binaries: binaries.map(({ name, ...rest }) => ({ archive: `binaries/${name}`, ...rest })),
    images: images.map(({ file, ...rest }) => ({ archive: `images/${file}`, ...rest })),
    program: program === undefined ? null : programName,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
