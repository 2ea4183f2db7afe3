/** Distinguished names: what stands in a certificate's subject and issuer. */
import type { SubjectAttributes } from '../model/cluster.ts';
import { type Asn1, oid, printableString, sequence, setOf, utf8String } from './asn1.ts';
import { DerError, type DerValue, derChildren, derTag, expectTag, readDer, readOid } from './der.ts';

export interface NameAttribute {
  /** `CN`, `O`, …, or a dotted object identifier when it has no short name here. */
  readonly type: string;
  readonly value: string;
}

/** In the order of encoding, from the widest to the narrowest. */
export type DistinguishedName = readonly NameAttribute[];

interface AttributeRow {
  readonly oid: string;
  /** Upper bound in characters (RFC 5280, appendix A.1). */
  readonly maxLength: number;
}

/**
 * In the order of encoding. The bound of CN is 64 in RFC 5280, but
 * `system:node:` and a node name of 63 characters make 75: Kubernetes issues
 * such certificates itself, and neither Go nor OpenSSL applies the bound when
 * verifying. A node whose name is long must not be left without a certificate,
 * so CN is bounded by what a DNS name can be (253) and that prefix.
 */
const attributeRows: Readonly<Record<'C' | 'ST' | 'L' | 'O' | 'OU' | 'CN', AttributeRow>> = {
  C: { oid: '2.5.4.6', maxLength: 2 },
  ST: { oid: '2.5.4.8', maxLength: 128 },
  L: { oid: '2.5.4.7', maxLength: 128 },
  O: { oid: '2.5.4.10', maxLength: 64 },
  OU: { oid: '2.5.4.11', maxLength: 64 },
  CN: { oid: '2.5.4.3', maxLength: 265 },
};
type AttributeType = keyof typeof attributeRows;

const typeOfOid = new Map(Object.entries(attributeRows).map(([type, row]) => [row.oid, type]));

/** The name of a common name, an organization and the attributes that the inventory adds. */
export function distinguishedName(
  commonName: string,
  organization: string | undefined,
  attributes: SubjectAttributes,
): DistinguishedName {
  const values: Readonly<Record<string, string | undefined>> = {
    ...attributes,
    O: organization,
    CN: commonName,
  };
  return Object.keys(attributeRows).flatMap((type) => {
    const value = values[type];
    return value === undefined ? [] : [{ type, value }];
  });
}

/** X.501 Name. A RangeError names an attribute that RFC 5280 does not allow. */
export function encodeName(name: DistinguishedName): Asn1 {
  return sequence(...name.map(({ type, value }) => setOf(encodeAttribute(type, value))));
}

/** The name in an encoded Name; DerError when it is none. */
export function readName(der: Buffer): DistinguishedName {
  return derChildren(readDer(der, derTag.sequence)).flatMap((set) =>
    derChildren(expectTag(set, derTag.set)).map((pair) => {
      const [typeOid, value] = derChildren(pair);
      const dotted = readOid(typeOid);
      return { type: typeOfOid.get(dotted) ?? dotted, value: readText(value) };
    }),
  );
}

/**
 * `O=system:nodes, CN=system:node:worker01`: in the order of encoding, special
 * characters escaped as in RFC 4514, 2.4, control characters as `\XX`.
 */
export function formatName(name: DistinguishedName): string {
  return name.map(({ type, value }) => `${type}=${escapeValue(value)}`).join(', ');
}

/** Whether two names have the same attributes; their order and string types do not matter. */
export function namesAreEqual(left: DistinguishedName, right: DistinguishedName): boolean {
  return sortedText(left) === sortedText(right);
}

function sortedText(name: DistinguishedName): string {
  return JSON.stringify(name.map(({ type, value }) => `${type}=${value}`).sort());
}

function encodeAttribute(type: string, value: string): Asn1 {
  const row = attributeRows[type as AttributeType];
  const length = [...value].length;
  if (row === undefined) throw new RangeError(`subject attribute ${type} is not supported`);
  if (length === 0 || length > row.maxLength) {
    throw new RangeError(
      `subject attribute ${type} has ${length} characters, allowed are 1 to ${row.maxLength}`,
    );
  }
  if (/\p{Cc}/u.test(value)) throw new RangeError(`subject attribute ${type} holds a control character`);
  if (type === 'C' && !/^[A-Za-z]{2}$/.test(value)) {
    throw new RangeError('subject attribute C is not a country code of two letters');
  }
  return sequence(oid(row.oid), isPrintable(value) ? printableString(value) : utf8String(value));
}

/** Whether PrintableString can hold a text (X.680, 41.4); UTF8String holds the others. */
function isPrintable(text: string): boolean {
  return /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text);
}

function readText(value: DerValue | undefined): string {
  if (value === undefined) throw new DerError('an attribute has no value');
  if (value.tag === derTag.utf8String) return value.content.toString('utf8');
  if (value.tag === derTag.bmpString) return Buffer.from(value.content).swap16().toString('utf16le');
  return value.content.toString('latin1');
}

function escapeValue(value: string): string {
  return value
    .replace(/[\\,+"<>;]/g, '\\$&')
    .replace(/^[ #]| $/g, '\\$&')
    .replace(
      /\p{Cc}/gu,
      (control) => `\\${control.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
    );
}
