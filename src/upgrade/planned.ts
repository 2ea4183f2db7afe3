/** What hardway itself does otherwise for the later version: hosts planned at both, compared. */
import { type ComponentRow, components } from '../catalog/components.ts';
import { flagsOf, isAccepted, isDeprecated } from '../catalog/flags/flags.ts';
import { flagFix } from '../lint/flags.ts';
import type { Cluster, Host } from '../model/cluster.ts';
import type { Templates } from '../render/template.ts';
import type { UpgradeItem } from './item.ts';
import { type HostShape, kindsOfHosts, type Settings, shapeOf } from './shape.ts';

/** Items for flags, fields, files, units, modules and programs that come, go or change. */
export function plannedItems(before: Cluster, after: Cluster, templates: Templates): UpgradeItem[] {
  const pairs = kindsOfHosts(before).map((host) => {
    const later = after.hosts.find(({ name }) => name === host.name);
    if (later === undefined) throw new Error(`${host.name} is in one of two clusters only`);
    return { old: shapeOf(before, host, templates), new: shapeOf(after, later, templates), host: later };
  });
  const minors = { from: before.kubernetes.minor, to: after.kubernetes.minor };
  return [
    ...flagItems(pairs, minors, [before.runtime.sandboxImage, after.runtime.sandboxImage]),
    ...deprecatedItems(pairs, minors),
    ...fieldItems(pairs),
    ...fileItems(pairs),
    ...listItems('units', pairs, ({ units }) => units),
    ...listItems('kernel modules', pairs, ({ modules }) => modules),
    ...listItems('programs', pairs, ({ binaries }) => binaries),
  ];
}

interface Pair {
  readonly old: HostShape;
  readonly new: HostShape;
  /** As it is at the later version. */
  readonly host: Host;
}

interface Minors {
  readonly from: string;
  readonly to: string;
}

interface Difference {
  readonly name: string;
  readonly old: string | undefined;
  readonly new: string | undefined;
}

function differences(old: Settings | undefined, now: Settings | undefined): Difference[] {
  const names = new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])]);
  return [...names]
    .map((name) => ({ name, old: old?.get(name), new: now?.get(name) }))
    .filter((one) => one.old !== one.new);
}

/** Differences of all hosts, each once: where hosts have values of their own, without the value. */
function union(lists: readonly (readonly Difference[])[]): Difference[] {
  const byKind = new Map<string, Difference>();
  for (const one of lists.flat()) {
    const kind = JSON.stringify([one.name, one.old === undefined, one.new === undefined]);
    const known = byKind.get(kind);
    const isSame = known === undefined || (known.old === one.old && known.new === one.new);
    byKind.set(kind, isSame ? one : { ...one, old: one.old && '...', new: one.new && '...' });
  }
  return [...byKind.values()];
}

// Flags

/** Images are told of as images, not once more as the value of a flag. */
function flagItems(pairs: readonly Pair[], minors: Minors, [oldImage, newImage]: string[]): UpgradeItem[] {
  const namesByText = new Map<string, string[]>();
  for (const row of components) {
    for (const one of union(pairs.map((pair) => flagDifferences(pair, row)))) {
      if (one.old === oldImage && one.new === newImage) continue;
      const text = flagText(row, one, minors);
      namesByText.set(text, [...(namesByText.get(text) ?? []), row.name]);
    }
  }
  return perComponents(namesByText);
}

/** One item for what is so for several components. */
function perComponents(namesByText: ReadonlyMap<string, readonly string[]>): UpgradeItem[] {
  return [...namesByText].map(([text, names]) => ({
    kind: 'changes',
    subject: 'flags',
    message: `${names.join(', ')}: ${text}`,
  }));
}

function flagDifferences(pair: Pair, { name }: ComponentRow): Difference[] {
  return differences(pair.old.flags.get(name), pair.new.flags.get(name));
}

function flagText(row: ComponentRow, { name, old, new: now }: Difference, { to }: Minors): string {
  if (old === undefined) {
    const why = row.flags.find(({ flag }) => flag === name)?.why;
    return `--${name}=${now} is new${why === undefined ? '' : ` (${why})`}`;
  }
  if (now !== undefined) return `--${name} ${old} -> ${now}`;
  return `--${name}=${old} goes${lifetimeText(row, name, to)}`;
}

