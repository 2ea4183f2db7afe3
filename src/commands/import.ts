/** `hardway import`: a first inventory from copies of the hosts of an existing cluster. */
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import { ArgumentError } from '../cli/failure.ts';
import type { CommonOptions, Io } from '../cli/io.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { escapeControls, maskUrls } from '../diagnostics/visible.ts';
import { differencesOn, type LeftOut } from '../import/differences.ts';
import { type Entry, unknownMark } from '../import/draft.ts';
import { componentEntries, type Draft, draftOf, textOfDraft, workingText } from '../import/import.ts';
import { sanEntries } from '../import/sans.ts';
import { placeText } from '../import/stated.ts';
import { storeFilesOf } from '../import/store-files.ts';
import { loadInventory } from '../inventory/load.ts';
import { templatesDir } from '../lib/package-root.ts';
import { count } from '../lib/table.ts';
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

/**
 * Runs the command; exit status 1 when something is left for a person to decide, or the inventory is refused.
 * @throws HostTreeError, ArgumentError
 */
export function importCluster(options: ImportOptions, io: Io): ExitStatus {
  const { path: dir, kubernetesVersion, quiet } = options;
  if (dir === undefined)
    throw new ArgumentError(
      'import wants the folder with the copies of hosts',
      'name it, as in: hardway import hosts/',
    );
  const cluster = readExisting({ dir, kubernetesVersion, quiet }, io);
  const draft = draftOf(cluster);
  const compared = comparedWithRender(draft, io.now());
  const entries = [...draft.entries, ...compared.entries];
  const text = textOfDraft(entries, draft);
  const marks = entries
    .filter(({ value }) => value === unknownMark)
    .map(({ path, comment }) => `${path.join('.')}: ${comment}`);
  const store = storeFilesOf(cluster);
  const files = store.files.map(({ target, host, file }) => {
    const found = cluster.hosts.find(({ view }) => view.name === host)?.found;
    return {
      target,
      from: `${dir.replace(/\/$/, '')}/${found === undefined ? file : placeBelow(dir, found, file)}`,
    };
  });
  const conflicts = [...draft.conflicts, ...store.conflicts];
  const findings: Findings = {
    conflicts,
    unknown: marks,
    leftOut: [...new Set(compared.leftOut)],
    shared: store.shared,
    pki: files,
  };
  if (options.format === 'json') io.stdout(`${JSON.stringify({ inventory: text, ...findings }, null, 2)}\n`);
  else io.stdout(text);
  if (!quiet) io.stderr(closingText(cluster, findings).map(escapeControls).join('\n'));
  const isOpen = marks.length > 0 || store.conflicts.length > 0 || compared.isRefused;
  return isOpen ? exitStatus.found : exitStatus.done;
}

/** Flags, fields and names that a render of the draft would not have. */
function comparedWithRender(draft: Draft, now: Date): Compared {
  const { cluster, diagnostics } = loadInventory(workingText(draft.entries), 'draft');
  if (cluster === undefined)
    return {
      entries: [],
      leftOut: refusals('flags and fields were not compared', errorsOf(diagnostics)),
      isRefused: true,
    };
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
  return acceptable(
    draft,
    entries,
    found.flatMap(({ leftOut }) => leftOut.map(leftOutText)),
  );
}

interface Compared {
  readonly entries: readonly Entry[];
  readonly leftOut: readonly string[];
  /** Whether hardway refuses the inventory with these entries, marks apart. */
  readonly isRefused: boolean;
}

function errorsOf(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.filter(({ severity }) => severity === 'error');
}

/** The first errors, a line each; the rest is counted. */
function refusals(consequence: string, errors: readonly Diagnostic[]): string[] {
  const most = 3;
  return [
    ...errors
      .slice(0, most)
      .map(({ path, message }) => maskUrls(`${consequence}: ${path.join('.')}: ${message}`)),
    ...(errors.length > most ? [`${consequence}: ${count(errors.length - most, 'more error')}`] : []),
  ];
}

/** Without what the rules of an inventory refuse together with the rest. */
function acceptable(draft: Draft, entries: readonly Entry[], leftOut: readonly string[]): Compared {
  const { diagnostics } = loadInventory(workingText([...draft.entries, ...entries]), 'draft');
  const errors = errorsOf(diagnostics);
  const isAbout = (error: Diagnostic, { path }: Entry) =>
    path.every((step, index) => error.path[index] === step) ||
    error.path.every((step, index) => path[index] === step && index > 1);
  const errorOf = (entry: Entry) => errors.find((error) => isAbout(error, entry));
  // What no entry is to blame for would be refused without them too.
  const others = errors.filter((error) => !entries.some((entry) => isAbout(error, entry)));
  return {
    entries: entries.filter((entry) => errorOf(entry) === undefined),
    isRefused: others.length > 0,
    leftOut: [
      ...leftOut,
      ...refusals('the inventory is refused', others),
      ...entries.flatMap((entry) => {
        const error = errorOf(entry);
        return error === undefined
          ? []
          : [maskUrls(`${entry.path.join('.')} (${entry.comment}): ${error.message}`)];
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
  return maskUrls(`${what} (${placeText(place)}): ${why}`);
}

/** What a person has to know beside the inventory. */
interface Findings {
  /** Hosts that say different things. */
  readonly conflicts: readonly string[];
  readonly unknown: readonly string[];
  readonly leftOut: readonly string[];
  /** Authorities that are one and the same. */
  readonly shared: readonly string[];
  /** Files for the PKI store. */
  readonly pki: readonly { readonly target: string; readonly from: string }[];
}

function closingText(cluster: TreeCluster, { conflicts, unknown, leftOut, shared, pki }: Findings): string[] {
  const list = (title: string, items: readonly string[]) =>
    items.length === 0 ? [] : [title, ...items.map((item) => `  ${item}`)];
  return [
    ...notesOf(cluster).map((note) => `note: ${note}`),
    ...list('hosts differ, decide between:', conflicts),
    ...list(`marked "${unknownMark}", to be filled in:`, unknown),
    ...list('left out:', leftOut),
    ...list(
      'one authority under several names, so that whoever has a certificate for one is let into the other; without its later names in the PKI store, hardway makes authorities of their own, and everything that trusts the old one restarts at once:',
      shared,
    ),
    ...list(
      'to keep the authorities, copy these files into the PKI store (pki/CLUSTER beside the inventory, mode 0700) before the first render:',
      pki.map(({ target, from }) => `${target}  from ${from}`),
    ),
    'next: hardway validate, then hardway render; read the review tree before anything is installed',
    '',
  ];
}
