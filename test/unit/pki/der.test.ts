import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as asn1 from '../../../src/pki/asn1.ts';
import { DerError, derChildren, derTag, readDer, readOid, readTime } from '../../../src/pki/der.ts';

const encode = asn1.encode;

describe('DER', () => {
  test('object identifiers come back as they went in', () => {
    const arc = fc.integer({ min: 0, max: 2 ** 27 });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 0, max: 39 }),
        fc.array(arc, { minLength: 1 }),
        (root, second, rest) => {
          const dotted = [root, second, ...rest].join('.');
          expect(readOid(readDer(encode(asn1.oid(dotted)), derTag.oid))).toBe(dotted);
        },
      ),
    );
  });

  test('times come back as they went in, to the second, and change their type at 2050', () => {
    const moments = fc.date({
      min: new Date('1950-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(moments, (moment) => {
        const der = encode(asn1.time(moment));
        const tag = moment.getUTCFullYear() < 2050 ? derTag.utcTime : derTag.generalizedTime;
        expect(readTime(readDer(der, tag)).getTime()).toBe(Math.floor(moment.getTime() / 1000) * 1000);
      }),
    );
    expect(encode(asn1.time(new Date('2049-12-31T23:59:59Z'))).toString('latin1')).toBe(
      '\x17\x0d491231235959Z',
    );
    expect(encode(asn1.time(new Date('2050-01-01T00:00:00Z'))).toString('latin1')).toBe(
      '\x18\x0f20500101000000Z',
    );
  });

  test('long values are read and spliced', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 100, 127, 128, 255, 256, 65_535, 65_536), (length) => {
        const inner = encode(asn1.sequence(asn1.octets(Buffer.alloc(length, 7))));
        const outer = readDer(encode(asn1.sequence(asn1.encodedSequence(inner))), derTag.sequence);
        expect(derChildren(outer)[0]?.whole.equals(inner)).toBe(true);
      }),
    );
  });

  test.each([
    ['nothing', ''],
    ['a tag alone', '30'],
    ['content cut short', '300501'],
    ['an indefinite length', '30800000'],
    ['a length of five bytes', '30850000000001aa'],
    ['bytes after it', '300000'],
    ['another tag', '0400'],
  ])('%s is refused', (_, hex) => {
    expect(() => readDer(Buffer.from(hex, 'hex'), derTag.sequence)).toThrow(DerError);
  });

  test.each([
    ['170b3236313132303132303030', 'no Z'],
    ['170d3236313333303132303030305a', 'month 13'],
    ['0400', 'another type'],
  ])('%s is no time: %s', (hex) => {
    expect(() => readTime(readDer(Buffer.from(hex, 'hex'), Number.parseInt(hex.slice(0, 2), 16)))).toThrow(
      DerError,
    );
    expect(() => readTime(undefined)).toThrow(DerError);
  });

  test('random bytes never do anything but throw a DerError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          derChildren(readDer(Buffer.from(bytes), derTag.sequence));
        } catch (error) {
          expect(error).toBeInstanceOf(DerError);
        }
      }),
    );
  });
});
