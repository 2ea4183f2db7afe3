/** The extensions of RFC 5280, 4.2, that a certificate of a cluster has. */

import { addressBytes, addressOf, parseAddress } from '../lib/ip.ts';
import type { SubjectAltNames, Usage } from '../model/certificate.ts';
import { type Asn1, bits, boolean, encode, octets, oid, sequence, taggedBytes } from './asn1.ts';
import { type DerValue, derChildren, derTag, expectTag, readDer, readOid } from './der.ts';

export const extensionOid = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;

/** In the order of their bits (RFC 5280, 4.2.1.3). */
export const keyUsageNames = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;
export type KeyUsage = (typeof keyUsageNames)[number];

const usageOids: Readonly<Record<Usage, string>> = {
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
};
const usageOfOid = new Map(Object.entries(usageOids).map(([usage, dotted]) => [dotted, usage]));

const sanTag = { dns: 2, ip: 7 } as const;

export function extension(dotted: string, value: Asn1, critical: boolean): Asn1 {
  const content = octets(encode(value));
  return critical ? sequence(oid(dotted), boolean(true), content) : sequence(oid(dotted), content);
}

export function encodeKeyUsage(usages: readonly KeyUsage[]): Asn1 {
  const set = usages.map((usage) => keyUsageNames.indexOf(usage));
  const mask = set.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  return bits(Buffer.from([mask]), 7 - Math.max(...set));
}

export function encodeExtendedKeyUsage(usages: readonly Usage[]): Asn1 {
  return sequence(...usages.map((usage) => oid(usageOids[usage])));
}

export function encodeBasicConstraints(isAuthority: boolean): Asn1 {
  return isAuthority ? sequence(boolean(true)) : sequence();
}

export function encodeAuthorityKeyIdentifier(keyIdentifier: Buffer): Asn1 {
  return sequence(taggedBytes(0, keyIdentifier));
}

/** GeneralNames; a RangeError names an entry that a certificate cannot hold. */
export function encodeSubjectAltNames(sans: SubjectAltNames): Asn1 {
  return sequence(
    ...sans.dns.map((name) => taggedBytes(sanTag.dns, dnsBytes(name))),
    ...sans.ip.map((text) => taggedBytes(sanTag.ip, ipBytes(text))),
  );
}

/** An extension's value, from its octets. */
export function readKeyUsage(value: Buffer): KeyUsage[] {
  const bytes = readDer(value, derTag.bitString).content.subarray(1);
  return keyUsageNames.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
}

/** `server`, `client`, or an object identifier for any other. */
export function readExtendedKeyUsage(value: Buffer): string[] {
  return derChildren(readDer(value, derTag.sequence)).map((child) => {
    const dotted = readOid(child);
    return usageOfOid.get(dotted) ?? dotted;
  });
}

export function readBasicConstraints(value: Buffer): {
  readonly isAuthority: boolean;
  readonly pathLength?: number;
} {
  const [first, second] = derChildren(readDer(value, derTag.sequence));
  const isAuthority = first?.tag === derTag.boolean && first.content[0] !== 0;
  return second?.tag === derTag.integer
    ? { isAuthority, pathLength: second.content.readUIntBE(0, Math.min(second.content.length, 6)) }
    : { isAuthority };
}

export function readSubjectKeyIdentifier(value: Buffer): Buffer {
  return readDer(value, derTag.octetString).content;
}

export function readAuthorityKeyIdentifier(value: Buffer): Buffer | undefined {
  return derChildren(readDer(value, derTag.sequence)).find((child) => child.tag === 0x80)?.content;
}

/** Names that a certificate of a cluster has; `others` counts those of other kinds (mail, URI, …). */
export function readSubjectAltNames(value: Buffer): SubjectAltNames & { readonly others: number } {
  const children = derChildren(readDer(value, derTag.sequence));
  const dns = children.filter(isKind(sanTag.dns)).map((child) => child.content.toString('latin1'));
  const ip = children.filter(isKind(sanTag.ip)).map((child) => ipText(child));
  return { dns, ip, others: children.length - dns.length - ip.length };
}

/** The extensions of a certificate by object identifier: their octets. */
export function readExtensions(list: DerValue): Map<string, Buffer> {
  return new Map(
    derChildren(readDer(list.content, derTag.sequence)).map((item) => {
      const parts = derChildren(item);
      return [readOid(parts[0]), expectTag(parts.at(-1), derTag.octetString).content];
    }),
  );
}

function isKind(tag: number): (value: DerValue) => boolean {
  return (value) => value.tag === (0x80 | tag);
}

/** A DNS name is an IA5String (RFC 5280, 4.2.1.6); another alphabet has to be written in Punycode. */
function dnsBytes(name: string): Buffer {
  if (!/^[\x21-\x7e]{1,253}$/.test(name))
    throw new RangeError(`SAN ${JSON.stringify(name)} is not a DNS name in ASCII`);
  return Buffer.from(name, 'latin1');
}

function ipBytes(text: string): Buffer {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError(`SAN ${JSON.stringify(text)} is not an IP address`);
  return Buffer.from(addressBytes(address));
}

function ipText({ content }: DerValue): string {
  if (content.length !== 4 && content.length !== 16) return `0x${content.toString('hex')}`;
  return addressOf(content.length === 4 ? 'ipv4' : 'ipv6', BigInt(`0x${content.toString('hex')}`)).text;
}
