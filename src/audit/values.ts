/** Operators on text: each says whether a value is what a check wants. */
import { parseAddress } from '../lib/ip.ts';
import { certificateKey, type HostView } from '../verify/view.ts';
import { flagOf, isYes, type Scope } from './scope.ts';
import { settingsOf } from './settings.ts';

/** `wanted` is the value of the expectation, as checks.json has it. */
export type ValueOperator = (value: string, wanted: unknown, scope: Scope) => boolean;

const list = (value: string) => value.split(',').map((item) => item.trim());
const words = (wanted: unknown) => (Array.isArray(wanted) ? wanted : [wanted]).map(String);
const pattern = (wanted: unknown) => new RegExp(String(wanted));

/** Text, or two ways to write yes and no. */
function isEqual(value: string, wanted: unknown): boolean {
  if (value === String(wanted)) return true;
  return (
    /^(?:true|false)$/.test(String(wanted)) &&
    isBoolean(value) &&
    isYes(value) === (String(wanted) === 'true')
  );
}

function isBoolean(value: string): boolean {
  return /^(?:1|0|yes|no|true|false|on|off|t|f|y|n)$/i.test(value);
}

const secondsOf: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** Seconds of a duration as Go writes it; NaN for anything else. */
export function goSeconds(text: string): number {
  if (text === '0') return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)];
  if (parts.map(([part]) => part).join('') !== text || parts.length === 0) return Number.NaN;
  return parts.reduce(
    (sum, [, number, unit = '']) => sum + Number(number) * (secondsOf[unit] ?? Number.NaN),
    0,
  );
}

/** The host of `HOST:PORT`, `[HOST]:PORT` or a URL. */
function hostIn(value: string): string {
  const [, v6, name] = /^(?:https?:\/\/)?(?:\[([^\]]+)\]|([^/:]*))(?::\d+)?(?:\/.*)?$/.exec(value) ?? [];
  return v6 ?? name ?? value;
}

function isLoopback(value: string): boolean {
  const host = parseAddress(value)?.text ?? hostIn(value);
  return host === 'localhost' || host === '::1' || host.startsWith('127.') || value === '0';
}

function isWildcard(url: string): boolean {
  return ['0.0.0.0', '::', ''].includes(hostIn(url));
}

/** Random enough: the right length, many different bytes, and not all of them letters. */
function isRandomKey(value: string, bytes: number): boolean {
  const key = Buffer.from(value, 'base64');
  if (key.length !== bytes || key.toString('base64') !== value) return false;
  return new Set(key).size > bytes / 2 && !/^[\x20-\x7e]*$/.test(key.toString('latin1'));
}

/** The public key of the certificate that a flag names; looked for on this host, then on the others. */
function certificateKeyAt(scope: Scope, path: string): string | undefined {
  const certificate = firstOf(scope, (host) => host.certificate(path));
  return certificate === undefined ? undefined : certificateKey(certificate);
}

function firstOf<Value>(
  { host, cluster }: Scope,
  read: (host: HostView) => Value | undefined,
): Value | undefined {
  for (const one of [host, ...cluster.hosts]) {
    const found = read(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

function differs(value: string, wanted: unknown, scope: Scope): boolean {
  const [component = '', flag = ''] = String(wanted).split(':');
  const other = firstOf(scope, (host) => flagOf(host, component, flag).value);
  const own = certificateKeyAt(scope, value);
  return own !== undefined && other !== undefined && own !== certificateKeyAt(scope, other);
}

interface Nested {
  readonly target: string;
  readonly op: string;
  readonly value: unknown;
}

function isNestedTrue({ target, op, value }: Nested, scope: Scope): boolean {
  return settingsOf(scope, target).some(
    (found) => found.value !== undefined && valueOperators[op]?.(found.value, value, scope),
  );
}

interface TokenForm {
  readonly pattern: string;
  readonly notIn: readonly string[];
}

export const valueOperators: Readonly<Record<string, ValueOperator>> = {
  eq: isEqual,
  ne: (value, wanted) => !isEqual(value, wanted),
  set: (value) => value !== '',
  // Asked of a value that is there.
  absent: () => false,
  contains: (value, wanted) => list(value).includes(String(wanted)),
  notContains: (value, wanted) => !list(value).includes(String(wanted)),
  containsAny: (value, wanted) => words(wanted).some((word) => list(value).includes(word)),
  subsetOf: (value, wanted) => list(value).every((item) => words(wanted).includes(item)),
  noneOf: (value, wanted) => !list(value).some((item) => words(wanted).includes(item)),
  noneMatch: (value, wanted) => !list(value).some((item) => pattern(wanted).test(item)),
  oneOf: (value, wanted) => words(wanted).includes(value),
  notIn: (value, wanted) => !words(wanted).includes(value),
  gt: (value, wanted) => Number(value) > Number(wanted),
  gte: (value, wanted) => Number(value) >= Number(wanted),
  durationLte: (value, wanted) => goSeconds(value) <= goSeconds(String(wanted)),
  durationGt: (value, wanted) => goSeconds(value) > goSeconds(String(wanted)),
  matches: (value, wanted) => pattern(wanted).test(value),
  matchesAll: (value, wanted) => list(value).every((item) => pattern(wanted).test(item)),
  notMatches: (value, wanted) => !pattern(wanted).test(value),
  loopback: isLoopback,
  urlScheme: (value, wanted) => list(value).every((url) => url.startsWith(`${String(wanted)}://`)),
  urlLoopbackOrHttps: (value) => list(value).every((url) => url.startsWith('https://') || isLoopback(url)),
  urlHostNotAnyUnless: (value, wanted, scope) =>
    !list(value).some(isWildcard) || isNestedTrue(wanted as Nested, scope),
  differsFrom: differs,
  base64KeyRandom: (value, wanted) => isRandomKey(value, (wanted as { readonly bytes: number }).bytes),
  bootstrapTokenRandom: (value, wanted) => {
    const form = wanted as TokenForm;
    return pattern(form.pattern).test(value) && !form.notIn.includes(value);
  },
  isOwnHostName: (value, _wanted, { host }) => value === host.name,
};
