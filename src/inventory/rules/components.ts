/** Rules about flags, configuration fields and feature gates of components: what the linter finds, and what hardway owns. */
import { programs } from '../../catalog/daemons.ts';
import { type ConfigurableKey, configFieldsOf, configurableKeys } from '../../catalog/flags/flags.ts';
import { indispensableFlags, type OwnedRow, ownedFields, ownedFlags } from '../../catalog/flags/owned.ts';
import { dualStackGate } from '../../catalog/releases.ts';
import { fieldFlaws } from '../../lint/fields.ts';
import { flagFlaws, flagNameFlaw } from '../../lint/flags.ts';
import type { Flaw } from '../../lint/flaw.ts';
import { gateFlaw } from '../../lint/gates.ts';
import { type ComponentKey, componentKeys } from '../../model/cluster.ts';
import type { Path, Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';
import type { WrittenComponents } from '../schema.ts';

/** A flaw as a problem of the inventory. */
export function problemOf({ steps = [], ...flaw }: Flaw, path: Path): Problem {
  return { ...flaw, path: [...path, ...steps] };
}

/** Feature gates exist in this version, and can be set as written. */
export function* featureGatesAreKnown({ inventory, facts }: RuleContext): Iterable<Problem> {
  const minor = facts.version?.minor;
  if (minor === undefined) return;
  const isDualStack = (facts.services ?? []).length > 1;
  if (isDualStack && inventory.kubernetes?.featureGates?.[dualStackGate] === false) {
    const message = `serviceCIDR has two networks, which Kubernetes ${minor} refuses without ${dualStackGate}`;
    const path = ['kubernetes', 'featureGates', dualStackGate];
    yield { code: 'version-mismatch', path, message, fix: 'delete the line, or keep one network' };
  }
  for (const [gate, value] of Object.entries(inventory.kubernetes?.featureGates ?? {})) {
    const found = gateFlaw(gate, value ?? undefined, minor);
    if (found !== undefined) yield problemOf(found, ['kubernetes', 'featureGates', gate]);
  }
}

/** Flags exist in this version, have values of their type and are free to change. */
export function* componentFlagsAreKnown(context: RuleContext): Iterable<Problem> {
  const minor = context.facts.version?.minor;
  for (const { path, components } of componentSettings(context)) {
    for (const key of componentKeys) {
      for (const [name, value] of Object.entries(components[key]?.args ?? {})) {
        for (const flaw of flagFlawsOf(key, name, value ?? undefined, minor))
          yield problemOf(flaw, [...path, key, 'args', name]);
      }
    }
  }
}

function flagFlawsOf(
  key: ComponentKey,
  name: string,
  value: string | undefined,
  minor: string | undefined,
): readonly Flaw[] {
  const unknown = flagNameFlaw(key, name, minor);
  if (unknown !== undefined) return [unknown];
  const owned = ownedFlags[key].find((row) => row.name.test(name));
  if (owned !== undefined && !(owned.mayGo === true && value === undefined))
    return [ownedFlaw(`--${name} of ${programs[key]}`, owned)];
  if (value === undefined && indispensableFlags[key]?.includes(name)) {
    const message = `${programs[key]} does not start, or is open to everybody, without --${name}`;
    return [{ code: 'flag-owned', atKey: true, message, fix: 'delete the line, or give the flag a value' }];
  }
  return minor === undefined ? [] : flagFlaws(key, name, value, minor);
}

function ownedFlaw(what: string, { instead }: OwnedRow): Flaw {
  return {
    code: 'flag-owned',
    atKey: true,
    message: `${what} is set by hardway, because other files depend on it`,
    fix: instead === undefined ? 'delete it' : `delete it and use ${instead}`,
  };
}

/** Fields of configuration files exist in this version, have values of their type and are free to change. */
export function* configFieldsAreKnown(context: RuleContext): Iterable<Problem> {
  const minor = context.facts.version?.minor;
  for (const { path, components } of componentSettings(context)) {
    for (const key of configurableKeys) {
      for (const [name, value] of Object.entries(components[key]?.config ?? {})) {
        for (const flaw of fieldFlawsOf(key, name, value, minor))
          yield problemOf(flaw, [...path, key, 'config', name]);
      }
    }
  }
}

/** Fields that hold some of hardway's own: to remove the whole map would drop those. */
const mapFields: readonly string[] = ['authentication', 'clientConnection', 'ipvs'];

function* fieldFlawsOf(
  key: ConfigurableKey,
  name: string,
  value: unknown,
  minor: string | undefined,
): Iterable<Flaw> {
  if (name === 'apiVersion' || name === 'kind') {
    yield ownedFlaw(`the field ${name}`, { name: /./ });
    return;
  }
  yield* fieldFlaws(key, name, value, minor);
  if (!Object.hasOwn(configFieldsOf(key), name)) return;
  if (mapFields.includes(name) && value === null) {
    const message = `the field ${name} must be a map`;
    yield { code: 'wrong-type', message, fix: 'write its fields below it' };
  }
  for (const { steps, row } of ownedBelow(key, name, value))
    yield { ...ownedFlaw(`the field ${[name, ...steps].join('.')} of ${programs[key]}`, row), steps };
}

/** Owned fields at a top-level field or up to two maps below it. */
function* ownedBelow(
  key: ConfigurableKey,
  name: string,
  value: unknown,
): Iterable<{ steps: string[]; row: OwnedRow }> {
  for (const { steps, below } of fieldPaths(value, 2)) {
    const row = ownedFields[key].find((owned) => owned.name.test([name, ...steps].join('.')));
    if (row !== undefined && !(row.isMap && isMapping(below))) yield { steps, row };
  }
}

/** A value and what stands below it, with the way there. */
function* fieldPaths(value: unknown, depth: number): Iterable<{ steps: string[]; below: unknown }> {
  yield { steps: [], below: value };
  if (depth === 0 || !isMapping(value)) return;
  for (const [name, child] of Object.entries(value)) {
    for (const { steps, below } of fieldPaths(child, depth - 1)) yield { steps: [name, ...steps], below };
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Components wherever they may stand. */
export function* componentSettings({
  inventory,
  facts,
}: RuleContext): Iterable<{ path: Path; components: WrittenComponents }> {
  if (inventory.components !== undefined) yield { path: ['components'], components: inventory.components };
  for (const [role, settings] of Object.entries(inventory.roleDefaults ?? {})) {
    if (settings?.components !== undefined)
      yield { path: ['roleDefaults', role, 'components'], components: settings.components };
  }
  for (const { host, path } of facts.hosts) {
    if (host.components !== undefined) yield { path: [...path, 'components'], components: host.components };
  }
}
