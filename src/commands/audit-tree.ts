/** `hardway audit --dir`: defects of an existing cluster, and the hardening checks on copies of its hosts. */
import { auditHtml } from '../audit/formats/html.ts';
import { auditJson } from '../audit/formats/json.ts';
import { auditJunit } from '../audit/formats/junit.ts';
import { auditSarif, uriIn } from '../audit/formats/sarif.ts';
import { auditText } from '../audit/formats/text.ts';
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import type { Io } from '../cli/io.ts';
import { packageVersion, templatesDir } from '../lib/package-root.ts';
import { auditTree } from '../tree/audit.ts';
import type { TreeCluster } from '../tree/cluster.ts';
import { placeBelow } from '../tree/find-hosts.ts';
import type { AuditOptions } from './audit.ts';
import { notesOf, readExisting } from './existing.ts';

/** Runs the command; exit status 1 when a check fails. */
export function auditExisting(options: AuditOptions & { readonly dir: string }, io: Io): ExitStatus {
  const cluster = readExisting(options, io);
  const result = auditTree(cluster, options.profile);
  const notes = [...notesOf(cluster), 'waivers stand in an inventory, so none is applied'];
  if (!options.quiet) io.stderr(notes.map((note) => `note: ${note}\n`).join(''));
  const now = io.now();
  const formats = {
    text: () => auditText(result, { hosts: cluster.hosts.length, quiet: options.quiet }),
    json: () => auditJson(result),
    sarif: () => auditSarif(result, { release: packageVersion(), uriOf: uriOf(cluster, options.dir) }),
    junit: () => auditJunit(result, now, templatesDir),
    html: () => auditHtml(result, options.dir, templatesDir),
  };
  io.stdout(formats[options.format]());
  return result.results.some(({ status }) => status === 'fail') ? exitStatus.found : exitStatus.done;
}

/** Where a file of a host stands below the folder that was named. */
function uriOf({ hosts }: TreeCluster, dir: string) {
  const byName = new Map(hosts.map(({ view, found }) => [view.name, found]));
  return (host: string, file: string | undefined) => {
    const found = byName.get(host);
    return uriIn(dir, found === undefined ? host : placeBelow(dir, found, file ?? '/'));
  };
}
