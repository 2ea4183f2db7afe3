/** A component's command line, by variable: the catalog's defaults, changed by what the inventory says. */
import { type ComponentRow, type FlagRow, sharedVariables } from '../catalog/components.ts';
import { flagsOf, isAccepted, isDeprecated } from '../catalog/flags/flags.ts';
import { isFrom } from '../catalog/releases.ts';
import { createMemo } from '../lib/memo.ts';
import type { ComponentSettings } from '../model/cluster.ts';
import { type Facts, holds } from './facts.ts';

/** Words of each variable, every word one `--flag=value`. */
export type Variables = Readonly<Record<string, readonly string[]>>;

export interface ComponentVariables {
  /** Every variable of the unit's command line except the shared ones. */
  readonly own: Variables;
  /** Shared variables (/etc/kubernetes/config) that this component sets otherwise. */
  readonly overrides: Variables;
}

interface Flag {
  readonly flag: string;
  readonly value: string;
  readonly variable: string;
}

/**
 * The variables of a component on a host. A flag of the inventory replaces the
 * default in its place, null removes it, and a new flag comes last.
 */
export function componentVariables(
  component: ComponentRow,
  facts: Facts,
  settings: ComponentSettings,
): ComponentVariables {
  const defaults = flagRowsOf(component, facts.minor)
    .filter((row) => holds(facts, row.when))
    .map((row) => flagOf(component, row, facts));
  const usual = wordsByVariable(component, defaults);
  const words = wordsByVariable(component, merge(component, defaults, settings.args));
  const pick = (isWanted: (variable: string) => boolean): Variables =>
    Object.fromEntries([...words].filter(([variable]) => isWanted(variable)));
  return {
    own: pick((variable) => !isShared(variable)),
    overrides: pick(
      (variable) => isShared(variable) && words.get(variable)?.join(' ') !== usual.get(variable)?.join(' '),
    ),
  };
}

function isShared(variable: string): boolean {
  return (sharedVariables as readonly string[]).includes(variable);
}

/** The words of every variable of a component, in the order of its row. */
function wordsByVariable(component: ComponentRow, flags: readonly Flag[]): Map<string, string[]> {
  const words = new Map<string, string[]>(component.variables.map((variable) => [variable, []]));
  for (const flag of flags) words.get(flag.variable)?.push(wordOf(flag));
  return words;
}

/** The shared variables with their default flags, from whichever components have them. */
export function sharedDefaults(rows: readonly ComponentRow[], facts: Facts): Variables {
  return Object.fromEntries(
    sharedVariables.map((variable) => {
      const row = rows.find((component) => component.variables.includes(variable));
      if (row === undefined) return [variable, []];
      const flags = flagRowsOf(row, facts.minor).filter((flag) => flag.variable === variable);
      return [variable, flags.map((flag) => wordOf(flagOf(row, flag, facts)))];
    }),
  );
}

const rowsByMinor = createMemo<ComponentRow, readonly FlagRow[]>();

/** The flags of a component that a minor gets: its binary has them, and does not call them deprecated. */
export function flagRowsOf(component: ComponentRow, minor: string): readonly FlagRow[] {
  return rowsByMinor(component, minor, () => component.flags.filter((row) => isFor(row, component, minor)));
}

function isFor(row: FlagRow, component: ComponentRow, minor: string): boolean {
  const option = flagsOf(component.key)[row.flag];
  if (option === undefined) throw new Error(`${component.name} has no flag ${row.flag} in any version`);
  if (row.until !== undefined && isFrom(minor, row.until)) return false;
  if (!isAccepted(option, minor)) return false;
  return row.staysDeprecated !== undefined || !isDeprecated(option, minor);
}

function merge(component: ComponentRow, defaults: readonly Flag[], args: ComponentSettings['args']): Flag[] {
  const known = new Set(defaults.map((flag) => flag.flag));
  const kept = defaults.flatMap((flag) => {
    const value = args[flag.flag];
    if (value === undefined) return [flag];
    return value === null ? [] : [{ ...flag, value }];
  });
  const added = Object.entries(args).flatMap(([flag, value]) =>
    known.has(flag) || value === null ? [] : [{ flag, value, variable: component.argsVariable }],
  );
  return [...kept, ...added];
}

function flagOf(component: ComponentRow, row: FlagRow, facts: Facts): Flag {
  return { flag: row.flag, value: fill(row.value, facts), variable: row.variable ?? component.argsVariable };
}

function fill(value: string, facts: Facts): string {
  if (!value.includes('{')) return value;
  return value.replace(/\{(\w+)\}/g, (_, name: string) => {
    const text = facts.text[name];
    if (text === undefined) throw new Error(`no such fact: ${name}`);
    return text;
  });
}

function wordOf(flag: Flag): string {
  return `--${flag.flag}=${flag.value}`;
}
