/** All hosts, from the model to a writer: plan, render, give away. */
import type { BinarySupply } from '../binaries/programs.ts';
import { clusterId, payloadEntries } from '../bundle/bundle.ts';
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
import type { PackedBundle } from './pack.ts';
import type { HostWriter } from './writer.ts';

/** A host on its way into a bundle, as far as its verification and a report have to do with it. */
export interface AssembledHost {
  readonly files: readonly RenderedFile[];
  readonly directories: readonly DirectorySpec[];
  readonly units: readonly UnitSpec[];
  /** The text of the bundle's manifest. */
  readonly manifest: string;
  /** The same host as verify wants it. */
  readonly bundle: HostBundle;
}

export interface AssemblyEvents {
  /** Hears of each host and its place in the inventory, in this order, before its bundle is written. */
  readonly onHost: (host: AssembledHost, index: number) => void;
  /** Hears how many bundles are done. */
  readonly onDone: (done: number) => void;
}

/**
 * Assembles every host of a cluster; what the writer says of the bundles is in inventory order.
 */
export async function assemble(
  cluster: Cluster,
  pki: Pki,
  binaries: BinarySupply,
  images: readonly ImageArchive[],
  writer: Pick<HostWriter, 'write' | 'concurrency'>,
  pairs: PairReader,
  { onHost, onDone }: AssemblyEvents,
): Promise<PackedBundle[]> {
  const renderHost = createRenderer(pki, loadTemplates(templatesDir), new WeakMap(), pairs);
  const parts = {
    release: packageVersion(),
    binaries,
    images,
    // Without an etcd of its own, the hosts hold no data of one either.
    clusterId: clusterId((pki.authorities['etcd-ca'] ?? pki.authorities['kubernetes-ca']).certificatePem),
  };
  const pause = createPause();
  const bundles: PackedBundle[] = [];
  let done = 0;
  await forEachLimited(cluster.hosts, writer.concurrency, async (host, index) => {
    const plan = planHost(cluster, host);
    const files = renderHost(plan);
    const payload = payloadEntries(plan, files, parts);
    const manifest = payload.find(({ name }) => name === 'manifest')?.review.toString() ?? '';
    const { directories, units } = plan;
    onHost({ files, directories, units, manifest, bundle: hostBundleOf(plan, files) }, index);
    const [bundle] = await Promise.all([writer.write(host.name, payload), pause()]);
    bundles[index] = bundle;
    onDone(++done);
  });
  return bundles;
}
