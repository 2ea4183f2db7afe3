/** `hardway audit`: the hardening checks on what a render would write now; nothing is written. */
import { readInstallScript } from '../assembly/pack.ts';
import { auditCluster } from '../audit/audit.ts';
import { auditHtml } from '../audit/formats/html.ts';
import { auditJson } from '../audit/formats/json.ts';
import { auditJunit } from '../audit/formats/junit.ts';
import { auditSarif, reviewUri } from '../audit/formats/sarif.ts';
import { auditText } from '../audit/formats/text.ts';
import type { Audit, Profile } from '../audit/result.ts';
import type { AuditInput } from '../audit/scope.ts';
import { type IdleWaiver, withWaivers } from '../audit/waivers.ts';
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import { defaultInventory, type Io } from '../cli/io.ts';
import type { Problem } from '../inventory/problem.ts';
import { packageVersion, templatesDir } from '../lib/package-root.ts';
import type { Pki } from '../model/certificate.ts';
import type { Cluster } from '../model/cluster.ts';
import { previewStore } from '../pki/preview.ts';
import { pkiRequest } from '../plan/certificates.ts';
import { planHost } from '../plan/plan.ts';
import { createRenderer } from '../render/render.ts';
import { loadTemplates } from '../render/template.ts';
import { clusterFactsOf, hostBundleOf } from '../verify/bundle.ts';
import { auditExisting } from './audit-tree.ts';
import { type InventoryOptions, readInventory, tellProblems, withLocalFiles } from './inventory.ts';
import { pkiDirOf } from './pki.ts';

export interface AuditOptions extends Omit<InventoryOptions, 'format'> {
  readonly format: 'text' | 'json' | 'sarif' | 'junit' | 'html';
  readonly profile: Profile;
  readonly pkiDir: string | undefined;
  /** Where SARIF points: the output folder that a render writes. */
  readonly out: string;
  /** Copies of hosts, instead of an inventory. */
  readonly dir: string | undefined;
  readonly kubernetesVersion: string | undefined;
}

/** Runs the command; exit status 1 when a check fails. */
export async function audit(options: AuditOptions, io: Io): Promise<ExitStatus> {
  const mistake = mistakeOf(options);
  if (mistake !== undefined) {
    io.stderr(`hardway: ${mistake.message}\n  fix: ${mistake.fix}\n`);
    return exitStatus.wrongInput;
  }
  if (options.dir !== undefined) return auditExisting({ ...options, dir: options.dir }, io);
  const input = io.readInput(options.inventory);
  // Standard input can be read only once.
  const surroundings = { ...io, readInput: () => input };
  const common: InventoryOptions = { ...options, format: options.format === 'json' ? 'json' : 'text' };
  const read = readInventory(common, surroundings);
  if (read === undefined) return exitStatus.wrongInput;
  const { cluster } = read;
  const now = io.now();
  const store = await previewStore(
    pkiDirOf(cluster, options.inventory, options.pkiDir),
    pkiRequest(cluster),
    now,
  );
  const pki = withLocalFiles(store, read);
  const { waivers } = cluster.audit;
  const judged = auditCluster(auditInputOf(cluster, pki, now), options.profile);
  const { audit: result, idle } = withWaivers(judged, waivers, now.toISOString().slice(0, 10));
  tellProblems(
    common,
    surroundings,
    idle.map((one) => waiverProblem(cluster, one)),
  );
  io.stdout(formatted(result, cluster, options, now));
  return result.results.some(({ status }) => status === 'fail') ? exitStatus.found : exitStatus.done;
}

function mistakeOf({ dir, inventory, kubernetesVersion }: AuditOptions) {
  if (dir !== undefined && inventory !== defaultInventory)
    return {
      message: 'an audit is of an inventory or of a folder, not of both',
      fix: `leave out ${inventory}, or --dir`,
    };
  if (dir === undefined && kubernetesVersion !== undefined)
    return {
      message: '--kubernetes-version is for --dir; an inventory says its version itself',
      fix: 'leave it out',
    };
  return undefined;
}

/** What a render of the cluster would put on its hosts. */
function auditInputOf(cluster: Cluster, pki: Pki, now: Date): AuditInput {
  const { kubernetesMinor, etcdMinor } = clusterFactsOf(cluster, now);
  const render = createRenderer(pki, loadTemplates(templatesDir));
  const bundles = cluster.hosts.map((host) => {
    const plan = planHost(cluster, host);
    return { bundle: hostBundleOf(plan, render(plan)), directories: plan.directories };
  });
  return { kubernetesMinor, etcdMinor, bundles, installScript: readInstallScript().toString() };
}

function formatted(result: Audit, cluster: Cluster, options: AuditOptions, now: Date): string {
  const formats = {
    text: () => auditText(result, { hosts: cluster.hosts.length, quiet: options.quiet }),
    json: () => auditJson(result),
    sarif: () =>
      auditSarif(result, {
        release: packageVersion(),
        uriOf: (host, file) => reviewUri(options.out, host, file),
      }),
    junit: () => auditJunit(result, now, templatesDir),
    html: () => auditHtml(result, cluster.name, templatesDir),
  };
  return formats[options.format]();
}

function waiverProblem({ audit: { waivers } }: Cluster, { index, why }: IdleWaiver): Problem {
  const { check = '', expires = '' } = waivers[index] ?? {};
  const path = ['audit', 'waivers', index];
  return why === 'expired'
    ? {
        code: 'waiver-expired',
        severity: 'warning',
        path: [...path, 'expires'],
        message: `the waiver of ${check} expired on ${expires}, and the check fails again`,
        fix: 'mend what the check finds, or decide anew and set a later day',
      }
    : {
        code: 'waiver-unused',
        severity: 'warning',
        path: [...path, 'check'],
        message: `${check} does not fail on any host that the waiver is for`,
        fix: 'delete the waiver',
      };
}
