/** Fields of KubeletConfiguration and KubeProxyConfiguration: do they exist in a minor, with this value. */
import { programs } from '../catalog/daemons.ts';
import { type Choices, fieldChoices, typeChoices } from '../catalog/flags/choices.ts';
import {
  type ConfigurableKey,
  configFieldsOf,
  isAccepted,
  type Option,
  type Options,
  structOf,
} from '../catalog/flags/flags.ts';
import { quote } from '../diagnostics/visible.ts';
import { isGoDuration } from '../lib/duration.ts';
import { nearest } from '../lib/edit-distance.ts';
import type { Flaw } from './flaw.ts';
import { availability, deprecation } from './lifetime.ts';
import { choiceFlaw } from './values.ts';

interface Place {
  readonly key: ConfigurableKey;
  readonly minor: string | undefined;
  /** From the top-level field on. */
  readonly steps: readonly (string | number)[];
}

/** What is wrong with a top-level field and all that stands below it; null means that a field is removed. */
export function fieldFlaws(
  key: ConfigurableKey,
  name: string,
  value: unknown,
  minor: string | undefined,
): Flaw[] {
  const place = { key, minor, steps: [name] };
  return [...optionFlaws(place, configFieldsOf(key), name, value)].map(({ steps = [], ...flaw }) => ({
    ...flaw,
    steps: steps.slice(1),
  }));
}

/** The path of a field in words: items of lists have no number, since tables name fields. */
function nameOf({ steps }: Place): string {
  return steps.filter((step) => typeof step === 'string').join('.');
}

function* optionFlaws(place: Place, options: Options, name: string, value: unknown): Iterable<Flaw> {
  const { key, minor, steps } = place;
  const option: Option | undefined = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) {
    const has = (one: Option) => minor === undefined || isAccepted(one, minor);
    const known = Object.entries(options).flatMap(([field, one]) => (has(one) ? [field] : []));
    const near = nearest(name, known);
    const below = steps.length > 1 ? ` below ${nameOf({ ...place, steps: steps.slice(0, -1) })}` : '';
    yield {
      code: 'unknown-field',
      steps,
      atKey: true,
      message: `the configuration of ${programs[key]} has no field ${quote(name)}${below}`,
      fix: near === undefined ? 'delete it' : `write "${near}"`,
    };
    return;
  }
  if (minor !== undefined) {
    const subject = { name: `the field ${nameOf(place)}`, owner: programs[key], lifetime: option, minor };
    const found = availability(subject) ?? deprecation({ ...subject, fix: 'delete it' });
    if (found !== undefined) yield { ...found, steps };
    if (found?.code === 'flag-version') return;
  }
  yield* typeFlaws(place, option.type, value);
}

function* typeFlaws(place: Place, goType: string, value: unknown): Iterable<Flaw> {
  if (value === null || value === undefined) return;
  const type = goType.replace(/^\*/, '');
  if (type.startsWith('[]')) yield* listFlaws(place, type.slice(2), value);
  else if (type.startsWith('map[string]')) yield* mapFlaws(place, type.slice('map[string]'.length), value);
  else {
    const struct = structOf(type);
    if (struct !== undefined) yield* structFlaws(place, struct, value);
    else yield* scalarFlaws(place, type, value);
  }
}

function* listFlaws(place: Place, itemType: string, value: unknown): Iterable<Flaw> {
  if (!Array.isArray(value)) {
    yield wrongType(place, 'a list', 'write it as a list: [ ... ]');
    return;
  }
  for (const [index, item] of value.entries())
    yield* typeFlaws({ ...place, steps: [...place.steps, index] }, itemType, item);
}

function* mapFlaws(place: Place, valueType: string, value: unknown): Iterable<Flaw> {
  if (!isMapping(value)) {
    yield wrongType(place, 'a map', 'write its entries below it');
    return;
  }
  for (const [name, item] of Object.entries(value))
    yield* typeFlaws({ ...place, steps: [...place.steps, name] }, valueType, item);
}

