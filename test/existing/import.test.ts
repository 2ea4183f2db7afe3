/** A first inventory out of hosts that others have set up: what is told, what is marked, what is left out. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ArgumentError } from '../../src/cli/failure.ts';
import { importCluster } from '../../src/commands/import.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { HostTreeError } from '../../src/tree/find-hosts.ts';
import { memoryIo } from '../support/io.ts';
import { type Files, temporaryFolder, writeHosts } from './folder.ts';
import { kubeadmInit, whyNoKubeadm } from './kubeadm.ts';
import { guide, kubeasz } from './layouts.ts';

function imported(folder: string, kubernetesVersion?: string, format: 'text' | 'json' = 'text') {
  const io = memoryIo();
  const status = importCluster({ path: folder, kubernetesVersion, format, quiet: false }, io);
  return { status, text: io.output(), errors: io.errors() };
}

const errorsIn = (text: string) =>
  loadInventory(text, 'imported.yaml').diagnostics.filter(({ severity }) => severity === 'error');

const guideHosts = guide();
const kubeaszHosts = kubeasz();

describe("the guide's six hosts", () => {
  const folder = writeHosts(temporaryFolder(), guideHosts);

  test('make an inventory that is valid and says what the guide says', () => {
    const { text } = imported(folder, '1.20.2');
    expect(errorsIn(text)).toEqual([]);
    expect(parse(text)).toMatchObject({
      cluster: { domain: 'magedu.com' },
      kubernetes: { version: '1.20.2', logLevel: 0 },
      network: { serviceCIDR: '10.96.0.0/12', podCIDR: '10.244.0.0/16', proxy: { mode: 'ipvs' } },
      endpoint: { host: 'kubernetes-api.magedu.com' },
      etcd: { dataDir: '/var/lib/etcd/k8s.etcd' },
      bootstrap: { method: 'token-file' },
      runtime: { type: 'docker', cgroupDriver: 'cgroupfs' },
      security: { encryptionAtRest: false, audit: false },
      addons: { coredns: false, flannel: false },
      hosts: [
        { name: 'master01', address: '172.16.0.101', roles: ['etcd', 'control-plane'] },
        { name: 'master02', address: '172.16.0.102', roles: ['etcd', 'control-plane'] },
        { name: 'master03', address: '172.16.0.103', roles: ['etcd', 'control-plane'] },
        { name: 'node01', address: '172.16.0.104', roles: ['worker'] },
        { name: 'node02', address: '172.16.0.105', roles: ['worker'] },
        { name: 'node03', address: '172.16.0.106', roles: ['worker'] },
      ],
    });
  });

  test('say beside each value where it was read', () => {
    const { text } = imported(folder, '1.20.2');
    expect(text).toMatch(
      /^ {2}podCIDR: 10\.244\.0\.0\/16 # master01:\/etc\/kubernetes\/controller-manager:\d+$/m,
    );
    expect(text).toMatch(/^ {4}address: 172\.16\.0\.105 # node02:\/etc\/hosts:7$/m);
  });

  test('without a version leave that open, and validate points at it', () => {
    const { status, text, errors } = imported(folder);
    expect(status).toBe(1);
    expect(text).toMatch(/^ {2}version: "\?" # not told by any image or program/m);
    expect(errors).toMatch(/^ {2}kubernetes\.version: not told/m);
    const [error] = errorsIn(text);
    expect(text.slice(error?.range.start).startsWith('"?"')).toBe(true);
  });

  test('hold no secret, and name the files for the PKI store instead', () => {
    for (const format of ['text', 'json'] as const) {
      const { text, errors } = imported(folder, '1.20.2', format);
      for (const output of [text, errors]) expect(output).not.toMatch(/PRIVATE KEY|a1b2c3|client-key-data/);
    }
    const { errors } = imported(folder, '1.20.2');
    for (const file of ['ca.crt', 'ca.key', 'etcd/ca.crt', 'front-proxy-ca.key'])
      expect(errors).toMatch(
        new RegExp(`^ {2}${file.replaceAll('.', '\\.')} {2}from ${folder}/master01/etc/`, 'm'),
      );
    expect(errors).not.toMatch(/etcd\/ca\.key/);
  });

  test('have a service account key each, of which a person has to choose one', () => {
    const { status, errors } = imported(folder, '1.20.2');
    expect(status).toBe(1);
    expect(errors).toMatch(
      /hosts differ, decide between:\n {2}sa\.key: master01:\S+sa\.key, master02:\S+sa\.key, master03:\S+sa\.key\n/,
    );
    expect(errors).not.toMatch(/^ {2}sa\.key {2}from /m);
  });

  test('with an authority of its own on one control plane are told, and neither its certificate nor its key is taken', () => {
    const authority = '/etc/kubernetes/pki/front-proxy-ca.crt';
    const master02 = {
      ...guideHosts.master02,
      [authority]: guideHosts.master02?.['/etc/kubernetes/pki/ca.crt'] ?? '',
    };
    const { errors } = imported(writeHosts(temporaryFolder(), { ...guideHosts, master02 }), '1.20.2');
    expect(errors).toMatch(/^ {2}front-proxy-ca\.crt: master01:\S+, master02:\S+$/m);
    expect(errors).not.toMatch(/^ {2}front-proxy-ca\.\S+ {2}from /m);
    expect(errors).toMatch(/^ {2}ca\.key {2}from /m);
  });

  test('that differ are told, and the value is left open', () => {
    const path = '/etc/kubernetes/controller-manager';
    const changed = (files: Files): Files => ({
      ...files,
      [path]: (files[path] ?? '').replace('10.244.0.0/16', '10.245.0.0/16'),
    });
    const { status, text, errors } = imported(
      writeHosts(temporaryFolder(), { ...guideHosts, master03: changed(guideHosts.master03 ?? {}) }),
      '1.20.2',
    );
    expect(status).toBe(1);
    expect(text).toMatch(
      /podCIDR: "\?" # hosts differ: 10\.244\.0\.0\/16 \(master01:.*\), 10\.245\.0\.0\/16 \(master03:/,
    );
    expect(errors).toMatch(/hosts differ, decide between:\n {2}network\.podCIDR: /);
    expect(errorsIn(text).length).toBeGreaterThan(0);
  });
});

test('a cluster of kubeasz: flags on lines of units, addresses of nodes out of their configuration', () => {
  const { status, text, errors } = imported(writeHosts(temporaryFolder(), kubeaszHosts), '1.28.2');
  // What an inventory refuses is left out and said: with node-local, balancers ask without a credential.
  expect(errors).toMatch(
    /left out:[\s\S]*components\.apiserver\.args\.anonymous-auth .*: endpoint\.mode node-local/,
  );
  expect(errors).toMatch(
    /^one authority under several names[^\n]*\n {2}ca\.crt, etcd\/ca\.crt, front-proxy-ca\.crt$/m,
  );
  expect(errorsIn(text)).toEqual([]);
  expect(status).toBe(0);
  expect(parse(text)).toMatchObject({
    kubernetes: { version: '1.28.2' },
    network: {
      serviceCIDR: '10.68.0.0/16',
      podCIDR: '172.20.0.0/16',
      clusterDNS: '10.68.0.2',
      proxy: { mode: 'ipvs' },
    },
    endpoint: { mode: 'node-local' },
    etcd: { dataDir: '/var/lib/etcd', clusterToken: 'etcd-cluster-0' },
    bootstrap: { method: 'signed' },
    binaries: { dir: '/opt/kube/bin' },
    components: { apiserver: { args: { 'api-audiences': 'api,istio-ca' } } },
    hosts: [
      { name: 'master-01', address: '192.168.1.1', roles: ['etcd', 'control-plane', 'worker'] },
      { name: 'master-02', address: '192.168.1.2' },
      { name: 'worker-01', address: '192.168.1.3', roles: ['worker'] },
    ],
  });
});

test('an address that no file tells is left open', () => {
  const { 'worker-01': worker = {}, ...others } = kubeaszHosts;
  const without = Object.fromEntries(
    Object.entries(worker).map(([path, text]) => [path, text.replace(/^(?:address|bindAddress): .*\n/m, '')]),
  );
  const { status, text } = imported(
    writeHosts(temporaryFolder(), { ...others, 'worker-01': without }),
    '1.28.2',
  );
  expect(status).toBe(1);
  expect(text).toMatch(/address: "\?" # not told by its files/);
});

test('a folder without hosts, and none at all, are mistakes', () => {
  expect(() => imported(temporaryFolder())).toThrow(HostTreeError);
  const options = { path: undefined, kubernetesVersion: undefined, format: 'text', quiet: false } as const;
  expect(() => importCluster(options, memoryIo())).toThrow(
    new ArgumentError(
      'import wants the folder with the copies of hosts',
      'name it, as in: hardway import hosts/',
    ),
  );
});

test.skipIf(whyNoKubeadm !== undefined)(
  `a control plane of kubeadm${whyNoKubeadm === undefined ? '' : `: skipped, ${whyNoKubeadm}`}`,
  { timeout: 120_000 },
  () => {
    const folder = temporaryFolder();
    kubeadmInit(join(folder, 'cp1'), { name: 'cp1', address: '10.0.0.1' });
    const { status, text, errors } = imported(folder);
    expect(status).toBe(0);
    expect(errorsIn(text)).toEqual([]);
    expect(parse(text)).toMatchObject({
      kubernetes: { version: '1.20.2' },
      endpoint: { host: 'api.example', mode: 'external' },
      hosts: [{ name: 'cp1', address: '10.0.0.1', roles: ['etcd', 'control-plane', 'worker'] }],
    });
    expect(errors).toMatch(/staticPodPath .* static pods of the old control plane/);
  },
);

test('what hardway refuses is told, and is not done', () => {
  const old = imported(writeHosts(temporaryFolder(), guideHosts), '1.15.3');
  expect(old.status).toBe(1);
  expect(old.errors).toMatch(
    /left out:\n {2}flags and fields were not compared: kubernetes\.version: .*1\.15/,
  );
  const { master01 = {}, node01 = {} } = guideHosts as Readonly<Record<string, Files>>;
  const twins = imported(
    writeHosts(temporaryFolder(), { 'h1.a': master01, 'h1.b': node01 }),
    '1.20.2',
    'json',
  );
  expect(twins.status).toBe(1);
  expect(JSON.parse(twins.text).leftOut[0]).toMatch(/^flags and fields were not compared: hosts\.1\.name: /);
});

test('a balancer on each node keeps the port of the API servers', () => {
  const changed = Object.entries(kubeaszHosts).map(([name, files]) => [
    name,
    Object.fromEntries(
      Object.entries(files).map(([path, text]) => [
        path,
        text.replaceAll('--secure-port=6443', '--secure-port=7443'),
      ]),
    ),
  ]);
  const { text } = imported(writeHosts(temporaryFolder(), Object.fromEntries(changed)), '1.28.2');
  expect(parse(text)).toMatchObject({ endpoint: { mode: 'node-local', port: 7443 } });
});
