/** Certificates as OpenSSL and node see them: neither shares code with the encoder. */
import { createPrivateKey, createSecretKey, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyAlgorithms } from '../../../src/model/cluster.ts';
import { certificateFacts, daysLeft, readCertificate } from '../../../src/pki/certificate.ts';
import { type Authority, issueAuthority, issueLeaf, loadAuthority } from '../../../src/pki/issue.ts';
import { checkAhead, isSignedBy, verifyingKey } from '../../../src/pki/signature.ts';
import { encodeCertificate } from '../../../src/pki/x509.ts';
import { later, now, openssl, opensslAccepts, request, temporaryFolder, write } from './support.ts';

const hour = 3_600_000;
const leafOf = (
  authority: Authority,
  changes: Partial<Parameters<typeof issueLeaf>[1]> = {},
  settings = request(),
) =>
  issueLeaf(
    authority,
    {
      commonName: 'system:node:worker01',
      organization: 'system:nodes',
      usages: ['server', 'client'],
      sans: {
        dns: ['worker01', 'kubernetes.default.svc.cluster.local', '*.example.org'],
        ip: ['10.96.0.1', '::1', 'fd00:10:96::1', '2001:db8::', '::ffff:192.0.2.1'],
      },
      ...changes,
    },
    settings,
    now,
  );

