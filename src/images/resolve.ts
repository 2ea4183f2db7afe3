/** From an image's name to the blobs that one architecture needs of it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Architecture } from '../model/cluster.ts';
import {
  type BlobStore,
  type Descriptor,
  descriptorOf,
  type ImageSource,
  type ManifestBytes,
  mediaTypes,
} from './descriptor.ts';
import { ImageProblem, otherSourceFix } from './problem.ts';

/** An image for one architecture: its manifest, and what that names. */
export interface ResolvedImage {
  readonly name: string;
  readonly source: ImageSource;
  readonly manifest: ManifestBytes;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/**
 * The manifest of an image for an architecture of Linux, from one source. The config is fetched
 * into the store, since it alone says for which architecture a manifest outside an index is.
 */
export async function resolveImage(
  source: ImageSource,
  name: string,
  architecture: Architecture,
  store: BlobStore,
): Promise<ResolvedImage> {
  const top = checkedDigest(await source.manifest(name), source);
  const manifest = isIndex(top) ? await pick(source, name, architecture, top) : top;
  const { config, layers } = contentsOf(manifest, name, source);
  await source.fetch(name, config, store);
  const found = platformOf(store.path(config.digest));
  if (found !== `linux/${architecture}`)
    throw new ImageProblem(
      `${source.name} has ${name} for ${found} only, wanted linux/${architecture}`,
      otherSourceFix,
    );
  return { name, source, manifest, config, layers };
}

function isIndex({ mediaType, bytes }: ManifestBytes): boolean {
  return (mediaTypes.index as readonly string[]).includes(mediaType) || 'manifests' in parsed(bytes);
}

async function pick(
  source: ImageSource,
  name: string,
  architecture: Architecture,
  index: ManifestBytes,
): Promise<ManifestBytes> {
  const { manifests } = parsed(index.bytes);
  const all = (Array.isArray(manifests) ? manifests : []).flatMap((one) => descriptorOf(one) ?? []);
  const one = all.find(
    ({ platform }) =>
      platform?.os === 'linux' && platform.architecture === architecture && isPlainVariant(platform.variant),
  );
  if (one !== undefined) return checkedDigest(await source.manifest(name, one.digest), source);
  const there = all.flatMap(({ platform }) =>
    platform === undefined || platform.os === 'unknown' ? [] : [`${platform.os}/${platform.architecture}`],
  );
  throw new ImageProblem(
    `${source.name} has ${name} not for linux/${architecture}, but for ${[...new Set(there)].join(', ') || 'nothing'}`,
    otherSourceFix,
  );
}

/** arm64 is v8 where it is said at all; further ones need newer CPUs. */
function isPlainVariant(variant: string | undefined): boolean {
  return variant === undefined || variant === '' || variant === 'v8';
}

function contentsOf({ mediaType, bytes }: ManifestBytes, name: string, source: ImageSource) {
  const { config, layers } = parsed(bytes);
  const configDescriptor = descriptorOf(config);
  const all = Array.isArray(layers) ? layers.map(descriptorOf) : [undefined];
  const known = all.filter((one) => one !== undefined);
  if (configDescriptor === undefined || known.length < all.length)
    throw new ImageProblem(
      `${source.name} gives no manifest of an image for ${name}, but ${mediaType || 'something else'}`,
      otherSourceFix,
    );
  return { config: configDescriptor, layers: known };
}

/** A source vouches for nothing: bytes have the digest that they were asked for by, or are refused. */
function checkedDigest(manifest: ManifestBytes, source: ImageSource): ManifestBytes {
  const digest = `sha256:${createHash('sha256').update(manifest.bytes).digest('hex')}`;
  if (digest !== manifest.digest)
    throw new ImageProblem(
      `${source.name}: a manifest has the digest ${digest}, wanted ${manifest.digest}`,
      'copy it again, or use another source',
    );
  return manifest;
}

function platformOf(file: string): string {
  const { os, architecture } = parsed(readFileSync(file));
  return `${String(os)}/${String(architecture)}`;
}

function parsed(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {}
  return {};
}
