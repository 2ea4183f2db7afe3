/**
 * Addresses and CIDR arithmetic for IPv4 and IPv6 alike, on whole numbers.
 * Node's `net.isIP` decides what an address is (it refuses `010.0.0.1` and
 * `10.1`, which ipaddr.js reads as other addresses); ipaddr.js gives the bytes
 * and the canonical text (RFC 5952).
 */
import { isIP, isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

export type Family = 'ipv4' | 'ipv6';

export interface Address {
  readonly family: Family;
  /** Canonical text: dotted quad, or RFC 5952. */
  readonly text: string;
  readonly value: bigint;
}

export interface Cidr {
  readonly family: Family;
  /** Canonical text of the network, host bits zero: `10.64.0.0/12`. */
  readonly text: string;
  readonly first: bigint;
  readonly last: bigint;
  readonly prefixLength: number;
}

/** Number of bits of an address of this family. */
export function addressBits(family: Family): number {
  return family === 'ipv4' ? 32 : 128;
}

/** The address that a text names, or undefined; zones (`%eth0`) and leading zeros are refused. */
export function parseAddress(text: string): Address | undefined {
  // Node takes an IPv4 address in one spelling only, which is the canonical one.
  if (isIPv4(text)) return { family: 'ipv4', text, value: ipv4Value(text) };
  if (isIP(text) === 0 || text.includes('%')) return undefined;
  const parsed = ipaddr.parse(text);
  const value = parsed.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return addressOf(parsed.kind(), value);
}

function ipv4Value(text: string): bigint {
  return BigInt(text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0));
}

/** The address of a family and a number. */
export function addressOf(family: Family, value: bigint): Address {
  return { family, text: ipaddr.fromByteArray(bytesOf(family, value)).toString(), value };
}

/** Network byte order: 4 or 16 bytes. */
export function addressBytes(address: Address): number[] {
  return bytesOf(address.family, address.value);
}

function bytesOf(family: Family, value: bigint): number[] {
  const length = addressBits(family) / 8;
  return Array.from({ length }, (_, index) => Number((value >> BigInt((length - 1 - index) * 8)) & 255n));
}

/**
 * The network that a text names, host bits masked, or undefined. `masked` says
 * whether host bits were set: `10.76.0.0/12` is the network `10.64.0.0/12`.
 */
export function parseCidr(text: string): { readonly cidr: Cidr; readonly masked: boolean } | undefined {
  const match = /^([^/]+)\/(0|[1-9][0-9]{0,2})$/.exec(text);
  const address = match?.[1] === undefined ? undefined : parseAddress(match[1]);
  if (match === null || address === undefined) return undefined;
  const prefixLength = Number(match[2]);
  if (prefixLength > addressBits(address.family)) return undefined;
  const cidr = cidrOf(address.family, address.value, prefixLength);
  return { cidr, masked: cidr.first !== address.value };
}

/** The network of this prefix length that holds the address with this value. */
export function cidrOf(family: Family, value: bigint, prefixLength: number): Cidr {
  const hostBits = BigInt(addressBits(family) - prefixLength);
  const first = (value >> hostBits) << hostBits;
  const last = first + (1n << hostBits) - 1n;
  return { family, text: `${addressOf(family, first).text}/${prefixLength}`, first, last, prefixLength };
}

/** Address number `index` of a network, counted from its network address; undefined beyond its end. */
export function nthAddress(cidr: Cidr, index: number): Address | undefined {
  const value = cidr.first + BigInt(index);
  return value > cidr.last ? undefined : addressOf(cidr.family, value);
}

/** Whether two networks share an address. */
export function cidrsOverlap(left: Cidr, right: Cidr): boolean {
  return left.family === right.family && left.first <= right.last && right.first <= left.last;
}

/** Whether a network holds an address. */
export function cidrContains(cidr: Cidr, address: Address): boolean {
  return cidr.family === address.family && cidr.first <= address.value && address.value <= cidr.last;
}

/** A host as it stands in a URL: IPv6 addresses in brackets, everything else as it is (RFC 3986, 3.2.2). */
export function urlHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}
