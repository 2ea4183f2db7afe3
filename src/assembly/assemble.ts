/** All hosts, from the model to tarballs and review trees: plan, render, write, pack. */
import type { BinarySupply } from '../binaries/programs.ts';
import { bundleEntries, clusterId } from '../bundle/bundle.ts';
import { createReviewWriter } from '../bundle/host-writer.ts';
import { packageVersion, templatesDir } from '../lib/package-root.ts';
import { forEachLimited } from '../lib/parallel.ts';
import { createPause } from '../lib/pause.ts';
import type { Pki } from '../model/certificate.ts';
import type { Cluster } from '../model/cluster.ts';
import type { DirectorySpec, RenderedFile } from '../model/file.ts';
import type { ImageArchive } from '../model/image-archive.ts';
import type { UnitSpec } from '../model/plan.ts';
import type { PairReader } from '../pki/read-once.ts';
import { planHost } from '../plan/plan.ts';
import { createRenderer } from '../render/render.ts';
import { loadTemplates } from '../render/template.ts';
import { type HostBundle, hostBundleOf } from '../verify/bundle.ts';
import { createPack, type PackedBundle, readInstallScript } from './pack.ts';

/** Hosts under way at once: the turns of the event loop that packing takes are shared, and no more are in memory. */
const concurrency = 4;

/** A host on its way into a bundle, as far as a report has to do with it. */
export interface AssembledHost {
  readonly files: readonly RenderedFile[];
  readonly directories: readonly DirectorySpec[];
  readonly units: readonly UnitSpec[];
  /** The text of the bundle's manifest. */
  readonly manifest: string;
}

/** All in inventory order. */
export interface Assembled {
  readonly bundles: readonly PackedBundle[];
  /** The same bundles as verify wants them. */
  readonly hosts: readonly HostBundle[];
}

export interface AssemblyEvents {
  /** Hears of each host and its place in the inventory, before its bundle is packed. */
  readonly onHost: (host: AssembledHost, index: number) => void;
  /** Hears how many bundles are done. */
  readonly onDone: (done: number) => void;
}

/**
 * Assembles every host of a cluster below an unfinished output folder, see
 * bundle/output.ts; the result is in inventory order.
 */
export async function assemble(
  cluster: Cluster,
  pki: Pki,
  binaries: BinarySupply,
  images: readonly ImageArchive[],
  staging: string,
  pairs: PairReader,
  { onHost, onDone }: AssemblyEvents,
): Promise<Assembled> {
  const renderHost = createRenderer(pki, loadTemplates(templatesDir), new WeakMap(), pairs);
  const writeReview = createReviewWriter(staging);
  const parts = {
    installScript: readInstallScript(),
    release: packageVersion(),
    binaries,
    images,
    // Without an etcd of its own, the hosts hold no data of one either.
    clusterId: clusterId((pki.authorities['etcd-ca'] ?? pki.authorities['kubernetes-ca']).certificatePem),
  };
  const pack = createPack(staging);
  const pause = createPause();
  const bundles: PackedBundle[] = [];
  const hosts: HostBundle[] = [];
  let done = 0;
  await forEachLimited(cluster.hosts, concurrency, async (host, index) => {
    const plan = planHost(cluster, host);
    const files = renderHost(plan);
    hosts[index] = hostBundleOf(plan, files);
    const entries = bundleEntries(plan, files, parts);
    const manifest = entries.find(({ name }) => name === 'manifest')?.review.toString() ?? '';
    onHost({ files, directories: plan.directories, units: plan.units, manifest }, index);
    writeReview(host.name, entries);
    const [bundle] = await Promise.all([pack(host.name, entries), pause()]);
    bundles[index] = bundle;
    onDone(++done);
  });
  return { bundles, hosts };
}
