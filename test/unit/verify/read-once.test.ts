/** What a render has read before, its verification does not read again. */
import { expect, test } from 'vitest';
import { templatesDir } from '../../../src/lib/package-root.ts';
import { readCertificate } from '../../../src/pki/certificate.ts';
import { publicKeyDerOf } from '../../../src/pki/keys.ts';
import type { PairReader } from '../../../src/pki/read-once.ts';
import { planHost } from '../../../src/plan/plan.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { loadTemplates } from '../../../src/render/template.ts';
import { clusterFactsOf, hostBundleOf } from '../../../src/verify/bundle.ts';
import { verifyCluster } from '../../../src/verify/verify.ts';
import { clusterOf, pkiOf } from '../../support/clusters.ts';

const cluster = clusterOf(
  'bootstrap: { method: signed }',
  `hosts:
  - { name: m1, address: 192.0.2.1, roles: [etcd, control-plane] }
  - { name: w1, address: 192.0.2.4, roles: [worker] }
  - { name: w2, address: 192.0.2.5, roles: [worker] }`,
);

/** A reader that counts how often each text is read. */
function countingReader(): PairReader & { readonly times: ReadonlyMap<string, number> } {
  const times = new Map<string, number>();
  const known = new Map<string, unknown>();
  const once =
    <Value>(read: (pem: string) => Value) =>
    (pem: string): Value => {
      if (!known.has(pem)) {
        times.set(pem, (times.get(pem) ?? 0) + 1);
        known.set(pem, read(pem));
      }
      return known.get(pem) as Value;
    };
  return { certificate: once(readCertificate), publicKey: once(publicKeyDerOf), times };
}

test('certificates that the review tree shows are not taken apart again', async () => {
  const pki = await pkiOf(cluster);
  const pairs = countingReader();
  const render = createRenderer(pki, loadTemplates(templatesDir), new WeakMap(), pairs);
  const bundles = cluster.hosts.map((host) => {
    const plan = planHost(cluster, host);
    return hostBundleOf(plan, render(plan));
  });
  const certificates = () => [...pairs.times.keys()].filter((pem) => pem.includes('CERTIFICATE')).length;
  const afterRender = certificates();
  const leaves = [...pki.certificates.keys()].filter((id) => id.startsWith('hosts/')).length;
  expect(afterRender).toBeGreaterThanOrEqual(leaves);
  expect(verifyCluster(clusterFactsOf(cluster, new Date()), bundles, pairs)).toEqual([]);
  expect(certificates()).toBe(afterRender);
});

test('a certificate in a bundle that no store has given is read from the bundle', async () => {
  const pki = await pkiOf(cluster);
  const pairs = countingReader();
  const render = createRenderer(pki, loadTemplates(templatesDir), new WeakMap(), pairs);
  const bundles = cluster.hosts.map((host) => {
    const plan = planHost(cluster, host);
    return hostBundleOf(plan, render(plan));
  });
  const path = '/etc/kubernetes/pki/kubelet.crt';
  const other = bundles[2]?.files.find((file) => file.path === path)?.content ?? Buffer.alloc(0);
  const mixed = bundles.map((bundle, index) =>
    index === 1
      ? {
          ...bundle,
          files: bundle.files.map((file) => (file.path === path ? { ...file, content: other } : file)),
        }
      : bundle,
  );
  const found = verifyCluster(clusterFactsOf(cluster, new Date()), mixed, pairs);
  expect(found.map(({ check, host }) => `${check} ${host}`)).toContain('certificates-right w1');
  expect(found.map(({ check, host }) => `${check} ${host}`)).toContain('keys-match w1');
});