/** Why a flag is left out: what its binary says of it, and what stands in its place. */
function lifetimeText(row: ComponentRow, name: string, minor: string): string {
  const option = flagsOf(row.key)[name];
  if (option === undefined) return '';
  const parts = [
    isAccepted(option, minor) ? '' : `${row.name} ${option.removed} does not have it`,
    isAccepted(option, minor) && isDeprecated(option, minor) ? `deprecated since ${option.deprecated}` : '',
    (flagFix(row.key, name, minor) ?? '').replace(/^delete it; /, ''),
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}

/** Flags that hardway goes on setting although the later minor calls them deprecated. */
function deprecatedItems(pairs: readonly Pair[], { from, to }: Minors): UpgradeItem[] {
  const namesByText = new Map<string, string[]>();
  for (const row of components) {
    for (const name of new Set(pairs.flatMap((pair) => flagsSetByHardway(pair, row)))) {
      const option = flagsOf(row.key)[name];
      if (option === undefined || !isDeprecated(option, to) || isDeprecated(option, from)) continue;
      const until = option.removed === undefined ? '' : ` until ${option.removed} removes it`;
      const text = `--${name} is deprecated from ${option.deprecated} on; hardway sets it${until}`;
      namesByText.set(text, [...(namesByText.get(text) ?? []), row.name]);
    }
  }
  return perComponents(namesByText);
}

function flagsSetByHardway({ new: now, host }: Pair, { name, key }: ComponentRow): string[] {
  const own = host.components[key].args;
  return [...(now.flags.get(name)?.keys() ?? [])].filter((flag) => own[flag] === undefined);
}

// Configuration, files, lists

function fieldItems(pairs: readonly Pair[]): UpgradeItem[] {
  const names = [...new Set(pairs.flatMap((pair) => [...pair.new.fields.keys()]))];
  return names.flatMap((component) => {
    const found = pairs.map((pair) =>
      wholeMaps(pair.old.fields.get(component) ?? none, pair.new.fields.get(component) ?? none),
    );
    return union(found).map(({ name, old, new: now }) => ({
      kind: 'changes' as const,
      subject: 'configuration',
      message: `${component}: ${fieldText(name, old, now)}`,
    }));
  });
}

const none: Settings = new Map();

/** Differences of fields; a map that comes or goes as a whole is one of them. */
function wholeMaps(old: Settings, now: Settings): Difference[] {
  const byTop = new Map<string, Difference[]>();
  for (const one of differences(old, now)) byTop.set(topOf(one), [...(byTop.get(topOf(one)) ?? []), one]);
  return [...byTop].flatMap(([top, members]) => {
    const isOnBothSides = [old, now].every((fields) =>
      [...fields.keys()].some((name) => topOf({ name }) === top),
    );
    const isMap = members.every(({ name }) => name !== top);
    if (isOnBothSides || !isMap) return members;
    return [{ name: top, old: mapText(top, members, 'old'), new: mapText(top, members, 'new') }];
  });
}

function topOf({ name }: { readonly name: string }): string {
  return name.split('.')[0] ?? name;
}

function mapText(top: string, members: readonly Difference[], side: 'old' | 'new'): string | undefined {
  const fields = members.flatMap((one) =>
    one[side] === undefined ? [] : [`${one.name.slice(top.length + 1)}: ${one[side]}`],
  );
  return fields.length === 0 ? undefined : `{ ${fields.join(', ')} }`;
}

function fieldText(name: string, old: string | undefined, now: string | undefined): string {
  if (old === undefined) return `${name}: ${now} is new`;
  return now === undefined ? `${name}: ${old} goes` : `${name} ${old} -> ${now}`;
}

function fileItems(pairs: readonly Pair[]): UpgradeItem[] {
  const found = union(
    pairs.map((pair) =>
      differences(pair.old.files, pair.new.files).map(({ name, old, new: now }) => ({
        name,
        old: old === undefined ? undefined : 'there',
        new: now === undefined ? undefined : 'there',
      })),
    ),
  );
  const kinds = [
    ['new', found.filter(({ old }) => old === undefined)],
    ['gone', found.filter((one) => one.new === undefined)],
    ['changed', found.filter((one) => one.old !== undefined && one.new !== undefined)],
  ] as const;
  return kinds.flatMap(([kind, files]) =>
    files.length === 0
      ? []
      : [
          {
            kind: 'changes',
            subject: 'files',
            message: `${kind}: ${files.map(({ name }) => name).join(', ')}`,
          },
        ],
  );
}

function listItems(
  subject: string,
  pairs: readonly Pair[],
  read: (shape: HostShape) => readonly string[],
): UpgradeItem[] {
  const missing = (from: 'old' | 'new', other: 'old' | 'new') => [
    ...new Set(pairs.flatMap((pair) => read(pair[from]).filter((name) => !read(pair[other]).includes(name)))),
  ];
  const kinds = [
    ['new', missing('new', 'old')],
    ['no longer used', missing('old', 'new')],
  ] as const;
  return kinds.flatMap(([kind, names]) =>
    names.length === 0 ? [] : [{ kind: 'changes', subject, message: `${kind}: ${names.join(', ')}` }],
  );
}
