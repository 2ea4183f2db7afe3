/** Forms of values: what a type word of `--help` or of a configuration file wants to see. */
import type { Choices } from '../catalog/flags/choices.ts';
import { isAccepted } from '../catalog/flags/flags.ts';
import { quote } from '../diagnostics/visible.ts';
import { isGoDuration } from '../lib/duration.ts';
import { nearest } from '../lib/edit-distance.ts';
import { parseAddress, parseCidr } from '../lib/ip.ts';
import type { Flaw } from './flaw.ts';

export interface Shape {
  readonly wanted: string;
  readonly holds: (value: string) => boolean;
  /** What was probably meant. */
  readonly repair?: (value: string) => string | undefined;
}

const listOf = (holds: (item: string) => boolean) => (value: string) =>
  value === '' || value.split(',').every(holds);
const isWhole = (value: string) => /^[-+]?[0-9]+$/.test(value);
const isNatural = (value: string) => /^\+?[0-9]+$/.test(value);
const isAddress = (value: string) => parseAddress(value) !== undefined;
const isCidr = (value: string) => parseCidr(value) !== undefined;
const isBoolean = (value: string) => value === 'true' || value === 'false';
const isInt32 = (value: string) => isWhole(value) && Math.abs(Number(value)) <= 2_147_483_647;

const whole: Shape = { wanted: 'a whole number', holds: isWhole };
const natural: Shape = { wanted: 'a whole number', holds: isNatural };
const decimal: Shape = { wanted: 'a number', holds: (value) => /^-?[0-9]+(?:\.[0-9]+)?$/.test(value) };

/** By type word; a word that is not here is free text. */
const shapes: Readonly<Record<string, Shape>> = {
  bool: { wanted: 'true or false', holds: isBoolean, repair: booleanOf },
  goBool: {
    wanted: 'true or false',
    holds: (value) => /^(?:[01tTfF]|true|True|TRUE|false|False|FALSE)$/.test(value),
    repair: booleanOf,
  },
  int: whole,
  int64: whole,
  int32: { wanted: 'a whole number', holds: isInt32 },
  uint: natural,
  uint64: natural,
  Level: natural,
  float: decimal,
  float32: decimal,
  duration: { wanted: 'a duration such as 30s, 5m or 1h30m', holds: isGoDuration },
  ip: { wanted: 'an IP address', holds: isAddress },
  ips: { wanted: 'IP addresses with commas between', holds: listOf(isAddress) },
  ipport: {
    wanted: 'an IP address, or one and a port such as 0.0.0.0:10256',
    holds: (value) => value === '' || isAddress(value) || isAddressAndPort(value),
  },
  cidrs: { wanted: 'networks such as 10.0.0.0/8, with commas between', holds: listOf(isCidr) },
  urls: { wanted: 'URLs with commas between', holds: listOf((item) => /^https?:\/\/[^\s/]+/.test(item)) },
  ints: { wanted: 'whole numbers with commas between', holds: listOf(isWhole) },
  portRange: {
    wanted: 'a range of ports such as 30000-32767',
    holds: (value) => /^[0-9]+(?:[-+][0-9]+)?$/.test(value),
  },
  mapStringBool: {
    wanted: 'pairs such as Name=true, with commas between',
    holds: listOf((item) => /^[^=]+=(?:true|false)$/.test(item)),
  },
  mapStringString: {
    wanted: 'pairs such as name=value, with commas between',
    // Thresholds of eviction have < in place of =.
    holds: listOf((item) => /^[^=<]+[=<]/.test(item)),
  },
  severity: {
    wanted: 'INFO, WARNING, ERROR, FATAL or a whole number',
    holds: (value) => /^(?:INFO|WARNING|ERROR|FATAL|[0-9]+)$/i.test(value),
  },
  moduleSpec: {
    wanted: 'pairs such as file=2, with commas between',
    holds: listOf((item) => /^[^=]+=[0-9]+$/.test(item)),
  },
};
const portRange = shapes.portRange as Shape;

/** The shape of a type word, or undefined for free text. */
export function shapeOf(type: string): Shape | undefined {
  if (type === 'port-range') return portRange;
  return Object.hasOwn(shapes, type) ? shapes[type] : undefined;
}

/** A flaw when a value does not have the shape of its type; `name` as messages name it. */
export function shapeFlaw(name: string, type: string, value: string): Flaw | undefined {
  const shape = shapeOf(type);
  if (shape === undefined || shape.holds(value)) return undefined;
  const repaired = shape.repair?.(value.toLowerCase());
  return {
    code: 'flag-type',
    message: `${name} wants ${shape.wanted}, found ${quote(value)}`,
    fix: repaired === undefined ? `write ${shape.wanted}` : `write "${repaired}"`,
  };
}

/** A flaw when a word is none of those that a minor accepts. */
export function choiceFlaw(name: string, choices: Choices, value: string, minor: string): Flaw | undefined {
  const lifetime = Object.hasOwn(choices, value) ? choices[value] : undefined;
  const accepted = Object.entries(choices).flatMap(([word, { since = '0.0', removed }]) =>
    isAccepted({ since, ...(removed === undefined ? {} : { removed }) }, minor) ? [word] : [],
  );
  if (accepted.includes(value)) return undefined;
  const wanted = accepted.map((word) => (word === '' ? 'nothing' : word)).join(', ');
  if (lifetime === undefined) {
    const near = nearest(value, accepted);
    return {
      code: 'unknown-value',
      message: `${name} has no choice ${quote(value)}`,
      fix: near === undefined ? `write one of ${wanted}` : `write "${near}"`,
    };
  }
  const isGone = lifetime.removed !== undefined && isAccepted({ since: lifetime.removed }, minor);
  const when = isGone ? `${lifetime.removed} removed it` : `it came with ${lifetime.since}`;
  return {
    code: 'version-mismatch',
    message: `${name} does not accept ${quote(value)} in ${minor}; ${when}`,
    fix: `write ${accepted.length > 1 ? 'one of ' : ''}${wanted}`,
  };
}

function booleanOf(word: string): string | undefined {
  if (['true', 'yes', 'on', 'y', '1', 't'].includes(word)) return 'true';
  return ['false', 'no', 'off', 'n', '0', 'f'].includes(word) ? 'false' : undefined;
}

function isAddressAndPort(value: string): boolean {
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([0-9.]+)):([0-9]{1,5})$/.exec(value) ?? [];
  return isAddress(v6 ?? v4 ?? '') && Number(port) <= 65535;
}
