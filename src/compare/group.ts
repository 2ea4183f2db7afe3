/** Hosts with the same changes, told once: "the same" may differ in a host's own name, addresses and keys. */
import type { FileChange, HostChange } from './difference.ts';

export interface GroupedFile {
  readonly change: FileChange;
  /** A host of an earlier group that shows the same change. */
  readonly shownAt: string | undefined;
}

export interface HostGroup {
  /** The host whose changes are shown. */
  readonly first: HostChange;
  /** All of them, the first included. */
  readonly hosts: readonly string[];
  readonly files: readonly GroupedFile[];
}

/** The groups, in the order of their first hosts. */
export function groupsOf(hosts: readonly HostChange[]): HostGroup[] {
  const kindOf = createKinds();
  const groups = new Map<string, { first: HostChange; hosts: string[]; kinds: readonly number[] }>();
  for (const host of hosts) {
    const own = ownPattern(host.ownNames);
    const kinds = host.files.map((file) => kindOf(file, own));
    const units = host.units.map(({ unit, action }) => `${action} ${unit}`);
    const key = JSON.stringify([host.state, host.roles, kinds, units]);
    const group = groups.get(key) ?? { first: host, hosts: [], kinds };
    group.hosts.push(host.host);
    groups.set(key, group);
  }
  const shownAt = new Map<number, string>();
  return [...groups.values()].map(({ first, hosts: names, kinds }) => {
    const files = first.files.map((change, index) => {
      const kind = kinds[index] ?? -1;
      return { change, shownAt: change.hunks.length === 0 ? undefined : shownAt.get(kind) };
    });
    for (const kind of kinds) if (!shownAt.has(kind)) shownAt.set(kind, first.host);
    return { first, hosts: names, files };
  });
}

/** A number for each kind of change: the same text, or the same but for what is the host's own. */
function createKinds(): (change: FileChange, own: RegExp) => number {
  const exact = new Map<string, number>();
  const alike = new Map<string, number>();
  return (change, own) => {
    const text = textOf(change);
    const general = text.replace(own, '{own}').replace(/\b[0-9a-f]{12,64}\b/g, '{fingerprint}');
    const kind = exact.get(text) ?? alike.get(general) ?? exact.size + 1;
    if (!exact.has(text)) exact.set(text, kind);
    if (!alike.has(general)) alike.set(general, kind);
    return kind;
  };
}

/** What counts of a change: neither where its lines stand nor what stands around them. */
function textOf({ hunks, ...rest }: FileChange): string {
  // Marks stand apart, so that a line that begins with the host's address is seen to.
  const lines = hunks.flatMap((hunk) =>
    hunk.lines.filter((line) => !line.startsWith(' ')).map((line) => [line.charAt(0), line.slice(1)]),
  );
  return JSON.stringify([rest, lines]);
}

/** Longest first, so that a full name goes before its beginning. */
function ownPattern(names: readonly string[]): RegExp {
  const sorted = [...names].sort((left, right) => right.length - left.length);
  const words = sorted.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`(?<![\\w.-])(?:${words.join('|')})(?![\\w-])`, 'g');
}
