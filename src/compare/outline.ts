/** A difference in the order in which it is read, whatever it is printed as: see text.ts and markdown.ts. */
import { escapeControls } from '../diagnostics/visible.ts';
import { namesShort } from '../upgrade/names.ts';
import type {
  Difference,
  FileChange,
  HostChange,
  Hunk,
  PkiDifference,
  RiskLevel,
  SettingChange,
  State,
} from './difference.ts';
import { isEmpty, notShown } from './difference.ts';
import { type GroupedFile, groupsOf, type HostGroup } from './group.ts';

export interface Point {
  readonly label: string;
  readonly text: string;
  readonly level?: RiskLevel;
}

export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'table';
      readonly header: readonly string[];
      readonly rows: readonly (readonly string[])[];
    }
  | { readonly kind: 'points'; readonly points: readonly Point[] }
  | {
      readonly kind: 'file';
      readonly state: State;
      readonly path: string;
      /** What it brings about, and what of it changes by name. */
      readonly notes: readonly string[];
      readonly settings: readonly string[];
      /** Of a unified diff, without its first two lines. */
      readonly lines: readonly string[];
    };

/** Lines of one file that are shown; JSON has all. */
const mostLines = 120;
/** Rows of a list. */
const mostPoints = 40;
const mostNames = 6;
/** Of a value: what is longer is read in the lines. */
const mostCharacters = 240;

/** All blocks; a difference without content has one that says so. Every text is fit for a terminal. */
export function outlineOf(difference: Difference): Block[] {
  if (isEmpty(difference))
    return [{ kind: 'text', text: 'no differences: a render would write what is there' }];
  const groups = groupsOf(difference.hosts);
  return [
    { kind: 'heading', level: 1, text: headline(difference) },
    ...tableOf(groups),
    ...section('Risks', riskPoints(difference)),
    ...section('Rollout, in this order', rolloutPoints(difference)),
    ...section('Keys and certificates', pkiPoints(difference.pki)),
    ...groups.flatMap(groupBlocks),
  ];
}

function headline({ cluster, kubernetes, hosts, hostCount, isFirst }: Difference): string {
  const counts = (['changed', 'added', 'removed'] as const).flatMap((state) => {
    const number = hosts.filter((host) => host.state === state).length;
    return number === 0 ? [] : [`${number} ${state}`];
  });
  const { old, new: now } = kubernetes;
  const version = old === undefined || old === now ? now : `${old} -> ${now}`;
  const what = isFirst ? 'nothing was rendered yet, all is new' : counts.join(', ') || 'no bundle differs';
  return escapeControls(`${cluster}, Kubernetes ${version}: ${what}; ${hostCount} hosts in all`);
}

function tableOf(groups: readonly HostGroup[]): Block[] {
  if (groups.length === 0) return [];
  const rows = groups
    .slice(0, mostPoints)
    .map(({ first, hosts }) => [
      namesShort(hosts, mostNames),
      first.state,
      first.roles.join(', '),
      filesText(first.files),
      unitsText(first) || '-',
    ]);
  const more = groups.length - rows.length;
  return [
    { kind: 'table', header: ['HOSTS', 'CHANGE', 'ROLES', 'FILES', 'UNITS'], rows },
    ...(more > 0 ? [{ kind: 'text', text: `and ${more} more kinds of change, below` } as const] : []),
  ];
}

/** `1 changed, 2 added` */
function filesText(files: readonly FileChange[]): string {
  const parts = (['changed', 'added', 'removed'] as const).flatMap((state) => {
    const number = files.filter((file) => file.state === state).length;
    return number === 0 ? [] : [`${number} ${state}`];
  });
  return parts.join(', ') || '-';
}

/** `restarts kubelet, kube-proxy; runs again kube-addons` */
function unitsText({ units }: Pick<HostChange, 'units'>): string {
  const actions = [...new Set(units.map(({ action }) => action))];
  return actions
    .map((action) => {
      const names = units.filter((unit) => unit.action === action).map(({ unit }) => shortUnit(unit));
      return `${action} ${names.join(', ')}`;
    })
    .join('; ');
}

function shortUnit(unit: string): string {
  return unit.replace(/\.service$/, '');
}

function section(text: string, points: readonly Point[]): Block[] {
  if (points.length === 0) return [];
  return [
    { kind: 'heading', level: 2, text },
    { kind: 'points', points },
  ];
}

function riskPoints({ risks }: Difference): Point[] {
  return risks.map(({ level, text, hosts }) => {
    const named = hosts.some((host) => text.startsWith(host)) || hosts.length === 0;
    const where = named ? '' : ` (${namesShort(hosts, mostNames)})`;
    return { label: level, text: escapeControls(`${text}${where}`), level };
  });
}

function rolloutPoints({ rollout }: Difference): Point[] {
  return rollout.map(({ stage, hosts, atOnce, text }, index) => {
    const batches = atOnce > 1 && atOnce < hosts.length ? `; at most ${atOnce} at once` : '';
    return { label: `${index + 1}.`, text: `${stage} (${namesShort(hosts, mostNames)}${batches}): ${text}` };
  });
}