describe.each(keyAlgorithms)('%s', (keyAlgorithm) => {
  test('openssl in its strict mode and node accept authority and leaf', async () => {
    const folder = temporaryFolder();
    // Past 2049, so that GeneralizedTime is judged as well.
    const settings = request({
      keyAlgorithm,
      caValidityDays: 36_500,
      certValidityDays: 36_000,
      subject: { C: 'FR', L: 'Besançon' },
    });
    const authority = await issueAuthority('kubernetes-ca', settings, now);
    const leaf = await leafOf(authority, {}, settings);
    write(folder, 'ca.crt', authority.pair.certificatePem);
    write(folder, 'leaf.crt', leaf.certificatePem);
    const verify = (...args: readonly string[]) =>
      opensslAccepts(
        folder,
        'verify',
        '-x509_strict',
        '-attime',
        String(now.getTime() / 1000),
        '-CAfile',
        'ca.crt',
        ...args,
      );
    expect(verify('-check_ss_sig', 'ca.crt')).toBe(true);
    expect(verify('-purpose', 'sslserver', '-verify_hostname', 'worker01', 'leaf.crt')).toBe(true);
    expect(verify('-purpose', 'sslclient', '-verify_ip', '10.96.0.1', 'leaf.crt')).toBe(true);
    expect(verify('-verify_ip', 'fd00:10:96::1', 'leaf.crt')).toBe(true);
    expect(verify('-verify_ip', '2001:db8::', 'leaf.crt')).toBe(true);
    expect(verify('-verify_hostname', 'worker02', 'leaf.crt')).toBe(false);
    expect(verify('-verify_ip', 'fd00:10:96::2', 'leaf.crt')).toBe(false);

    const text = openssl(folder, 'x509', '-in', 'leaf.crt', '-noout', '-text');
    const isRsa = keyAlgorithm.startsWith('rsa');
    expect(text).toMatch(/Key Usage: critical\n\s+(.*)\n/);
    expect(/Key Usage: critical\n\s+(.*)\n/.exec(text)?.[1]).toBe(
      isRsa ? 'Digital Signature, Key Encipherment' : 'Digital Signature',
    );
    expect(text).toMatch(/Basic Constraints: critical\n\s+CA:FALSE/);
    expect(text).toMatch(/Subject Alternative Name: \n/);
    const signature = { 'ecdsa-p256': 'ecdsa-with-SHA256', 'ecdsa-p384': 'ecdsa-with-SHA384' }[
      keyAlgorithm as string
    ];
    expect(text).toContain(`Signature Algorithm: ${signature ?? 'sha256WithRSAEncryption'}`);
    const authorityText = openssl(folder, 'x509', '-in', 'ca.crt', '-noout', '-text');
    expect(authorityText).toMatch(/Key Usage: critical\n\s+Digital Signature, Certificate Sign, CRL Sign\n/);
    expect(authorityText).toMatch(/Basic Constraints: critical\n\s+CA:TRUE\n/);

    const read = new X509Certificate(leaf.certificatePem);
    const issuer = new X509Certificate(authority.pair.certificatePem);
    expect(read.verify(issuer.publicKey)).toBe(true);
    expect(read.checkIssued(issuer)).toBe(true);
    expect(read.checkHost('a.example.org')).toBe('*.example.org');
    expect(read.checkPrivateKey(createPrivateKey(leaf.privateKeyPem))).toBe(true);
    expect(leaf.privateKeyPem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(read.serialNumber).toMatch(/^[4-7][0-9A-F]{39}$/);
    expect(certificateFacts(readCertificate(leaf.certificatePem)).keyAlgorithm).toBe(keyAlgorithm);
  });
});

describe('certificates', () => {
  test('the signature follows the key of the issuer', async () => {
    const authority = await issueAuthority('etcd-ca', request({ keyAlgorithm: 'ecdsa-p384' }), now);
    const leaf = await leafOf(authority, {}, request({ keyAlgorithm: 'rsa-2048' }));
    const certificate = readCertificate(leaf.certificatePem);
    expect(certificate.signatureOid).toBe('1.2.840.10045.4.3.3');
    expect(isSignedBy(certificate, authority.issuer.privateKey)).toBe(true);
    const other = await issueAuthority('etcd-ca', request({ keyAlgorithm: 'rsa-2048' }), now);
    expect(isSignedBy(certificate, verifyingKey(other.certificate.publicKeyDer))).toBe(false);
  });

  test('serial numbers do not repeat', async () => {
    const authority = await issueAuthority('etcd-ca', request(), now);
    const leaves = await Promise.all(Array.from({ length: 200 }, () => leafOf(authority)));
    const serials = leaves.map((leaf) => readCertificate(leaf.certificatePem).serial);
    expect(new Set(serials.map((serial) => serial.toString('hex'))).size).toBe(200);
    expect(serials.every((serial) => serial.length === 20 && (serial[0] ?? 0) < 0x80)).toBe(true);
  });

  test('start an hour early, last as long as wanted, and never outlive their authority', async () => {
    const authority = await issueAuthority('etcd-ca', request({ caValidityDays: 100 }), now);
    expect(authority.certificate.notBefore.getTime()).toBe(now.getTime() - hour);
    expect(authority.certificate.notAfter).toEqual(later(100));
    const short = readCertificate(
      (await leafOf(authority, {}, request({ certValidityDays: 10 }))).certificatePem,
    );
    expect([short.notBefore.getTime(), short.notAfter]).toEqual([now.getTime() - hour, later(10)]);
    const long = readCertificate((await leafOf(authority)).certificatePem);
    expect(long.notAfter).toEqual(later(100));
    expect(daysLeft(long.notAfter, now)).toBe(100);
    expect(daysLeft(long.notAfter, new Date(later(100).getTime() + 1))).toBe(-1);
  });

  test('end with the year 9999 at the latest', async () => {
    const authority = await issueAuthority('etcd-ca', request({ caValidityDays: 10_000_000 }), now);
    expect(authority.certificate.notAfter.toISOString()).toBe('9999-12-31T23:59:59.000Z');
  });

  test('the names are critical exactly when there is no subject', async () => {
    const folder = temporaryFolder();
    const authority = await issueAuthority('etcd-ca', request(), now);
    const { publicKeyDer } = authority.certificate;
    const pem = encodeCertificate({
      subject: [],
      publicKeyDer,
      issuer: authority.issuer,
      notBefore: now,
      notAfter: later(1),
      isAuthority: false,
      usages: ['server'],
      sans: { dns: ['a'], ip: [] },
    });
    write(folder, 'a.crt', pem);
    expect(openssl(folder, 'x509', '-in', 'a.crt', '-noout', '-text')).toContain(
      'Subject Alternative Name: critical',
    );
    expect(certificateFacts(readCertificate(pem)).subject).toBe('');
  });

  test('a common name of a node with 63 characters is accepted by openssl', async () => {
    const folder = temporaryFolder();
    const authority = await issueAuthority('kubernetes-ca', request(), now);
    write(folder, 'ca.crt', authority.pair.certificatePem);
    write(
      folder,
      'a.crt',
      (await leafOf(authority, { commonName: `system:node:${'n'.repeat(63)}` })).certificatePem,
    );
    const at = String(now.getTime() / 1000);
    expect(
      opensslAccepts(folder, 'verify', '-x509_strict', '-attime', at, '-CAfile', 'ca.crt', 'a.crt'),
    ).toBe(true);
  });

  test.each([
    [{ dns: ['nœud'], ip: [] }],
    [{ dns: [''], ip: [] }],
    [{ dns: ['a b'], ip: [] }],
    [{ dns: ['x'.repeat(254)], ip: [] }],
    [{ dns: [], ip: ['10.0.0.0/8'] }],
    [{ dns: [], ip: ['010.0.0.1'] }],
    [{ dns: [], ip: ['fe80::1%eth0'] }],
  ])('the names %o are refused', async (sans) => {
    const authority = await issueAuthority('kubernetes-ca', request(), now);
    await expect(leafOf(authority, { sans })).rejects.toThrow(RangeError);
  });

  test('any set of names comes back as it went in, to us and to node', async () => {
    const authority = await issueAuthority('kubernetes-ca', request(), now);
    const octet = fc.integer({ min: 0, max: 255 });
    const ipv4 = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
    const sans = fc.record({
      dns: fc.uniqueArray(fc.domain(), { maxLength: 8 }),
      ip: fc.uniqueArray(fc.oneof(ipv4, fc.constantFrom('::', '::1', 'fd00::1', '2001:db8:0:1::2')), {
        maxLength: 8,
      }),
    });
    await fc.assert(
      fc.asyncProperty(sans, async (names) => {
        const { certificatePem } = await leafOf(authority, { sans: names });
        expect(readCertificate(certificatePem).sans).toEqual(names);
        const node = new X509Certificate(certificatePem);
        expect(names.dns.every((name) => node.subjectAltName?.split(', ').includes(`DNS:${name}`))).toBe(
          true,
        );
        expect(names.ip.every((address) => node.checkIP(address) !== undefined)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('a changed byte anywhere breaks the signature or the certificate', async () => {
    const authority = await issueAuthority('kubernetes-ca', request(), now);
    const { der } = readCertificate((await leafOf(authority)).certificatePem);
    const pem = (bytes: Buffer) =>
      `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64')}\n-----END CERTIFICATE-----\n`;
    const holds = (bytes: Buffer) => {
      try {
        return isSignedBy(readCertificate(pem(bytes)), verifyingKey(authority.certificate.publicKeyDer));
      } catch {
        return false;
      }
    };
    expect(holds(der)).toBe(true);
    const broken = Array.from(der, (byte, index) => {
      const copy = Buffer.from(der);
      copy[index] = byte ^ 0x01;
      return holds(copy) ? index : undefined;
    }).filter((index) => index !== undefined);
    expect(broken).toEqual([]);
  });

  test('an issuer with a long name keeps its very bytes', async () => {
    const folder = temporaryFolder();
    const [organization, unit] = ['o'.repeat(64), 'u'.repeat(64)];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key'];
    openssl(
      folder,
      'req',
      '-x509',
      ...curve,
      '-out',
      'ca.crt',
      '-subj',
      `/O=${organization}/OU=${unit}/CN=ca`,
      '-addext',
      'keyUsage=critical,keyCertSign',
    );
    const certificatePem = openssl(folder, 'x509', '-in', 'ca.crt');
    const certificate = readCertificate(certificatePem);
    const privateKeyPem = openssl(folder, 'pkey', '-in', 'ca.key');
    const authority = loadAuthority('kubernetes-ca', { certificatePem, privateKeyPem }, certificate);
    const leaf = await leafOf(authority);
    expect(certificate.subjectDer.length, 'more than one byte of length').toBeGreaterThan(130);
    expect(readCertificate(leaf.certificatePem).issuerDer).toEqual(certificate.subjectDer);
    write(folder, 'leaf.crt', leaf.certificatePem);
    expect(openssl(folder, 'verify', '-x509_strict', '-CAfile', 'ca.crt', 'leaf.crt')).toContain('OK');
  });

  test('a signature that was checked ahead is judged as any other', async () => {
    const authority = await issueAuthority('kubernetes-ca', request(), now);
    const [ecOther, rsaOther] = await Promise.all([
      issueAuthority('kubernetes-ca', request(), now),
      issueAuthority('kubernetes-ca', request({ keyAlgorithm: 'rsa-2048' }), now),
    ]);
    const certificate = readCertificate((await leafOf(authority)).certificatePem);
    for (const [issuer, isRight] of [
      [authority, true],
      [ecOther, false],
      [rsaOther, false],
    ] as const) {
      const key = verifyingKey(issuer.certificate.publicKeyDer);
      await checkAhead(certificate, key);
      expect(isSignedBy(certificate, key)).toBe(isRight);
    }
  });

  test('an authority whose key type cannot sign is refused', async () => {
    const folder = temporaryFolder();
    openssl(
      folder,
      'req',
      '-x509',
      '-newkey',
      'ed25519',
      '-nodes',
      '-keyout',
      'a.key',
      '-out',
      'a.crt',
      '-subj',
      '/CN=a',
    );
    const pem = openssl(folder, 'x509', '-in', 'a.crt');
    const certificate = readCertificate(pem);
    const key = openssl(folder, 'pkey', '-in', 'a.key');
    expect(() => loadAuthority('etcd-ca', { certificatePem: pem, privateKeyPem: key }, certificate)).toThrow(
      RangeError,
    );
    // A key that cannot be asked is none that has signed; whoever asks in earnest is told.
    await checkAhead(certificate, createSecretKey(Buffer.alloc(32)));
    // A signature of a type without a row is left to node.
    await checkAhead(certificate, verifyingKey(certificate.publicKeyDer));
    expect(isSignedBy(certificate, verifyingKey(certificate.publicKeyDer))).toBe(true);
  });
});
