/** The real kubeadm: its authorities are used as they are, and it accepts ours. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { authorityOf } from '../../src/model/certificate.ts';
import { openStore } from '../../src/pki/store.ts';
import {
  filesOf,
  newStore,
  opensslAccepts,
  request,
  temporaryFolder,
  wanted,
  write,
} from '../unit/pki/support.ts';

const kubeadm = join(process.env.KUBE_BIN_DIR ?? '/var/cache/kube-binaries/v1.20.2', 'kubeadm');
const isThere = existsSync(kubeadm);
if (!isThere && process.env.REQUIRE_ALL === '1')
  throw new Error(`${kubeadm} is not there, and REQUIRE_ALL is set`);
if (!isThere)
  console.warn(`SKIPPED: tests with the real kubeadm, because ${kubeadm} is not there; set KUBE_BIN_DIR`);

/** Runs `kubeadm init phase certs PHASE` on a folder. */
function phase(folder: string, certificatesDir: string, name: string): string {
  write(
    folder,
    'config.yaml',
    `apiVersion: kubeadm.k8s.io/v1beta2
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 10.0.0.1}
nodeRegistration: {name: master01}
---
apiVersion: kubeadm.k8s.io/v1beta2
kind: ClusterConfiguration
kubernetesVersion: v1.20.2
certificatesDir: ${certificatesDir}
networking: {serviceSubnet: 10.96.0.0/12}
`,
  );
  const args = ['init', 'phase', 'certs', name, '--config', join(folder, 'config.yaml')];
  return execFileSync(kubeadm, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

const names = [
  'master01',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];
const apiserver = wanted('hosts/master01/apiserver', { sans: { dns: names, ip: ['10.96.0.1', '10.0.0.1'] } });
const kubeletClient = wanted('hosts/master01/client', {
  usages: ['client'],
  sans: { dns: [], ip: [] },
  commonName: 'kube-apiserver-kubelet-client',
});

describe.skipIf(!isThere)('kubeadm', () => {
  test('its authorities and service account key are used as they are', async () => {
    const folder = temporaryFolder();
    const made = join(folder, 'made');
    mkdirSync(made);
    phase(folder, made, 'all');
    const shared = /^(sa\.(key|pub)|(etcd\/|front-proxy-)?ca\.(crt|key))$/;
    const before = new Map([...filesOf(made)].filter(([path]) => shared.test(path)));
    expect(before.size).toBe(8);
    const store = newStore();
    for (const [path, content] of before) write(store, path, content);
    const { changes } = await openStore(store, request({ certificates: [apiserver, kubeletClient] }), {
      now: new Date(),
    });
    expect(changes.map(({ what }) => what)).toEqual([
      'bootstrap-token',
      'encryption-key',
      apiserver.id,
      kubeletClient.id,
    ]);
    for (const [path, content] of before) expect(filesOf(store).get(path)).toBe(content);
    expect(
      opensslAccepts(store, 'verify', '-purpose', 'sslserver', '-CAfile', 'ca.crt', `${apiserver.id}.crt`),
    ).toBe(true);
  });

  test.each(['ecdsa-p256', 'ecdsa-p384', 'rsa-2048'] as const)(
    'it accepts our authorities and certificates: %s',
    async (keyAlgorithm) => {
      const { pki } = await openStore(
        newStore(),
        request({ keyAlgorithm, certificates: [apiserver, kubeletClient] }),
        { now: new Date() },
      );
      const folder = temporaryFolder();
      const ours = join(folder, 'ours');
      const pairs = {
        ca: pki.authorities['kubernetes-ca'],
        'etcd/ca': authorityOf(pki, 'etcd-ca'),
        'front-proxy-ca': pki.authorities['kubernetes-front-proxy-ca'],
        apiserver: pki.certificates.get(apiserver.id),
        'apiserver-kubelet-client': pki.certificates.get(kubeletClient.id),
      };
      for (const [stem, pair] of Object.entries(pairs)) {
        write(ours, `${stem}.crt`, pair?.certificatePem ?? '');
        write(ours, `${stem}.key`, pair?.privateKeyPem ?? '');
      }
      write(ours, 'sa.key', pki.serviceAccount.privateKeyPem);
      write(ours, 'sa.pub', pki.serviceAccount.publicKeyPem);
      const before = filesOf(ours);
      const said = phase(folder, ours, 'all');
      for (const what of ['ca', 'apiserver', 'apiserver-kubelet-client', 'etcd/ca', 'front-proxy-ca']) {
        expect(said).toMatch(
          new RegExp(`Using existing ${what} (certificate authority|certificate and key on disk)`),
        );
      }
      expect(said).toContain('Using the existing "sa" key');
      for (const [path, content] of before) expect(filesOf(ours).get(path)).toBe(content);
    },
  );
});
