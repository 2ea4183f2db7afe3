/** The report of a cluster, made in memory as a render makes it. */
import type { AssembledHost } from '../../src/assembly/assemble.ts';
import { programsOf } from '../../src/binaries/programs.ts';
import { manifestText } from '../../src/bundle/manifest.ts';
import { templatesDir } from '../../src/lib/package-root.ts';
import type { Pki } from '../../src/model/certificate.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import { planHost } from '../../src/plan/plan.ts';
import { createRenderer } from '../../src/render/render.ts';
import { loadTemplates } from '../../src/render/template.ts';
import { reportHtml } from '../../src/report/html.ts';
import { createNotes } from '../../src/report/notes.ts';
import { type Report, type ReportInput, reportOf } from '../../src/report/report.ts';
import { clusterFactsOf, hostBundleOf } from '../../src/verify/bundle.ts';
import { createVerification } from '../../src/verify/verify.ts';
import { pkiOf } from './clusters.ts';

export interface Reported {
  readonly pki: Pki;
  readonly input: ReportInput;
  readonly assembled: readonly AssembledHost[];
  readonly report: Report;
}

/** What a render knows of a cluster, and its report; keys are made unless given. */
export async function reportFor(cluster: Cluster, given?: Pki): Promise<Reported> {
  const pki = given ?? (await pkiOf(cluster));
  const renderHost = createRenderer(pki, loadTemplates(templatesDir));
  const assembled = cluster.hosts.map((host) => {
    const plan = planHost(cluster, host);
    const files = renderHost(plan);
    const programs = programsOf(plan, { source: 'host' });
    const manifest = manifestText(plan, { release: '0.0.0', clusterId: 'x', images: [], programs });
    const { directories, units } = plan;
    return { files, directories, units, manifest, bundle: hostBundleOf(plan, files) };
  });
  const notes = createNotes();
  const verification = createVerification(clusterFactsOf(cluster, new Date()));
  for (const [index, host] of assembled.entries()) {
    notes.add(host, index);
    verification.add(host.bundle);
  }
  const input: ReportInput = {
    cluster,
    pki,
    bundles: cluster.hosts.map((host) => ({
      host,
      bundle: `bundles/${host.name}.tar.gz`,
      sha256: host.name.padEnd(64, '0').slice(0, 64),
    })),
    notes,
    ...verification.finish(),
  };
  return { pki, input, assembled, report: reportOf(input) };
}

/** The page of a report as it is written. */
export function pageOf(report: Report): string {
  return [...reportHtml(report, templatesDir)].join('');
}
