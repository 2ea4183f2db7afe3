/** Rules about flags, configuration fields and feature gates of components. */
import {
  type ConfigurableKey,
  configFieldsOf,
  configurableKeys,
  flagNamesOf,
  flagsOf,
  isAccepted,
  isDeprecated,
  knownFeatureGates,
  type Option,
} from '../../catalog/flags/flags.ts';
import { indispensableFlags, type OwnedRow, ownedFields, ownedFlags } from '../../catalog/flags/owned.ts';
import { quote } from '../../diagnostics/visible.ts';
import { isGoDuration } from '../../lib/duration.ts';
import { nearest } from '../../lib/edit-distance.ts';
import { compareMinors } from '../../lib/version.ts';
import { type ComponentKey, componentKeys } from '../../model/cluster.ts';
import type { Path, Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';
import type { WrittenComponents } from '../schema.ts';

const binaries: Readonly<Record<ComponentKey, string>> = {
  apiserver: 'kube-apiserver',
  controllerManager: 'kube-controller-manager',
  scheduler: 'kube-scheduler',
  kubelet: 'kubelet',
  proxy: 'kube-proxy',
};

/** Feature gates exist in this version, and can be set as written. */
export function* featureGatesAreKnown({ inventory, facts }: RuleContext): Iterable<Problem> {
  const minor = facts.version?.minor;
  if (minor === undefined) return;
  for (const [gate, value] of Object.entries(inventory.kubernetes?.featureGates ?? {})) {
    const found = gateProblem(gate, value ?? undefined, minor);
    if (found !== undefined) yield { ...found, path: ['kubernetes', 'featureGates', gate] };
  }
}

function gateProblem(name: string, value: boolean | undefined, minor: string): Found | undefined {
  if (name === 'AllAlpha' || name === 'AllBeta') return undefined;
  const gate = Object.hasOwn(knownFeatureGates, name) ? knownFeatureGates[name] : undefined;
  if (gate === undefined) return unknownGate(name, minor);
  if (!isAccepted(gate, minor)) {
    const since = gate.removed !== undefined && compareMinors(minor, gate.removed) >= 0;
    const when = since ? `; ${gate.removed} removed it` : `; it came with ${gate.since}`;
    return {
      code: 'version-mismatch',
      atKey: true,
      message: `Kubernetes ${minor} has no feature gate ${name}${when}; a component that is told to set it does not start`,
      fix: 'delete the line',
    };
  }
  const isLocked = gate.locked !== undefined && compareMinors(minor, gate.locked) >= 0;
  if (!isLocked || value === undefined || value === gate.lockedTo) return undefined;
  return {
    code: 'version-mismatch',
    message: `the feature gate ${name} is locked to ${gate.lockedTo} since ${gate.locked}; a component that is told otherwise does not start`,
    fix: 'delete the line',
  };
}

function unknownGate(name: string, minor: string): Found {
  const known = Object.entries(knownFeatureGates);
  const near = nearest(
    name,
    known.filter(([, gate]) => isAccepted(gate, minor)).map(([one]) => one),
  );
  return {
    code: 'unknown-feature-gate',
    severity: 'warning',
    atKey: true,
    message: `the feature gate ${name} is not among those known for Kubernetes ${minor}; a component that does not know it does not start`,
    fix: near === undefined ? 'check the name against the release notes' : `write "${near}"`,
  };
}

/** Flags exist in this version, have values of their type and are free to change. */
export function* componentFlagsAreKnown(context: RuleContext): Iterable<Problem> {
  const minor = context.facts.version?.minor;
  for (const { path, components } of componentSettings(context)) {
    for (const key of componentKeys) {
      for (const [name, value] of Object.entries(components[key]?.args ?? {})) {
        const problem = flagProblem(key, name, value ?? undefined, minor);
        if (problem !== undefined) yield { ...problem, path: [...path, key, 'args', name] };
      }
    }
  }
}

type Found = Omit<Problem, 'path'>;

function flagProblem(
  key: ComponentKey,
  name: string,
  value: string | undefined,
  minor: string | undefined,
): Found | undefined {
  const flags = flagsOf(key);
  const bare = name.replace(/^-+/, '');
  if (bare !== name && Object.hasOwn(flags, bare)) {
    return {
      code: 'unknown-flag',
      atKey: true,
      message: `flags stand without dashes here, found ${quote(name)}`,
      fix: `write "${bare}"`,
    };
  }
  const option = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (option === undefined) return unknownFlag(key, name, minor);
  const owned = ownedFlags[key].find((row) => row.name.test(name));
  if (owned !== undefined) return ownedProblem(`--${name} of ${binaries[key]}`, owned);
  if (value === undefined && indispensableFlags[key]?.includes(name)) {
    return {
      code: 'flag-owned',
      atKey: true,
      message: `${binaries[key]} does not start, or is open to everybody, without --${name}`,
      fix: 'delete the line, or give the flag a value',
    };
  }
  if (minor === undefined) return undefined;
  return (
    availability(`--${name}`, binaries[key], option, minor) ??
    typeProblem(name, value, option) ??
    deprecation(key, name, option, minor)
  );
}

function unknownFlag(key: ComponentKey, name: string, minor: string | undefined): Found {
  const near = nearest(name.replace(/^-+/, ''), flagNamesOf(key, minor));
  const elsewhere = componentKeys.find((other) => other !== key && Object.hasOwn(flagsOf(other), name));
  const hint =
    elsewhere === undefined ? 'delete it' : `delete it; ${binaries[elsewhere]} has a flag of this name`;
  const fix = near === undefined ? hint : `write "${near}"`;
  return { code: 'unknown-flag', atKey: true, message: `${binaries[key]} has no flag ${quote(name)}`, fix };
}

function ownedProblem(what: string, { instead }: OwnedRow): Found {
  return {
    code: 'flag-owned',
    atKey: true,
    message: `${what} is set by hardway, because other files depend on it`,
    fix: instead === undefined ? 'delete it' : `delete it and use ${instead}`,
  };
}

function availability(
  name: string,
  owner: string,
  { since, removed }: Option,
  minor: string,
): Found | undefined {
  if (compareMinors(minor, since) < 0) {
    return {
      code: 'flag-version',
      atKey: true,
      message: `${owner} ${minor} does not have ${name} yet; it came with ${since}`,
      fix: 'delete it',
    };
  }
  if (removed === undefined || compareMinors(minor, removed) < 0) return undefined;
  return {
    code: 'flag-version',
    atKey: true,
    message: `${owner} ${minor} no longer has ${name}; it went with ${removed}`,
    fix: 'delete it',
  };
}

function deprecation(key: ComponentKey, name: string, option: Option, minor: string): Found | undefined {
  // Every kubelet flag that mirrors a field counts as deprecated, but works.
  if (!isDeprecated(option, minor)) return undefined;
  const removal = option.removed === undefined ? '' : `; ${option.removed} removes it`;
  return {
    code: 'flag-deprecated',
    severity: 'warning',
    atKey: true,
    message: `${binaries[key]} ${minor} calls --${name} deprecated${removal}`,
    fix: 'look for its successor in the release notes',
  };
}

/** What the value of a flag must look like, by the type word of `--help`; others are free text. */
const valueShapes: Readonly<
  Record<string, { readonly wanted: string; readonly holds: (value: string) => boolean }>
> = {
  bool: { wanted: 'true or false', holds: (value) => value === 'true' || value === 'false' },
  int: { wanted: 'a whole number', holds: (value) => /^-?[0-9]+$/.test(value) },
  int32: { wanted: 'a whole number', holds: (value) => /^-?[0-9]+$/.test(value) },
  uint: { wanted: 'a whole number', holds: (value) => /^[0-9]+$/.test(value) },
  Level: { wanted: 'a whole number', holds: (value) => /^[0-9]+$/.test(value) },
  float: { wanted: 'a number', holds: (value) => /^-?[0-9]+(?:\.[0-9]+)?$/.test(value) },
  float32: { wanted: 'a number', holds: (value) => /^-?[0-9]+(?:\.[0-9]+)?$/.test(value) },
  duration: { wanted: 'a duration such as 30s, 5m or 1h30m', holds: isGoDuration },
};

function typeProblem(name: string, value: string | undefined, option: Option): Found | undefined {
  const shape = valueShapes[option.type];
  if (value === undefined || shape === undefined || shape.holds(value)) return undefined;
  const repaired = option.type === 'bool' ? booleanOf(value.toLowerCase()) : undefined;
  return {
    code: 'flag-type',
    message: `--${name} wants ${shape.wanted}, found ${quote(value)}`,
    fix: repaired === undefined ? `write ${shape.wanted}` : `write "${repaired}"`,
  };
}

function booleanOf(word: string): string | undefined {
  if (['yes', 'on', 'y', '1'].includes(word)) return 'true';
  return ['no', 'off', 'n', '0'].includes(word) ? 'false' : undefined;
}

/** Fields of configuration files exist in this version and are free to change. */
export function* configFieldsAreKnown(context: RuleContext): Iterable<Problem> {
  const minor = context.facts.version?.minor;
  for (const { path, components } of componentSettings(context)) {
    for (const key of configurableKeys) {
      const config = components[key]?.config ?? {};
      for (const [name, value] of Object.entries(config)) {
        yield* fieldProblems(key, name, value, minor, [...path, key, 'config', name]);
      }
    }
  }
}

/** Fields that hold some of hardway's own: to replace the whole map would drop those. */
const mapFields: readonly string[] = ['authentication', 'clientConnection', 'ipvs'];

function* fieldProblems(
  key: ConfigurableKey,
  name: string,
  value: unknown,
  minor: string | undefined,
  path: Path,
): Iterable<Problem> {
  const fields = configFieldsOf(key);
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (name === 'apiVersion' || name === 'kind') {
    yield { ...ownedProblem(`the field ${name}`, { name: /./ }), path };
  } else if (field === undefined) {
    const near = nearest(name, Object.keys(fields));
    const message = `the configuration of ${binaries[key]} has no field ${quote(name)}`;
    yield {
      code: 'unknown-field',
      path,
      atKey: true,
      message,
      fix: near === undefined ? 'delete it' : `write "${near}"`,
    };
  } else {
    const found =
      minor === undefined ? undefined : availability(`the field ${name}`, binaries[key], field, minor);
    if (found !== undefined) yield { ...found, path };
    if (mapFields.includes(name) && !isMapping(value)) {
      yield {
        code: 'wrong-type',
        path,
        message: `the field ${name} must be a map`,
        fix: 'write its fields below it',
      };
    }
    for (const { steps, row } of ownedBelow(key, name, value)) {
      yield {
        ...ownedProblem(`the field ${[name, ...steps].join('.')} of ${binaries[key]}`, row),
        path: [...path, ...steps],
      };
    }
  }
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