/** The same certificate re-issued for the same reason on several hosts is one point; new ones are counted. */
function pkiPoints(changes: readonly PkiDifference[]): Point[] {
  const reissued = new Map<string, { name: string; reason: string; hosts: string[] }>();
  const created = new Map<string, number>();
  for (const { action, what, reason } of changes) {
    const [, host, name] = /^hosts\/([^/]+)\/(.+)$/.exec(what) ?? [];
    if (action === 'created') {
      const owner = host ?? 'the store';
      created.set(owner, (created.get(owner) ?? 0) + 1);
      continue;
    }
    const key = JSON.stringify([name ?? what, reason]);
    const known = reissued.get(key) ?? { name: name ?? what, reason, hosts: [] };
    if (host !== undefined) known.hosts.push(host);
    reissued.set(key, known);
  }
  const points: Point[] = [...reissued.values()].map(({ name, reason, hosts }) => ({
    label: 're-issued',
    text: escapeControls(
      `${name}${hosts.length === 0 ? '' : ` on ${namesShort(hosts, mostNames)}`}: ${reason}`,
    ),
  }));
  const total = [...created.values()].reduce((sum, number) => sum + number, 0);
  if (total > 0)
    points.push({ label: 'new', text: `${total}: for ${namesShort([...created.keys()], mostNames)}` });
  return limited(points);
}

function limited(points: readonly Point[]): Point[] {
  if (points.length <= mostPoints) return [...points];
  const more = { label: '', text: `and ${points.length - mostPoints} more; --format json has all` };
  return [...points.slice(0, mostPoints), more];
}

function groupBlocks({ first, hosts, files }: HostGroup): Block[] {
  // Of hosts that come or go, the table says all that there is to say.
  if (first.state !== 'changed') return [];
  const rest = hosts.length - 1;
  const same = rest === 0 ? '' : `; the same on ${namesShort(hosts.slice(1), mostNames)}`;
  return [
    { kind: 'heading', level: 2, text: `${first.host}${same}` },
    ...files.map((file) => fileBlock(first, file)),
  ];
}

function fileBlock(host: HostChange, { change, shownAt }: GroupedFile): Block {
  const { path, state, ownership, secret } = change;
  const effects = host.units
    .filter(({ because }) => because.includes(path))
    .map(({ unit, action }) => `${action} ${shortUnit(unit)}`);
  const notes = [
    ...effects,
    ...(ownership === undefined ? [] : [`${ownership.old} -> ${ownership.new}`]),
    ...(secret === undefined ? [] : [`fingerprint ${secret.old} -> ${secret.new}`]),
    ...(shownAt === undefined ? [] : [`as on ${shownAt}`]),
  ];
  const isShown = shownAt === undefined;
  // Of a file that comes or goes whole, the lines say all.
  const settings = isShown && state === 'changed' ? change.settings.map(settingText) : [];
  const lines = isShown ? hunkLines(change.hunks) : [];
  return { kind: 'file', state, path, notes, settings: settings.map(escapeControls), lines };
}

function settingText({ kind, name, old, new: now }: SettingChange): string {
  const title = `${kind} ${kind === 'flag' ? '--' : ''}${name}`;
  if (old === notShown || now === notShown) return `${title} changes, its value is not shown`;
  if (old === undefined) return `${title} is new: ${now}`;
  if (now === undefined) return `${title} goes: ${old}`;
  const text = listText(old, now) ?? `${old} -> ${now}`;
  return text.length > mostCharacters ? `${title} changes, see the lines` : `${title}: ${text}`;
}

/** What comes to a list and what goes from it; undefined for what is none. */
function listText(old: string, now: string): string | undefined {
  const [before, after] = [itemsOf(old), itemsOf(now)];
  if (before === undefined || after === undefined || before.length + after.length < 3) return undefined;
  const comes = after.filter((item) => !before.includes(item));
  const goes = before.filter((item) => !after.includes(item));
  const parts = [
    ...(comes.length === 0 ? [] : [`adds ${comes.join(', ')}`]),
    ...(goes.length === 0 ? [] : [`drops ${goes.join(', ')}`]),
  ];
  return parts.length === 0 ? undefined : parts.join('; ');
}

/** The items of a list with commas, as flags have it, or of a list in JSON. */
function itemsOf(value: string): string[] | undefined {
  if (!/^[[{]/.test(value)) return value.split(',');
  const list: unknown = value.startsWith('[') ? JSON.parse(value) : undefined;
  const isPlain = Array.isArray(list) && list.every((item) => typeof item !== 'object');
  return isPlain ? list.map(String) : undefined;
}

function hunkLines(hunks: readonly Hunk[]): string[] {
  const lines = hunks.flatMap((hunk) => [hunkHeader(hunk), ...hunk.lines.map(escapeControls)]);
  if (lines.length <= mostLines) return lines;
  return [...lines.slice(0, mostLines), `\\ ${lines.length - mostLines} more lines; --format json has all`];
}

function hunkHeader({ oldStart, oldLines, newStart, newLines }: Hunk): string {
  return `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`;
}
