/**
 * DER building blocks (ITU-T X.690) on node-forge's ASN.1 encoder. Bytes travel
 * as latin1 strings inside node-forge and as Buffers everywhere else.
 */
import type { asn1 as forgeAsn1 } from 'node-forge';
import asn1 from 'node-forge/lib/asn1.js';

export type Asn1 = forgeAsn1.Asn1;

const { Class, Type } = asn1;

export function sequence(...items: readonly Asn1[]): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, [...items]);
}

export function setOf(...items: readonly Asn1[]): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SET, true, [...items]);
}

/** An object identifier from its dotted text. */
export function oid(dotted: string): Asn1 {
  return primitive(Type.OID, asn1.oidToDer(dotted).getBytes());
}

/** A whole number from its big-endian two's complement bytes. */
export function integer(bytes: Buffer): Asn1 {
  return primitive(Type.INTEGER, bytes.toString('latin1'));
}

export function boolean(value: boolean): Asn1 {
  return primitive(Type.BOOLEAN, value ? '\xff' : '\x00');
}

export function nothing(): Asn1 {
  return primitive(Type.NULL, '');
}

export function octets(bytes: Buffer): Asn1 {
  return primitive(Type.OCTETSTRING, bytes.toString('latin1'));
}

/** A bit string; `unusedBits` of its last byte do not count. */
export function bits(bytes: Buffer, unusedBits = 0): Asn1 {
  return primitive(Type.BITSTRING, String.fromCharCode(unusedBits) + bytes.toString('latin1'));
}

export function utf8String(text: string): Asn1 {
  return primitive(Type.UTF8, Buffer.from(text, 'utf8').toString('latin1'));
}

/** The caller has checked the alphabet (X.680, 41.4). */
export function printableString(text: string): Asn1 {
  return primitive(Type.PRINTABLESTRING, text);
}

/**
 * A moment as RFC 5280, 4.1.2.5 wants it: UTCTime up to 2049, GeneralizedTime
 * from 2050, whole seconds, always UTC.
 */
export function time(moment: Date): Asn1 {
  const digits = moment.toISOString().replace(/[-:T]|\.\d+/g, '');
  return moment.getUTCFullYear() < 2050
    ? primitive(Type.UTCTIME, digits.slice(2))
    : primitive(Type.GENERALIZEDTIME, digits);
}

/** A context-specific tag around other values (explicit tagging). */
export function tagged(tag: number, ...items: readonly Asn1[]): Asn1 {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, true, [...items]);
}

/** A context-specific tag in place of a primitive's own (implicit tagging). */
export function taggedBytes(tag: number, bytes: Buffer): Asn1 {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, false, bytes.toString('latin1'));
}

/** A SEQUENCE that is already encoded, spliced in as it is: an issuer's name must keep its very bytes. */
export function encodedSequence(der: Buffer): Asn1 {
  const length = der.readUInt8(1);
  const start = length < 0x80 ? 2 : 2 + (length & 0x7f);
  const constructedSequence = 0x30;
  return primitive(constructedSequence, der.toString('latin1', start));
}

export function encode(value: Asn1): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), 'latin1');
}

function primitive(type: number, bytes: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, type, false, bytes);
}
