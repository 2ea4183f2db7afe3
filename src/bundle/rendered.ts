/** An output folder read back: what was rendered last, host by host. Reads only, and only what is asked for. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BundleReadError, type ReadBundle, readBundle } from './read.ts';
import { type ReadManifest, readManifest } from './read-manifest.ts';

/** What was rendered for one host; names as in BundleEntry. */
export interface RenderedHost {
  readonly host: string;
  readonly manifest: ReadManifest;
  /** Names of the files, without those that are about the bundle itself. */
  readonly paths: readonly string[];
  /** The bytes for the host; undefined without a tarball. */
  readonly content: (name: string) => Buffer | undefined;
  /** The form without secrets; undefined where the review tree has none. */
  readonly review: (name: string) => string | undefined;
}

export interface RenderedOutput {
  /** In order of their names. */
  readonly hosts: readonly string[];
  /** Whether there are tarballs: without them, secrets cannot be compared. */
  readonly hasBundles: boolean;
  /** Whether there is a review tree: without it, nobody knows what in a file is secret. */
  readonly hasReview: boolean;
  /** @throws RenderedOutputError when its tarball is no bundle. */
  readonly read: (host: string) => Promise<RenderedHost>;
}

/** A tarball of an output folder that cannot be read. */
export class RenderedOutputError extends Error {
  override name = 'RenderedOutputError';
  readonly fix = 'render into another folder with --out, or move this file away';
}

const ending = '.tar.gz';

/** The output below a folder; one that does not exist holds no hosts. */
export function openRendered(out: string): RenderedOutput {
  const bundles = listed(join(out, 'bundles')).filter((name) => name.endsWith(ending));
  const trees = listed(join(out, 'review')).filter((name) => hasManifest(join(out, 'review', name)));
  const hosts = new Set([...bundles.map((name) => name.slice(0, -ending.length)), ...trees]);
  return {
    hosts: [...hosts].sort(),
    hasBundles: bundles.length > 0,
    hasReview: trees.length > 0,
    read: (host) => readHost(out, host, bundles.includes(`${host}${ending}`)),
  };
}

async function readHost(out: string, host: string, hasBundle: boolean): Promise<RenderedHost> {
  const tree = join(out, 'review', host);
  const bundle = hasBundle ? await readTarball(join(out, 'bundles', `${host}${ending}`), host) : undefined;
  const content = (name: string) => bundle?.get(name)?.content;
  const review = (name: string) => textOf(join(tree, name));
  const manifest = readManifest(content('manifest')?.toString() ?? review('manifest') ?? '');
  const paths = manifest.files.map(({ path }) => path);
  return { host, manifest, paths, content, review };
}

async function readTarball(path: string, host: string): Promise<ReadBundle> {
  try {
    return await readBundle(host, readFileSync(path));
  } catch (error) {
    if (!(error instanceof BundleReadError)) throw error;
    throw new RenderedOutputError(`${path} ${error.message}`, { cause: error });
  }
}

function hasManifest(folder: string): boolean {
  return textOf(join(folder, 'manifest')) !== undefined;
}

function listed(folder: string): string[] {
  return ifThere(() => readdirSync(folder)) ?? [];
}

function textOf(file: string): string | undefined {
  return ifThere(() => readFileSync(file, 'utf8'));
}

/** What is not there is undefined; what cannot be read is a failure that must be told. */
function ifThere<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}
