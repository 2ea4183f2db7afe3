/** What a bundle holds, in memory: every entry's name, mode and bytes, and the review form beside it. */
import { createPublicKey, hash } from 'node:crypto';
import { type BinarySupply, programsOf } from '../binaries/programs.ts';
import type { RenderedFile } from '../model/file.ts';
import type { HostPlan } from '../model/plan.ts';
import { type ManifestFacts, manifestText } from './manifest.ts';

export interface BundleEntry {
  /** Relative to the host's folder: `rootfs/etc/default/etcd`. */
  readonly name: string;
  readonly mode: number;
  readonly content: Buffer;
  /** What stands in the review tree under the same name. */
  readonly review: Buffer;
  /** Stands beside it in the review tree, as `NAME.txt`. */
  readonly certificateText?: string | undefined;
}

/** What bundles are made of beside a plan and its files. */
export interface BundleParts extends Omit<ManifestFacts, 'programs'> {
  readonly binaries: BinarySupply;
}

/** The entries of a host's bundle that are the host's own: its manifest, then its files. */
export function payloadEntries(
  plan: HostPlan,
  files: readonly RenderedFile[],
  parts: BundleParts,
): BundleEntry[] {
  const manifest = manifestText(plan, { ...parts, programs: programsOf(plan, parts.binaries) });
  const rootfs = files.map((file) => ({
    name: `rootfs${file.path}`,
    mode: file.mode,
    content: file.content,
    review: file.review,
    certificateText: file.certificateText,
  }));
  return [entry('manifest', 0o644, Buffer.from(manifest)), ...rootfs];
}

/** All entries of a bundle, in the order in which they are packed. */
export function wholeBundle(payload: readonly BundleEntry[], installScript: Buffer): BundleEntry[] {
  // install.sh last: all that follows its name is then the same in every bundle, see tar.ts.
  return [checksums(payload), ...payload, entry('install.sh', 0o755, installScript)];
}

/** A word for one cluster's etcd data, from the public key of its authority: another cluster of the same name has another. */
export function clusterId(etcdAuthorityPem: string): string {
  const key = createPublicKey(etcdAuthorityPem).export({ type: 'spki', format: 'der' });
  return sha256(key).slice(0, 16);
}

const knownSums = new WeakMap<Buffer, string>();

/** SHA-256 of bytes, in hex; remembered, since many hosts share a buffer. Buffers here are never written to. */
export function sha256(content: Buffer): string {
  const sum = knownSums.get(content) ?? hash('sha256', content);
  knownSums.set(content, sum);
  return sum;
}

/**
 * Lines as sha256sum writes and reads them. The review tree has the sums of what it
 * shows: the sum of a file with a weak password would give the password away.
 */
function checksums(entries: readonly BundleEntry[]): BundleEntry {
  const lines = (pick: (one: BundleEntry) => Buffer) =>
    Buffer.from(entries.map((one) => `${sha256(pick(one))}  ${one.name}\n`).join(''));
  return {
    name: 'SHA256SUMS',
    mode: 0o644,
    content: lines((one) => one.content),
    review: lines((one) => one.review),
  };
}

function entry(name: string, mode: number, content: Buffer): BundleEntry {
  return { name, mode, content, review: content };
}
