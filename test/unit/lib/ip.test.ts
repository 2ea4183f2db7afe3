import { expect, test } from 'vitest';
import {
  addressBytes,
  cidrContains,
  cidrOf,
  cidrsOverlap,
  nthAddress,
  parseAddress,
  parseCidr,
  urlHost,
} from '../../../src/lib/ip.ts';

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['2001:DB8::0:1', '2001:db8::1'],
  ['::ffff:1.2.3.4', '::ffff:102:304'],
])('parseAddress(%s) is %s', (text, canonical) => {
  const address = parseAddress(text);
  expect(address).toBeDefined();
  expect(parseAddress(address?.text ?? '')).toEqual(address);
  if (!canonical.startsWith('::ffff')) expect(address?.text).toBe(canonical);
});

test.each(['010.0.0.1', '10.1', '1.2.3', '1.2.3.4.5', 'fe80::1%eth0', '', 'host', '1.2.3.4\n', '0x7f.1'])(
  'parseAddress(%j) refuses',
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);

test('a network masks its host bits and says so', () => {
  expect(parseCidr('10.76.0.0/12')).toMatchObject({ masked: true, cidr: { text: '10.64.0.0/12' } });
  expect(parseCidr('fd00::/108')).toMatchObject({ masked: false, cidr: { text: 'fd00::/108' } });
});

test.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/08', 'fd00::/129', '/8', '10.0.0.0/8/8', 'x/8'])(
  'parseCidr(%j) refuses',
  (text) => {
    expect(parseCidr(text)).toBeUndefined();
  },
);

test('addresses count from the start of a network', () => {
  const cidr = cidrOf('ipv4', 0x0a600000n, 30);
  expect(nthAddress(cidr, 3)?.text).toBe('10.96.0.3');
  expect(nthAddress(cidr, 4)).toBeUndefined();
});

test('overlap and containment stay within a family', () => {
  const wide = parseCidr('0.0.0.0/0')?.cidr;
  const narrow = parseCidr('10.0.0.0/8')?.cidr;
  const six = parseCidr('::/0')?.cidr;
  if (!wide || !narrow || !six) throw new Error('networks do not parse');
  expect(cidrsOverlap(wide, narrow)).toBe(true);
  expect(cidrsOverlap(wide, six)).toBe(false);
  const address = parseAddress('10.1.2.3');
  if (!address) throw new Error('address does not parse');
  expect(cidrContains(narrow, address)).toBe(true);
  expect(cidrContains(six, address)).toBe(false);
  expect(addressBytes(address)).toEqual([10, 1, 2, 3]);
});

test('IPv6 addresses stand in brackets in a URL', () => {
  expect(urlHost('fd00::1')).toBe('[fd00::1]');
  expect(urlHost('10.0.0.1')).toBe('10.0.0.1');
  expect(urlHost('api.example')).toBe('api.example');
});