function* structFlaws(place: Place, struct: Options, value: unknown): Iterable<Flaw> {
  if (!isMapping(value)) {
    yield wrongType(place, 'a map', 'write its fields below it');
    return;
  }
  for (const [name, item] of Object.entries(value))
    yield* optionFlaws({ ...place, steps: [...place.steps, name] }, struct, name, item);
}

const isInteger = (value: unknown) => typeof value === 'number' && Number.isInteger(value);
const within = (value: unknown, low: number, high: number) =>
  isInteger(value) && (value as number) >= low && (value as number) <= high;
const isDuration = (value: unknown) => typeof value === 'string' && isGoDuration(value);

/** Scalars by their Go type; others (structs that no table has) are let through. */
const scalars: Readonly<
  Record<string, { readonly wanted: string; readonly holds: (value: unknown) => boolean }>
> = {
  bool: { wanted: 'true or false', holds: (value) => typeof value === 'boolean' },
  string: { wanted: 'text', holds: (value) => typeof value === 'string' },
  int32: { wanted: 'a whole number', holds: (value) => within(value, -(2 ** 31), 2 ** 31 - 1) },
  int64: { wanted: 'a whole number', holds: isInteger },
  uint32: { wanted: 'a whole number from 0 on', holds: (value) => within(value, 0, 2 ** 32 - 1) },
  float32: { wanted: 'a number', holds: (value) => typeof value === 'number' },
  float64: { wanted: 'a number', holds: (value) => typeof value === 'number' },
  // It reads text only: a bare number stops the component (apimachinery, Duration.UnmarshalJSON).
  'metav1.Duration': { wanted: 'a duration such as 30s, 5m or 1h30m', holds: isDuration },
  'logsapi.TimeOrMetaDuration': {
    wanted: 'a duration such as 5s',
    holds: (value) => isInteger(value) || isDuration(value),
  },
};

function* scalarFlaws(place: Place, type: string, value: unknown): Iterable<Flaw> {
  const choices = choicesOf(place, type);
  const scalar = choices === undefined ? scalarOf(type) : scalars.string;
  if (scalar === undefined) return;
  if (!scalar.holds(value)) {
    yield wrongType(place, scalar.wanted, repairOf(scalar.wanted, value), value);
    return;
  }
  if (choices === undefined || place.minor === undefined) return;
  const found = choiceFlaw(`the field ${nameOf(place)}`, choices, String(value), place.minor);
  if (found !== undefined) yield { ...found, steps: place.steps };
}

function scalarOf(type: string) {
  return Object.hasOwn(scalars, type) ? scalars[type] : undefined;
}

function choicesOf(place: Place, type: string): Choices | undefined {
  const name = nameOf(place);
  const ofField = fieldChoices[place.key];
  if (Object.hasOwn(ofField, name)) return ofField[name];
  return Object.hasOwn(typeChoices, type) ? typeChoices[type] : undefined;
}

function wrongType(place: Place, wanted: string, fix: string, value?: unknown): Flaw {
  const isPlain = typeof value === 'number' || typeof value === 'boolean';
  const found = isPlain ? `, found ${value}` : typeof value === 'string' ? `, found ${quote(value)}` : '';
  return {
    code: 'wrong-type',
    steps: place.steps,
    message: `the field ${nameOf(place)} must be ${wanted}${found}`,
    fix,
  };
}

function repairOf(wanted: string, value: unknown): string {
  if (wanted === 'text' && (typeof value === 'number' || typeof value === 'boolean'))
    return `write "${value}" in quotes`;
  const isQuoted = typeof value === 'string' && value !== '';
  if (wanted === 'true or false' && isQuoted && /^(?:true|false)$/.test(value))
    return `write ${value} without quotes`;
  if (wanted.startsWith('a whole number') && isQuoted && /^-?[0-9]+$/.test(value))
    return `write ${value} without quotes`;
  if (wanted.startsWith('a duration') && isInteger(value)) return `write "${value}s", if seconds are meant`;
  return `write ${wanted}`;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
