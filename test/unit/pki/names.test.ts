import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encode } from '../../../src/pki/asn1.ts';
import { issueAuthority, issueLeaf } from '../../../src/pki/issue.ts';
import {
  distinguishedName,
  encodeName,
  formatName,
  namesAreEqual,
  readName,
} from '../../../src/pki/names.ts';
import { now, request } from './support.ts';

const text = (maxLength: number) =>
  fc
    .string({ minLength: 1, maxLength, unit: 'grapheme' })
    .filter((value) => !/\p{Cc}|\p{Cs}/u.test(value) && [...value].length <= maxLength);

describe('distinguished names', () => {
  test('stand in the order C, ST, L, O, OU, CN', () => {
    const name = distinguishedName('kubernetes-admin', 'system:masters', {
      OU: 'u',
      L: 'l',
      ST: 's',
      C: 'DE',
    });
    expect(formatName(name)).toBe('C=DE, ST=s, L=l, O=system:masters, OU=u, CN=kubernetes-admin');
  });

  test('any text comes back as it went in', () => {
    fc.assert(
      fc.property(text(64), text(64), text(128), (commonName, organization, L) => {
        const name = distinguishedName(commonName, organization, { L });
        expect(readName(encode(encodeName(name)))).toEqual(name);
      }),
    );
  });

  test('node reads the same subject and the same string types are chosen', async () => {
    const authority = await issueAuthority('kubernetes-ca', request(), now);
    const leaf = await issueLeaf(
      authority,
      { commonName: 'nœud', organization: 'a.b-c', usages: [], sans: { dns: [], ip: [] } },
      request({ subject: { C: 'DE' } }),
      now,
    );
    expect(new X509Certificate(leaf.certificatePem).subject).toBe('C=DE\nO=a.b-c\nCN=nœud');
    const tags = encode(encodeName(distinguishedName('nœud', 'a.b-c', { C: 'DE' }))).toString('latin1');
    expect(tags).toContain('\x13\x02DE');
    expect(tags).toContain('\x13\x05a.b-c');
    expect(tags).toContain('\x0c\x05n\xc5\x93ud');
  });

  test.each([
    ['C of three letters', { C: 'DEU' }, 'CN'],
    ['C of digits', { C: '12' }, 'CN'],
    ['OU too long', { OU: 'x'.repeat(65) }, 'CN'],
    ['ST too long', { ST: 'x'.repeat(129) }, 'CN'],
    ['empty L', { L: '' }, 'CN'],
    ['empty CN', {}, ''],
    ['CN too long', {}, 'x'.repeat(266)],
    ['a control character', {}, 'a\nb'],
    ['a zero byte', {}, 'admin\0.example.org'],
  ])('%s is refused', (_, attributes, commonName) => {
    expect(() => encodeName(distinguishedName(commonName, undefined, attributes))).toThrow(RangeError);
  });

  test('an attribute without a row is refused', () => {
    expect(() => encodeName([{ type: 'emailAddress', value: 'a@b' }])).toThrow(RangeError);
  });

  test('special characters are escaped as in RFC 4514', () => {
    expect(formatName([{ type: 'CN', value: ' a,b+c"\\<>;#= ' }])).toBe(
      'CN=\\ a\\,b\\+c\\"\\\\\\<\\>\\;#=\\ ',
    );
    expect(formatName([{ type: 'O', value: '#1\n' }])).toBe('O=\\#1\\0A');
  });

  test('equality looks at attributes, not at their order', () => {
    const left = [
      { type: 'O', value: 'a' },
      { type: 'CN', value: 'b' },
    ];
    expect(namesAreEqual(left, [...left].reverse())).toBe(true);
    expect(namesAreEqual(left, left.slice(1))).toBe(false);
    expect(
      namesAreEqual(left, [
        { type: 'O', value: 'b' },
        { type: 'CN', value: 'a' },
      ]),
    ).toBe(false);
  });

  test('foreign string types and attributes are read', () => {
    // SET { SEQUENCE { dc, IA5String "org" } }, SET { SEQUENCE { CN, BMPString "é" } }
    const der = Buffer.from(
      '3024' +
        '3113301106' +
        '0a0992268993f22c640119' +
        '1603' +
        '6f7267' +
        '310d300b0603550403' +
        '1e0400e90061',
      'hex',
    );
    const parts = readName(Buffer.concat([Buffer.from([0x30, der.length - 2]), der.subarray(2)]));
    expect(parts).toEqual([
      { type: '0.9.2342.19200300.100.1.25', value: 'org' },
      { type: 'CN', value: 'éa' },
    ]);
  });

  test('an attribute without a value is not a name', () => {
    expect(() => readName(Buffer.from('3009310730050603550403', 'hex'))).toThrow('no value');
  });
});
