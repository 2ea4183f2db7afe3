/** `hardway import`: a first inventory from copies of the hosts of an existing cluster. */
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import type { CommonOptions, Io } from '../cli/io.ts';
import { escapeControls } from '../diagnostics/visible.ts';
import { differencesOn, type LeftOut } from '../import/differences.ts';
import { type Entry, unknownMark } from '../import/draft.ts';
import {
  componentEntries,
  type Draft,
  draftOf,
  storeFilesOf,
  textOfDraft,
  workingText,
} from '../import/import.ts';
import { sanEntries } from '../import/sans.ts';
import { placeText } from '../import/stated.ts';
import { loadInventory } from '../inventory/load.ts';
import { templatesDir } from '../lib/package-root.ts';
import type { Cluster, Host } from '../model/cluster.ts';
import { planHost } from '../plan/plan.ts';
import { reviewTexts } from '../render/render.ts';
import { loadTemplates } from '../render/template.ts';
import type { TreeCluster } from '../tree/cluster.ts';
import { placeBelow } from '../tree/find-hosts.ts';
import { clusterFactsOf } from '../verify/bundle.ts';
import { type HostView, viewOf } from '../verify/view.ts';
import { notesOf, readExisting } from './existing.ts';

export interface ImportOptions extends CommonOptions {
  readonly path: string | undefined;
  readonly kubernetesVersion: string | undefined;
}

/** Runs the command; exit status 1 when something is left for a person to decide. */
export function importCluster(options: ImportOptions, io: Io): ExitStatus {
  const { path: dir, kubernetesVersion, quiet } = options;
  if (dir === undefined) {
    io.stderr(
      'hardway: import wants the folder with the copies of hosts\n  fix: name it, as in: hardway import hosts/\n',
    );
    return exitStatus.wrongInput;
  }
  const cluster = readExisting({ dir, kubernetesVersion, quiet }, io);
  if (cluster === undefined) return exitStatus.wrongInput;
  const draft = draftOf(cluster);
  const compared = comparedWithRender(draft, io.now());
  const entries = [...draft.entries, ...compared.entries];
  const text = textOfDraft(entries, draft);
  const marks = entries
    .filter(({ value }) => value === unknownMark)
    .map(({ path, comment }) => `${path.join('.')}: ${comment}`);
  const files = storeFilesOf(cluster).map(({ target, host, file }) => {
    const found = cluster.hosts.find(({ view }) => view.name === host)?.found;
    return {
      target,
      from: `${dir.replace(/\/$/, '')}/${found === undefined ? file : placeBelow(dir, found, file)}`,
    };
  });
  if (options.format === 'json')
    io.stdout(
      `${JSON.stringify({ inventory: text, unknown: marks, conflicts: draft.conflicts, leftOut: compared.leftOut, pki: files }, null, 2)}\n`,
    );
  else io.stdout(text);
  if (!quiet)
    io.stderr(closingText(cluster, draft, compared.leftOut, marks, files).map(escapeControls).join('\n'));
  return marks.length > 0 ? exitStatus.found : exitStatus.done;
}

/** Flags, fields and names that a render of the draft would not have. */
function comparedWithRender(draft: Draft, now: Date): Compared {
  const { cluster } = loadInventory(workingText(draft.entries), 'draft');
  // With errors in the draft there is nothing to compare with; validate tells them.
  if (cluster === undefined) return { entries: [], leftOut: [] };
  const found = draft.hosts.map(({ tree, label }) => {
    const host = cluster.hosts.find(({ name }) => name === label);
    if (host === undefined) return { taken: [], leftOut: [] };
    return differencesOn(tree.view, renderedView(cluster, host, now), cluster.kubernetes.minor);
  });
  const entries = [
    ...sanEntries(cluster, draft),
    ...componentEntries(
      draft,
      found.map(({ taken }) => taken),
    ),
  ];
  return acceptable(draft, { entries, leftOut: found.flatMap(({ leftOut }) => leftOut.map(leftOutText)) });
}

interface Compared {
  readonly entries: readonly Entry[];
  readonly leftOut: readonly string[];
}

/** Without what the rules of an inventory refuse together with the rest. */
function acceptable(draft: Draft, { entries, leftOut }: Compared): Compared {
  const { diagnostics } = loadInventory(workingText([...draft.entries, ...entries]), 'draft');
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const errorOf = ({ path }: Entry) =>
    errors.find(
      (error) =>
        path.every((step, index) => error.path[index] === step) ||
        error.path.every((step, index) => path[index] === step && index > 1),
    );
  return {
    entries: entries.filter((entry) => errorOf(entry) === undefined),
    leftOut: [
      ...leftOut,
      ...entries.flatMap((entry) => {
        const error = errorOf(entry);
        return error === undefined ? [] : [`${entry.path.join('.')} (${entry.comment}): ${error.message}`];
      }),
    ],
  };
}

/** A host as a render would fill it, without keys. */
function renderedView(cluster: Cluster, host: Host, now: Date): HostView {
  const plan = planHost(cluster, host);
  const files = [...reviewTexts(plan, loadTemplates(templatesDir))].map(([path, text]) => ({
    path,
    content: Buffer.from(text),
    placement: 'file' as const,
    mode: 0o644,
    owner: 'root',
    group: 'root',
  }));
  const bundle = {
    host: host.name,
    roles: host.roles,
    names: [],
    addresses: [],
    files,
    made: [],
    programs: [],
    ports: [],
  };
  const [view] = viewOf(clusterFactsOf(cluster, now), [bundle]).hosts;
  if (view === undefined) throw new Error('a view has the hosts of its bundles');
  return view;
}

function leftOutText({ what, why, place }: LeftOut): string {
  return `${what} (${placeText(place)}): ${why}`;
}

function closingText(
  cluster: TreeCluster,
  { conflicts }: Draft,
  leftOut: readonly string[],
  marks: readonly string[],
  files: readonly { readonly target: string; readonly from: string }[],
): string[] {
  const list = (title: string, items: readonly string[]) =>
    items.length === 0 ? [] : [title, ...items.map((item) => `  ${item}`)];
  return [
    ...notesOf(cluster).map((note) => `note: ${note}`),
    ...list('hosts differ, decide between:', conflicts),
    ...list(`marked "${unknownMark}", to be filled in:`, marks),
    ...list('left out:', [...new Set(leftOut)]),
    ...list(
      'to keep the authorities, copy these files into the PKI store (pki/CLUSTER beside the inventory, mode 0700) before the first render:',
      files.map(({ target, from }) => `${target}  from ${from}`),
    ),
    'next: hardway validate, then hardway render; read the review tree before anything is installed',
    '',
  ];
}
