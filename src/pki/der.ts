/**
 * Reads DER (ITU-T X.690) by slicing: no copies, no tree. Certificates are read
 * with this rather than with node's X509Certificate, which takes five times as
 * long and gives names only as text that has to be taken apart again.
 */

import { remembered } from '../lib/remember.ts';

/** One value: where it stands in its buffer. */
export interface DerValue {
  readonly tag: number;
  /** Tag, length and content. */
  readonly whole: Buffer;
  readonly content: Buffer;
}

export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The bytes are not DER, or not of the wanted shape. */
export class DerError extends Error {
  override name = 'DerError';
}

/** The value that a buffer holds, which must fill it; DerError when it does not or when its tag is not `tag`. */
export function readDer(bytes: Buffer, tag: number): DerValue {
  const value = valueAt(bytes, 0);
  if (value.end !== bytes.length) throw new DerError('bytes follow the value');
  return expectTag(value, tag);
}

/** The values inside a constructed value. */
export function derChildren(value: DerValue): DerValue[] {
  const children: DerValue[] = [];
  const { content } = value;
  for (let offset = 0; offset < content.length; ) {
    const child = valueAt(content, offset);
    children.push(child);
    offset = child.end;
  }
  return children;
}

/** The value itself when it is there and has the tag, else DerError. */
export function expectTag(value: DerValue | undefined, tag: number): DerValue {
  if (value?.tag !== tag) throw new DerError(`tag ${value?.tag ?? 'none'} where ${tag} is wanted`);
  return value;
}

/** Dotted text of an object identifier. */
export function readOid(value: DerValue | undefined): string {
  return dottedOf(expectTag(value, derTag.oid).content.toString('hex'));
}

/** Certificates name the same few again and again. */
const dottedOf = remembered((hex: string): string => {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of Buffer.from(hex, 'hex')) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...rest].join('.');
});

/** The moment of a UTCTime or GeneralizedTime; two-digit years mean 1950 to 2049 (RFC 5280, 4.1.2.5.1). */
export function readTime(value: DerValue | undefined): Date {
  const text = value?.content.toString('latin1') ?? '';
  const century = Number(text.slice(0, 2)) < 50 ? '20' : '19';
  const digits = value?.tag === derTag.utcTime ? century + text : text;
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits);
  const moment = new Date(match === null ? Number.NaN : iso(match));
  if (Number.isNaN(moment.getTime())) throw new DerError('not a time in UTC');
  return moment;
}

/** Content of a bit string of whole bytes. */
export function readBits(value: DerValue | undefined): Buffer {
  const { content } = expectTag(value, derTag.bitString);
  if (content[0] !== 0) throw new DerError('a bit string is not of whole bytes');
  return content.subarray(1);
}

function iso([, year, month, day, hour, minute, second]: readonly string[]): string {
  return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
}

function valueAt(bytes: Buffer, offset: number): DerSlice {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw new DerError('the value is cut short');
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || lengthBytes > 4) throw new DerError('not a definite length');
  let length = lengthBytes === 0 ? first : 0;
  for (let index = 0; index < lengthBytes; index += 1)
    length = length * 256 + (bytes[offset + 2 + index] ?? 0);
  const start = offset + 2 + lengthBytes;
  if (start + length > bytes.length) throw new DerError('the value is cut short');
  return new DerSlice(tag, bytes, offset, start, start + length);
}

/** A value whose bytes are cut out when they are asked for: most are only stepped over. */
class DerSlice implements DerValue {
  readonly tag: number;
  readonly end: number;
  readonly #bytes: Buffer;
  readonly #offset: number;
  readonly #start: number;

  constructor(tag: number, bytes: Buffer, offset: number, start: number, end: number) {
    this.tag = tag;
    this.end = end;
    this.#bytes = bytes;
    this.#offset = offset;
    this.#start = start;
  }

  get whole(): Buffer {
    return this.#bytes.subarray(this.#offset, this.end);
  }

  get content(): Buffer {
    return this.#bytes.subarray(this.#start, this.end);
  }
}
