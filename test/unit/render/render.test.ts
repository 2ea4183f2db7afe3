/** Rendering shares work between hosts; it must not share anything that differs. */
import { beforeAll, describe, expect, test } from 'vitest';
import { manifestText } from '../../../src/bundle/manifest.ts';
import { templatesDir } from '../../../src/lib/package-root.ts';
import type { Pki } from '../../../src/model/certificate.ts';
import type { Host } from '../../../src/model/cluster.ts';
import { planHost } from '../../../src/plan/plan.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { loadTemplates } from '../../../src/render/template.ts';
import { clusterOf, fiveHosts, manyClusters, pkiOf } from '../../support/clusters.ts';

const extra = clusterOf(
  'runtime: { proxy: { https: "http://user:s3cret@proxy.example:3128" } }',
  'kubernetes: { logLevel: 3 }',
  `hosts:
  - { name: m1, address: 192.0.2.1, roles: [etcd, control-plane], components: { apiserver: { args: { v: "7" } } } }
  - { name: m2, address: 192.0.2.2, roles: [etcd, control-plane] }
  - { name: m3, address: 192.0.2.3, roles: [etcd, control-plane] }
  - { name: w1, address: 192.0.2.4, roles: [worker], components: { kubelet: { config: { maxPods: 60 }, args: { v: "8" } } } }
  - { name: w2, address: 192.0.2.5, roles: [worker], labels: { disk: ssd } }
  - { name: w3, address: 192.0.2.6, roles: [worker], arch: arm64, components: { kubelet: { config: { maxPods: 61 } } } }
  - { name: w4, address: 192.0.2.7, roles: [worker] }`,
);
const facts = { release: '1', clusterId: 'a', programs: { sources: [], programs: [] }, images: [] };
const clusters = { ...manyClusters, 'settings of single hosts': extra };

describe.each(Object.entries(clusters))('%s', (_, cluster) => {
  let pki: Pki;
  beforeAll(async () => {
    pki = await pkiOf(cluster);
  });

  test('a host rendered among others has the bytes of one rendered alone', () => {
    const together = createRenderer(pki, loadTemplates(templatesDir));
    const indices = [...cluster.hosts.keys()];
    for (const at of [...indices, ...indices.toReversed()]) {
      const plan = planHost(cluster, cluster.hosts[at] as Host);
      // What is remembered hangs on objects: of a copy nothing is known.
      const copy = structuredClone(cluster);
      const planAlone = planHost(copy, copy.hosts[at] as Host);
      const alone = createRenderer(pki, loadTemplates(templatesDir))(planAlone);
      expect(manifestText(plan, facts), plan.host.name).toBe(manifestText(planAlone, facts));
      expect({ ...plan, cluster, host: planAlone.host }).toEqual({ ...planAlone, cluster });
      for (const [index, file] of together(plan).entries()) {
        const title = `${plan.host.name} ${file.path}`;
        expect(file.content.equals(alone[index]?.content ?? Buffer.alloc(0)), title).toBe(true);
        expect(file.review.equals(alone[index]?.review ?? Buffer.alloc(0)), title).toBe(true);
        expect(file.certificateText, title).toBe(alone[index]?.certificateText);
      }
    }
  });

  test('no secret is in a review form', () => {
    const secrets = [
      ...Object.values(pki.authorities).map(({ privateKeyPem }) => privateKeyPem),
      ...[...pki.certificates.values()].map(({ privateKeyPem }) => privateKeyPem),
      pki.serviceAccount.privateKeyPem,
    ].flatMap((pem) => [pem.split('\n')[1] ?? '', Buffer.from(pem).toString('base64').slice(60, 120)]);
    const words = [pki.bootstrapToken, ...pki.bootstrapToken.split('.'), pki.encryptionKey, 's3cret'];
    const renderHost = createRenderer(pki, loadTemplates(templatesDir));
    for (const host of cluster.hosts) {
      for (const { path, review, content, mode } of renderHost(planHost(cluster, host))) {
        const text = review.toString();
        for (const secret of [...secrets, ...words]) {
          expect(text.includes(secret), `${host.name} ${path}`).toBe(false);
          if (content.includes(secret)) expect(mode & 0o077, `${path} holds a secret`).toBe(0);
        }
        expect(text).not.toContain('PRIVATE KEY-----');
      }
    }
  });
});

test('what is the same for several hosts is one buffer', async () => {
  const cluster = clusterOf(fiveHosts);
  const renderHost = createRenderer(await pkiOf(cluster), loadTemplates(templatesDir));
  const [w1, w2] = cluster.hosts.slice(3).map((host) => renderHost(planHost(cluster, host)));
  const unit = (files = w1) => files?.find(({ path }) => path.endsWith('kubelet.service'))?.content;
  expect(unit(w1)).toBe(unit(w2));
});

test('what no host has for itself is filled in once, however many hosts there are', async () => {
  const workers = Array.from(
    { length: 20 },
    (_, index) => `  - { name: w${index}, address: 192.0.2.${index + 10}, roles: [worker] }`,
  );
  const cluster = clusterOf(
    `hosts:\n  - { name: m, address: 192.0.2.1, roles: [etcd, control-plane] }\n${workers.join('\n')}`,
  );
  const filled = new Map<string, number>();
  const templates = loadTemplates(templatesDir);
  const counted = (name: string) => (context: object) => {
    filled.set(name, (filled.get(name) ?? 0) + 1);
    return templates.get(name)(context);
  };
  const renderHost = createRenderer(await pkiOf(cluster), { ...templates, get: counted });
  for (const host of cluster.hosts) renderHost(planHost(cluster, host));
  const often = [...filled].filter(([, times]) => times > 2).map(([name]) => name);
  expect(often.sort()).toEqual([
    'etc/hosts.hbs',
    'etc/kubernetes/auth/_kubeconfig.hbs',
    'etc/kubernetes/kubelet.hbs',
    'etc/kubernetes/proxy.hbs',
  ]);
});
