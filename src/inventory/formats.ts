/**
 * The forms that texts of an inventory may have. Everything that reaches a unit,
 * an environment file, a path, a URL or a shell has a narrow form here, so that
 * later stages can write it down as it is. Patterns match the whole text.
 */
import { isIP } from 'node:net';
import type { DiagnosticCode } from '../diagnostics/codes.ts';
import { calendarObjection } from '../lib/calendar.ts';
import { parseDuration } from '../lib/duration.ts';
import { parseAddress, parseCidr } from '../lib/ip.ts';
import { parseVersion } from '../lib/version.ts';

export interface Format {
  readonly code: DiagnosticCode;
  /** Ends the sentence "KEY must be …". */
  readonly wanted: string;
  readonly pattern: RegExp;
  readonly maxLength: number;
  /** Says what is wrong beyond the pattern, or nothing. */
  readonly objection?: (text: string) => string | undefined;
  /** A text that was probably meant; offered only when it has the form. */
  readonly repair?: (text: string) => string | undefined;
}

const label = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
const dnsName = `${label}(?:\\.${label})*`;
const qualifiedName = '(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const labelValue = '(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?';
const portNumber = '[1-9][0-9]{0,4}';
const addressLike = '[0-9A-Fa-f:.]+';

/** What a URL with a host needs; user and password may hold what RFC 3986 allows, less quotes and `$`. */
const url = `https?://(?:[-A-Za-z0-9._~%+,=:]+@)?(?:\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?)(?::${portNumber})?(?:/[-A-Za-z0-9._~%/]*)?`;

export const formats = {
  clusterName: {
    code: 'invalid-name',
    wanted: 'lower case letters, digits, "-" and ".", since files and folders are named after it',
    pattern: /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/,
    maxLength: 63,
    objection: (text) => (text.includes('..') ? 'it holds ".."' : undefined),
    repair: hyphenated,
  },
  hostName: {
    code: 'invalid-name',
    wanted: 'lower case letters, digits and "-" (RFC 1123 label), since it is also the name of the node',
    pattern: whole(label),
    maxLength: 63,
    objection: (text) => (text === 'localhost' ? 'every host calls itself "localhost"' : undefined),
    repair: (text) => hyphenated(text.split('.')[0] ?? ''),
  },
  dnsName: {
    code: 'invalid-name',
    wanted: 'a DNS name in lower case, such as cluster.local',
    pattern: whole(dnsName),
    maxLength: 253,
    objection: notAnAddress,
    repair: (text) =>
      text
        .toLowerCase()
        .replaceAll('_', '-')
        .replace(/^\.+|\.+$/g, ''),
  },
  endpointHost: {
    code: 'invalid-name',
    wanted: 'a DNS name in lower case or an IP address, without scheme and port',
    pattern: whole(`${dnsName}|${addressLike}`),
    maxLength: 253,
    objection: nameOrAddress,
    repair: (text) =>
      text
        .toLowerCase()
        .replace(/^[a-z]+:\/\//, '')
        .replace(/^\[|\].*$/g, '')
        .replace(/\/.*$/, '')
        .replace(/^([^:]*):\d+$/, '$1')
        .replace(/\.$/, ''),
  },
  subjectAltName: {
    code: 'invalid-name',
    wanted: 'a DNS name in lower case or an IP address',
    pattern: whole(`(?:\\*\\.)?${dnsName}|${addressLike}`),
    maxLength: 253,
    objection: nameOrAddress,
    repair: (text) => text.toLowerCase().replace(/\.$/, ''),
  },
  address: {
    code: 'invalid-address',
    wanted: 'an IPv4 or IPv6 address, such as 192.0.2.10 or 2001:db8::10',
    pattern: whole(addressLike),
    maxLength: 45,
    objection: (text) => (parseAddress(text) === undefined ? addressObjection(text) : undefined),
    repair: repairAddress,
  },
  cidr: {
    code: 'invalid-cidr',
    wanted: 'a network in CIDR notation, such as 10.96.0.0/12',
    pattern: whole(`${addressLike}/[0-9]{1,3}`),
    maxLength: 49,
    objection: (text) => (parseCidr(text) === undefined ? cidrObjection(text) : undefined),
  },
  portRange: {
    code: 'invalid-range',
    wanted: 'two ports such as 30000-32767',
    pattern: whole(`${portNumber}-${portNumber}`),
    maxLength: 11,
    objection: portRangeObjection,
    repair: (text) => text.replace(/\s*(?:-|:|\.\.|–)\s*/, '-'),
  },
  absolutePath: {
    code: 'invalid-path',
    wanted: 'an absolute path of letters, digits and "._-/", such as /var/lib/etcd/k8s-etcd',
    pattern: /^(?:\/[A-Za-z0-9._-]+)+$/,
    maxLength: 200,
    objection: (text) => (/\/\.\.?(?:\/|$)/.test(text) ? 'it holds "." or ".." as a folder' : undefined),
    repair: (text) => text.replace(/\/+/g, '/').replace(/\/$/, ''),
  },
  socketPath: {
    code: 'invalid-path',
    wanted: 'the absolute path of a socket, such as /run/containerd/containerd.sock',
    pattern: /^(?:\/[A-Za-z0-9._-]+)+$/,
    // sockaddr_un holds 108 bytes with the final zero.
    maxLength: 107,
    objection: (text) => (/\/\.\.?(?:\/|$)/.test(text) ? 'it holds "." or ".." as a folder' : undefined),
    repair: (text) => text.replace(/^unix:(?:\/\/)?/, '').replace(/\/+/g, '/'),
  },
  localFile: {
    code: 'invalid-path',
    wanted: 'a path on this machine of letters, digits and "~._-+@/", which does not begin with "-"',
    pattern: /^[A-Za-z0-9._~/][-A-Za-z0-9._~+@/]*$/,
    maxLength: 400,
  },
  checkId: {
    code: 'invalid-value',
    wanted: 'the id of a hardening check, such as apiserver-profiling-off',
    pattern: /^[a-z0-9]+(?:-[a-z0-9]+)*$/,
    maxLength: 100,
  },
  sentence: {
    code: 'invalid-value',
    wanted: 'text in one line',
    pattern: /^[^\p{Cc}\p{Zl}\p{Zp}]*[^\p{Cc}\p{Z}][^\p{Cc}\p{Zl}\p{Zp}]*$/u,
    maxLength: 500,
  },
  date: {
    code: 'invalid-value',
    wanted: 'a day such as 2027-06-30',
    pattern: /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/,
    maxLength: 10,
    objection: (text) => (isDay(text) ? undefined : 'there is no such day'),
  },
  version: {
    code: 'invalid-version',
    wanted: 'a Kubernetes version such as 1.20.2, v1.20.2 or "1.20"',
    pattern: /^v?[0-9]{1,4}\.[0-9]{1,4}(?:\.[0-9]{1,4})?$/,
    maxLength: 15,
    objection: (text) => (parseVersion(text) === undefined ? 'its numbers begin with zero' : undefined),
    repair: (text) =>
      text
        .trim()
        .replace(/^V/, 'v')
        .replace(/[-+].*$/, ''),
  },
  etcdVersion: {
    code: 'invalid-version',
    wanted: 'a whole etcd version such as 3.4.13',
    pattern: /^v?[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}$/,
    maxLength: 15,
    objection: (text) => (parseVersion(text) === undefined ? 'its numbers begin with zero' : undefined),
    repair: (text) => text.trim().replace(/-\d+$/, ''),
  },
  duration: {
    code: 'invalid-duration',
    wanted: 'a duration such as 24h, 90m or 7d',
    pattern: /^(?:[0-9]{1,6}d)?(?:[0-9]{1,6}h)?(?:[0-9]{1,6}m)?(?:[0-9]{1,9}s)?$/,
    maxLength: 32,
    objection: (text) => (parseDuration(text) === undefined ? 'it is empty' : undefined),
    repair: repairDuration,
  },
  clusterToken: {
    code: 'invalid-name',
    wanted: 'letters, digits and "._-"',
    pattern: /^[A-Za-z0-9](?:[-A-Za-z0-9._]*[A-Za-z0-9])?$/,
    maxLength: 63,
    repair: (text) => text.replace(/\s+/g, '-'),
  },
  interface: {
    code: 'invalid-name',
    wanted: 'the name of a network interface such as eth0 or bond0.100, at most 15 characters',
    pattern: /^[A-Za-z0-9][-A-Za-z0-9._]*$/,
    maxLength: 15,
  },
  userName: {
    code: 'invalid-name',
    wanted: 'the name of a user such as root or deploy',
    pattern: /^[a-z_][-a-z0-9_]*$/,
    maxLength: 32,
    repair: (text) => text.toLowerCase(),
  },
  country: {
    code: 'invalid-value',
    wanted: 'a country code of two upper case letters (ISO 3166-1), such as CN',
    pattern: /^[A-Z]{2}$/,
    maxLength: 2,
    repair: (text) => text.toUpperCase(),
  },
  subjectText: {
    code: 'invalid-value',
    // RFC 5280 A.1: ub-organizational-unit-name is 64; longer place names than that do not exist.
    wanted: 'printable text without blanks at its ends, at most 64 characters',
    pattern: /^[^\s\p{C}\p{Z}](?:[^\p{C}\p{Zl}\p{Zp}]*[^\s\p{C}\p{Z}])?$/u,
    maxLength: 64,
    repair: (text) => text.trim(),
  },
  image: {
    code: 'invalid-image',
    wanted: 'an image reference such as registry.k8s.io/pause:3.2',
    pattern:
      /^(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?(?::[1-9][0-9]{0,4})?\/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*(?::[A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?(?:@sha256:[0-9a-f]{64})?$/,
    maxLength: 255,
    repair: (text) => text.replace(/^(?:https?|docker):\/\//, ''),
  },
  registry: {
    code: 'invalid-name',
    wanted: 'a registry such as docker.io or registry.example:5000',
    pattern: new RegExp(`^${dnsName}(?::${portNumber})?$`),
    maxLength: 253,
    repair: (text) => text.replace(/^https?:\/\//, '').replace(/\/$/, ''),
  },
  url: {
    code: 'invalid-url',
    wanted: 'an http:// or https:// URL, special characters percent-encoded',
    pattern: whole(url),
    maxLength: 500,
    objection: urlObjection,
  },
  noProxyEntry: {
    code: 'invalid-value',
    wanted: 'a DNS name in lower case, a domain such as .example.internal, an address or a CIDR',
    pattern: whole(`\\*|(?:\\*?\\.)?${dnsName}(?::${portNumber})?|${addressLike}(?:/[0-9]{1,3})?`),
    maxLength: 253,
    objection: (text) =>
      text.includes('/') && parseCidr(text) === undefined
        ? 'it is not a network'
        : nameOrAddress(text.replace(/\/.*$/, '').replace(/^([^:]*):[0-9]+$/, '$1')),
    repair: (text) => text.trim().toLowerCase(),
  },
  calendar: {
    code: 'invalid-value',
    wanted: 'a systemd calendar expression such as *-*-* 02:30:00 or daily (systemd.time(7))',
    pattern: /^[A-Za-z0-9*](?:[-A-Za-z0-9*:.,/~_ ]*[A-Za-z0-9*])?$/,
    maxLength: 100,
    objection: calendarObjection,
  },
  flagValue: {
    code: 'unsafe-value',
    wanted:
      'printable ASCII without blanks, quotes, "\\" and "$", since it stands unquoted in an environment file that systemd splits',
    pattern: /^[\x21\x23\x25\x26\x28-\x5b\x5d-\x5f\x61-\x7e]*$/,
    maxLength: 4096,
    repair: (text) =>
      text
        .trim()
        .replace(/^(["'])(.*)\1$/, '$2')
        .replace(/,\s+/g, ','),
  },
  envName: {
    code: 'invalid-name',
    wanted: 'the name of an etcd variable, such as ETCD_QUOTA_BACKEND_BYTES',
    pattern: /^ETCD_[A-Z0-9_]+$/,
    maxLength: 100,
    repair: (text) =>
      `ETCD_${text
        .replace(/^-+/, '')
        .replace(/^etcd[-_]/i, '')
        .replaceAll('-', '_')
        .toUpperCase()}`,
  },
  featureGate: {
    code: 'invalid-name',
    wanted: 'the name of a feature gate, such as EphemeralContainers',
    pattern: /^[A-Z][A-Za-z0-9]*$/,
    maxLength: 80,
    repair: (text) => text.charAt(0).toUpperCase() + text.slice(1),
  },
  labelKey: {
    code: 'invalid-label',
    wanted: 'a label key such as disk or example.com/disk: letters, digits and "-_.", at most 63 characters',
    pattern: whole(qualifiedName),
    maxLength: 317,
    objection: prefixObjection,
  },
  labelValue: {
    code: 'invalid-label',
    wanted:
      'nothing, or letters, digits and "-_." that begin and end with a letter or digit, at most 63 characters',
    pattern: whole(labelValue),
    maxLength: 63,
    repair: (text) => text.trim().replace(/\s+/g, '-'),
  },
  taint: {
    code: 'invalid-taint',
    wanted: 'key=value:effect or key:effect with the effect NoSchedule, PreferNoSchedule or NoExecute',
    pattern: whole(`${qualifiedName}(?:=${labelValue})?:(?:NoSchedule|PreferNoSchedule|NoExecute)`),
    maxLength: 400,
    objection: prefixObjection,
    repair: repairTaint,
  },
} as const satisfies Readonly<Record<string, Format>>;

export type FormatName = keyof typeof formats;

export interface FormatProblem {
  readonly code: DiagnosticCode;
  /** What is wanted, and what is wrong with the text where the form alone does not say. */
  readonly message: string;
  readonly repaired: string | undefined;
  /** What would do, without the reason why. */
  readonly wanted: string;
}

/** What keeps a text from having a form, or undefined. */
export function checkFormat(name: FormatName, text: string): FormatProblem | undefined {
  const format: Format = formats[name];
  const objection = objectionTo(format, text);
  if (objection === undefined) return undefined;
  // A repair reads the text with regular expressions, which hostile lengths would make slow.
  const repaired = text.length > 2 * format.maxLength + 20 ? undefined : format.repair?.(text);
  const isRight = repaired !== undefined && repaired !== '' && objectionTo(format, repaired) === undefined;
  return {
    code: format.code,
    message: objection === '' ? `must be ${format.wanted}` : `must be ${format.wanted}; ${objection}`,
    repaired: isRight ? repaired : undefined,
    wanted: format.wanted.replace(/, since .*$/, ''),
  };
}

/** Empty when the pattern alone decides. */
function objectionTo(format: Format, text: string): string | undefined {
  if (text.length > format.maxLength)
    return `it has ${text.length} characters, at most ${format.maxLength} fit`;
  return format.pattern.test(text) ? format.objection?.(text) : '';
}

/** In lower case, blanks and `_` as `-`, none of them at the ends. */
function hyphenated(text: string): string {
  return text
    .toLowerCase()
    .replace(/[ _]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

function whole(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}

function notAnAddress(text: string): string | undefined {
  return looksLikeAddress(text) ? 'it is an address' : undefined;
}

/** `1.2.3` or `300.1.1.1` is a mistyped address rather than a name, and resolvers disagree about it. */
function nameOrAddress(text: string): string | undefined {
  return looksLikeAddress(text) && parseAddress(text) === undefined ? addressObjection(text) : undefined;
}

function looksLikeAddress(text: string): boolean {
  return text.includes(':') || /(?:^|\.)[0-9]+$/.test(text);
}

function addressObjection(text: string): string {
  if (/(?:^|\.)0[0-9]/.test(text)) return 'a number with a leading zero could be octal';
  const parts = text.split('.');
  if (!text.includes(':') && parts.length !== 4) return `it has ${parts.length} of 4 parts`;
  const tooLarge = text.includes(':') ? undefined : parts.find((part) => Number(part) > 255);
  return tooLarge === undefined ? 'it is not an address' : `${tooLarge} is larger than 255`;
}

function repairAddress(text: string): string | undefined {
  if (parseCidr(text) !== undefined) return text.split('/')[0];
  const withoutPort = text.replace(/^\[([^\]]*)\](?::\d+)?$/, '$1').replace(/^([0-9.]+):\d+$/, '$1');
  return withoutPort.replace(/(^|\.)0+(?=[0-9])/g, '$1').replace(/%.*$/, '');
}

function cidrObjection(text: string): string {
  const [address = '', prefix = ''] = text.split('/');
  const family = isIP(address);
  if (family === 0) return addressObjection(address);
  if (/^0[0-9]/.test(prefix)) return 'its prefix length begins with zero';
  return `a prefix length of IPv${family} is at most ${family === 4 ? 32 : 128}`;
}

function portRangeObjection(text: string): string | undefined {
  const [first = 0, last = 0] = text.split('-').map(Number);
  if (last > 65_535 || first > 65_535) return 'the largest port is 65535';
  return first > last ? `${first} is larger than ${last}` : undefined;
}

function urlObjection(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return 'a "%" needs two hexadecimal digits after it';
  const host = /^https?:\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:/]*)(?::([0-9]+))?/.exec(text);
  if (Number(host?.[2] ?? 0) > 65_535) return 'the largest port is 65535';
  const name = (host?.[1] ?? '').replace(/^\[|\]$/g, '');
  return text.includes('..') || (looksLikeAddress(name) && isIP(name) === 0)
    ? 'its host or path is not well formed'
    : undefined;
}

function repairDuration(text: string): string | undefined {
  const match = /^\s*([0-9]+)\s*(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)\s*$/i.exec(text);
  const unit = match?.[2]?.charAt(0).toLowerCase();
  if (match !== null && unit !== undefined) return `${match[1]}${unit}`;
  return /^[0-9]+$/.test(text) ? `${text}h` : undefined;
}

function prefixObjection(text: string): string | undefined {
  const [prefix, name] = text.split('/');
  if (name === undefined || prefix === undefined) return undefined;
  return whole(dnsName).test(prefix) && prefix.length <= 253
    ? undefined
    : 'what stands before "/" is not a DNS name';
}

function repairTaint(text: string): string | undefined {
  const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
  const [, key = '', written = ''] = /^(.*):\s*([A-Za-z_-]+)$/.exec(text) ?? [];
  const effect = effects.find((name) => name.toLowerCase() === written.replace(/[_-]/g, '').toLowerCase());
  return effect === undefined ? undefined : `${key.trim()}:${effect}`;
}

/** Whether a calendar has the day; Date would take the 31st of February for the 2nd or 3rd of March. */
function isDay(text: string): boolean {
  const moment = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(text);
}
