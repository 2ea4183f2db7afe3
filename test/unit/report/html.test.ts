import { beforeAll, describe, expect, test } from 'vitest';
import { certificates } from '../../../src/catalog/certificates.ts';
import { templatesDir } from '../../../src/lib/package-root.ts';
import type { Pki } from '../../../src/model/certificate.ts';
import type { Cluster } from '../../../src/model/cluster.ts';
import { reportHtml } from '../../../src/report/html.ts';
import { clusterOf, fiveHosts, pkiOf } from '../../support/clusters.ts';

const cluster = clusterOf(
  'bootstrap: { method: token-file }',
  'runtime: { proxy: { https: "http://user:s3cret@proxy.example:3128" } }',
  fiveHosts,
);
let pki: Pki;
beforeAll(async () => {
  pki = await pkiOf(cluster);
});

function report(changed: Partial<Cluster> = {}): string {
  const all = { ...cluster, ...changed };
  const bundles = all.hosts.map((host) => ({
    host,
    bundle: `bundles/${host.name}.tar.gz`,
    sha256: host.name.padEnd(64, '0'),
  }));
  return reportHtml(all, pki, bundles, templatesDir);
}

describe('reportHtml', () => {
  test('names every host with its address, roles and sum', () => {
    const html = report();
    for (const host of cluster.hosts) {
      expect(html).toContain(`<a href="review/${host.name}/">${host.name}</a>`);
      expect(html).toContain(host.addresses[0]?.text);
      expect(html).toContain(host.name.padEnd(64, '0'));
    }
  });

  test('marks the roles of a host in their columns', () => {
    const [row = ''] = report()
      .split('\n')
      .filter((line) => line.includes('review/w1/'));
    expect(row).toMatch(/<td>amd64<\/td><td><\/td><td><\/td><td>yes<\/td>/);
  });

  test('names every private key of this way to join, and no other', () => {
    const html = report();
    for (const row of certificates) {
      const path = row.delivery.kind === 'files' ? `${row.delivery.path}.key` : row.delivery.path;
      if (row.bootstrap === undefined) expect(html).toContain(`<code>${path}</code>`);
    }
    expect(html).not.toContain('/etc/kubernetes/auth/kubelet.conf');
  });

  test('has the fingerprints of the authorities', () => {
    expect(report().match(/<code>([0-9A-F]{2}:){31}[0-9A-F]{2}<\/code>/g)).toHaveLength(3);
  });

  test('escapes what comes from the inventory', () => {
    const html = report({ name: `<script>alert("1")</script>&'` });
    expect(html).not.toContain('<script');
    expect(html).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;');
  });

  test('holds no secret, no script and nothing from elsewhere', () => {
    const html = report();
    const pairs = [...Object.values(pki.authorities), ...pki.certificates.values(), pki.serviceAccount];
    const secrets = pairs.map(({ privateKeyPem }) => privateKeyPem.split('\n')[1] ?? '');
    for (const secret of [...secrets, pki.bootstrapToken, pki.encryptionKey, 's3cret', 'PRIVATE KEY']) {
      expect(html).not.toContain(secret);
    }
    expect(html).not.toMatch(/<script|<link|<img|src=|url\(|@import|javascript:/i);
    expect([...html.matchAll(/href="([^"]*)"/g)].every(([, target]) => target?.startsWith('review/'))).toBe(
      true,
    );
  });

  test('counts the hosts that it does not list', () => {
    const [first] = cluster.hosts;
    if (first === undefined) throw new Error('no host');
    const hosts = Array.from({ length: 503 }, (_, index) => ({ ...first, name: `n${index}` }));
    const html = report({ hosts });
    expect(html).toContain('3 more hosts');
    expect(html).toContain('review/n499/');
    expect(html).not.toContain('review/n500/');
  });

  test('is the same each time', () => {
    expect(report()).toBe(report());
  });
});
