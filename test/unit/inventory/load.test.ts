import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { diagnosticCodes } from '../../../src/diagnostics/codes.ts';
import { diagnosticsToJson, formatDiagnostics } from '../../../src/diagnostics/format.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { largestInventoryBytes } from '../../../src/inventory/parse.ts';
import type { Cluster } from '../../../src/model/cluster.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const host = '{ name: node01, address: 192.0.2.10, roles: [etcd, control-plane, worker] }';

function codesOf(text: string | Uint8Array): string[] {
  const { source, diagnostics } = loadInventory(text, 'inventory.yaml');
  return diagnosticsToJson(source, diagnostics).map(({ code, line, column }) => `${code} ${line}:${column}`);
}

function clusterOf(text: string): Cluster {
  const { source, diagnostics, cluster } = loadInventory(text, 'inventory.yaml');
  if (cluster === undefined) throw new Error(formatDiagnostics(source, diagnostics));
  return cluster;
}

function withHost(sections: string): Cluster {
  return clusterOf(`apiVersion: hardway/v1\n${sections}\nhosts:\n  - ${host}\n`);
}

describe('the examples', () => {
  test('single has no diagnostics and every default', () => {
    expect(codesOf(read('examples/single.yaml'))).toEqual([]);
    expect(clusterOf(read('examples/single.yaml'))).toMatchObject({
      name: 'kubernetes',
      domain: undefined,
      dnsDomain: 'cluster.local',
      kubernetes: { version: '1.36.3', minor: '1.36', logLevel: 2, featureGates: {} },
      network: {
        serviceCIDRs: [{ text: '10.96.0.0/12' }],
        podCIDRs: [{ text: '10.244.0.0/16' }],
        nodeCIDRMaskSize: { ipv4: 24, ipv6: 64 },
        nodePortRange: { first: 30_000, last: 32_767 },
        apiServiceAddresses: [{ text: '10.96.0.1' }],
        clusterDNS: [{ text: '10.96.0.10' }],
        proxy: { mode: 'nftables', ipvsScheduler: 'rr' },
      },
      endpoint: { host: '192.0.2.10', port: 6443, mode: 'hosts' },
      etcd: {
        version: '3.6.8',
        dataDir: '/var/lib/etcd/k8s-etcd',
        clusterToken: 'k8s-etcd-cluster',
        env: {},
      },
      pki: {
        keyAlgorithm: 'ecdsa-p256',
        caValidityDays: 3650,
        certValidityDays: 365,
        renewBeforeDays: 30,
        extraSANs: [],
      },
      bootstrap: { method: 'token-secret', tokenTTLSeconds: 86_400 },
      runtime: {
        type: 'containerd',
        socket: '/run/containerd/containerd.sock',
        cgroupDriver: 'systemd',
        sandboxImage: 'registry.k8s.io/pause:3.10.2',
        registryMirrors: {},
        proxy: undefined,
      },
      security: { encryptionAtRest: true, audit: true },
      binaries: { source: 'host', dir: '/usr/local/bin' },
      addons: { coredns: true, flannel: { backend: 'vxlan', directRouting: true } },
      hostsFile: { manage: true },
      hosts: [{ name: 'node01', roles: ['etcd', 'control-plane', 'worker'], arch: 'amd64' }].map(
        (expected) => ({
          ...expected,
          name: 'allinone',
          fqdn: undefined,
        }),
      ),
    });
  });

  test('ha-stacked masks its service network, with a warning', () => {
    const text = read('examples/ha-stacked.yaml');
    expect(codesOf(text)).toEqual(['cidr-masked 12:16']);
    const cluster = clusterOf(text);
    expect(cluster.kubernetes.version).toBe('1.20.2');
    expect(cluster.network.serviceCIDRs[0]?.text).toBe('10.64.0.0/12');
    expect(cluster.network.apiServiceAddresses[0]?.text).toBe('10.64.0.1');
    expect(cluster.network.clusterDNS[0]?.text).toBe('10.64.0.10');
    expect(cluster.hosts[0]?.fqdn).toBe('master01.mykernel.cn');
  });

  test('dual-stack and ha-external have no errors', () => {
    expect(codesOf(read('examples/dual-stack.yaml'))).toEqual([]);
    expect(codesOf(read('examples/ha-external.yaml'))).toEqual(['single-point-of-failure 44:1']);
  });

  test.each(['single', 'ha-stacked', 'ha-external'])('the starter %s is valid as it is', (name) => {
    expect(codesOf(read(`templates/_starter/${name}.yaml`))).toEqual([]);
  });
});

describe('normalizing', () => {
  test('a minor means its newest patch, a leading v is dropped', () => {
    expect(withHost('kubernetes: { version: "1.20" }').kubernetes.version).toBe('1.20.15');
    expect(withHost('kubernetes: { version: v1.20.2 }').kubernetes.version).toBe('1.20.2');
    expect(withHost('etcd: { version: v3.6.5 }').etcd.version).toBe('3.6.5');
  });

  test('an IPv6 cluster puts its own family first', () => {
    const cluster = clusterOf(
      'apiVersion: hardway/v1\n' +
        'network: { serviceCIDR: "fd00:10:96::/112", podCIDR: "fd00:10:244::/56" }\n' +
        'hosts: [{ name: a, addresses: [192.0.2.1, "2001:DB8::1"], roles: [worker, etcd, control-plane] }]\n',
    );
    expect(cluster.hosts[0]?.addresses.map(({ text }) => text)).toEqual(['2001:db8::1', '192.0.2.1']);
    expect(cluster.hosts[0]?.roles).toEqual(['etcd', 'control-plane', 'worker']);
    expect(cluster.endpoint.host).toBe('2001:db8::1');
    expect(cluster.network.clusterDNS[0]?.text).toBe('fd00:10:96::a');
  });

  test('the host wins over its roles, later roles over earlier ones, roles over the cluster', () => {
    const cluster = clusterOf(`apiVersion: hardway/v1
components:
  kubelet:
    args: { max-pods: 100, v: 1, housekeeping-interval: 10s }
    config: { maxPods: 100, evictionHard: { memory.available: 1Gi, nodefs.available: "10%" } }
roleDefaults:
  etcd: { labels: { tier: etcd, disk: ssd }, taints: ["role=etcd:NoSchedule"] }
  worker:
    labels: { tier: worker }
    components: { kubelet: { args: { v: 2 }, config: { evictionHard: { memory.available: 2Gi } } } }
hosts:
  - name: a
    address: 192.0.2.1
    roles: [worker, etcd, control-plane]
    labels: { gpu: true, version: 1.20 }
    taints: ["role=own:NoSchedule", "dedicated:NoExecute"]
    components: { kubelet: { args: { v: 3, housekeeping-interval: null } } }
`);
    const [own] = cluster.hosts;
    expect(own?.labels).toEqual({ tier: 'worker', disk: 'ssd', gpu: 'true', version: '1.20' });
    expect(own?.taints).toEqual([
      { key: 'role', value: 'own', effect: 'NoSchedule' },
      { key: 'dedicated', value: '', effect: 'NoExecute' },
    ]);
    expect(own?.components.kubelet.args).toEqual({
      'max-pods': '100',
      v: '3',
      'housekeeping-interval': null,
    });
    expect(own?.components.kubelet.config).toEqual({
      maxPods: 100,
      evictionHard: { 'memory.available': '2Gi', 'nodefs.available': '10%' },
    });
    expect(own?.components.apiserver).toEqual({ args: {}, config: {} });
  });

  test('sockets and proxies follow from the runtime', () => {
    const docker = (version: string) =>
      withHost(`kubernetes: { version: "${version}" }\nruntime: { type: docker }`).runtime.socket;
    expect(docker('1.23')).toBe('/var/run/dockershim.sock');
    expect(docker('1.24')).toBe('/run/cri-dockerd.sock');
    expect(withHost('runtime: { type: external, socket: /run/crio/crio.sock }').runtime.socket).toBe(
      '/run/crio/crio.sock',
    );
    expect(
      withHost('runtime: { proxy: { http: "http://u:p%40@proxy:3128", noProxy: [.example] } }').runtime.proxy,
    ).toEqual({
      http: 'http://u:p%40@proxy:3128',
      https: undefined,
      noProxy: ['.example'],
    });
  });

  test('what has a value of its own reaches the cluster', () => {
    const cluster = withHost(
      `cluster: { name: prod, dnsDomain: k8s.internal }
kubernetes: { logLevel: 4, featureGates: { NodeSwap: true } }
network: { nodeCIDRMaskSize: 25, nodePortRange: 20000-29999, clusterDNS: 10.96.0.53, proxy: { mode: iptables } }
endpoint: { host: "2001:DB8::9", port: 8443, mode: external }
etcd: { env: { ETCD_QUOTA_BACKEND_BYTES: 8589934592 } }
pki: { subject: { C: CN, ST: SiChuan }, extraSANs: ["2001:DB8::5", api.example, api.example] }
bootstrap: { method: token-secret, tokenTTL: 7d }
ssh: { user: deploy, port: 2222, identityFile: ~/.ssh/id_ed25519, become: true }
addons: { coredns: false }
hostsFile: { manage: false }`.replace('host: "2001:DB8::9"', 'host: 198.51.100.7'),
    );
    expect(cluster).toMatchObject({
      name: 'prod',
      kubernetes: { logLevel: 4, featureGates: { NodeSwap: true } },
      network: {
        nodeCIDRMaskSize: { ipv4: 25, ipv6: 64 },
        nodePortRange: { first: 20_000, last: 29_999 },
        clusterDNS: [{ text: '10.96.0.53' }],
      },
      endpoint: { host: '198.51.100.7', port: 8443, mode: 'external' },
      etcd: { env: { ETCD_QUOTA_BACKEND_BYTES: '8589934592' } },
      pki: { subject: { C: 'CN', ST: 'SiChuan' }, extraSANs: ['2001:db8::5', 'api.example'] },
      bootstrap: { tokenTTLSeconds: 604_800 },
      addons: { coredns: false, flannel: { backend: 'vxlan', directRouting: true } },
      hostsFile: { manage: false },
    });
  });

  test('sections whose keys are all commented out count as absent', () => {
    expect(
      withHost('network:\n  # serviceCIDR: 10.96.0.0/12\ncomponents:\n').network.serviceCIDRs[0]?.text,
    ).toBe('10.96.0.0/12');
  });
});

describe('one run lists everything', () => {
  test('shape and meaning together', () => {
    const text = `apiVersion: hardway/v1
network: { serviceCidr: 10.0.0.0/8, podCIDR: 10.96.0.0/16 }
kubernetes: { version: 1.20 }
security: { audit: on }
hosts:
  - { name: a, address: 192.0.2.1, roles: [etcd, control-plane] }
  - { name: a, address: 192.0.2.1, roles: [worker], labels: { node-role.kubernetes.io/x: "a b" } }
`;
    expect(codesOf(text)).toEqual([
      'unknown-key 2:12',
      'cidr-overlap 2:46',
      'unquoted-version 3:24',
      'wrong-type 4:20',
      'duplicate-host 7:13',
      'duplicate-address 7:25',
      'invalid-label 7:90',
    ]);
  });
});

describe('hostile input', () => {
  test('bytes that are not text', () => {
    expect(codesOf(Uint8Array.from([0xc3, 0x28]))).toEqual(['invalid-encoding 1:1']);
    expect(codesOf(Buffer.from('\ufeffapiVersion: x', 'utf16le'))).toEqual(['invalid-encoding 1:1']);
    expect(codesOf(Buffer.from(`\ufeffapiVersion: hardway/v1\r\nhosts:\r\n  - ${host}\r\n`))).toEqual([]);
    expect(codesOf('a: \ud800')).toEqual(['control-character 1:4']);
  });

  test('a file that is too large is not parsed', () => {
    expect(codesOf('a'.repeat(largestInventoryBytes + 1))).toEqual(['file-too-large 1:1']);
    expect(codesOf(new Uint8Array(10 * 1024 * 1024))).toEqual(['file-too-large 1:1']);
  });

  test.each([
    ['flow lists', '['.repeat(100_000)],
    ['flow maps', '{a: '.repeat(100_000)],
    ['block lists', '- '.repeat(100_000)],
    ['block maps', Array.from({ length: 2000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['explicit keys', '? '.repeat(50_000)],
    ['balanced', `apiVersion: ${'['.repeat(5000)}${']'.repeat(5000)}`],
  ])('deep nesting: %s', (_, text) => {
    const start = performance.now();
    expect(codesOf(text).length).toBeGreaterThan(0);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test('an alias bomb is refused where it begins', () => {
    const text = `a: &a [x, x]\n${'bcdefghi'
      .split('')
      .map((name, index) => `${name}: &${name} [*${'abcdefgh'[index]}, *${'abcdefgh'[index]}]`)
      .join('\n')}\n`;
    expect(codesOf(text)).toContain('unknown-key 1:1');
    expect(codesOf(`apiVersion: hardway/v1\ncluster: &a { name: *a }\nhosts: []\n`)).toContain(
      'yaml-alias 2:10',
    );
  });

  test('keys of JavaScript objects are ordinary unknown keys', () => {
    const text = `apiVersion: hardway/v1\n__proto__: { polluted: true }\nconstructor: x\ncluster: { toString: x }\nhosts:\n  - ${host}\n`;
    expect(codesOf(text)).toEqual(['unknown-key 2:1', 'unknown-key 3:1', 'unknown-key 4:12']);
    expect(
      codesOf(
        `apiVersion: hardway/v1\ncomponents: { kubelet: { args: { constructor: x }, config: { __proto__: { a: 1 } } } }\nhosts:\n  - ${host}\n`,
      ),
    ).toEqual(['unknown-flag 2:34', 'unknown-field 2:62']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('forty thousand mistakes are listed in time, and printed in part', () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `  k${index}: 1`).join('\n');
    const text = `apiVersion: hardway/v1\ncluster:\n${keys}\ncomponents:\n  kubelet:\n    args:\n${keys.replaceAll('  k', '      k')}\nhosts:\n  - ${host}\n`;
    const start = performance.now();
    const { source, diagnostics } = loadInventory(text, 'inventory.yaml');
    expect(diagnostics).toHaveLength(40_000);
    const printed = formatDiagnostics(source, diagnostics);
    expect(printed).toContain('... and 39900 more (39900 errors)');
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});

describe('size', () => {
  test('5,000 hosts load', () => {
    const hosts = Array.from({ length: 5000 }, (_, index) => {
      const roles = index < 3 ? 'etcd, control-plane' : 'worker';
      return `  - { name: node-${index}, address: 172.16.${index >> 8}.${index & 255}, roles: [${roles}], labels: { rack: r${index % 40} } }`;
    });
    const text = `apiVersion: hardway/v1\nnetwork: { podCIDR: 10.192.0.0/11 }\nhosts:\n${hosts.join('\n')}\n`;
    const { cluster, diagnostics } = loadInventory(Buffer.from(text), 'inventory.yaml');
    expect(diagnostics.map(({ severity }) => severity)).not.toContain('error');
    expect(cluster?.hosts).toHaveLength(5000);
  });
});

test('every code has a case or is tested here', () => {
  const folder = join(root, 'test/diagnostics');
  const shown = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => [
      ...readFileSync(join(folder, entry.name, 'expected.txt'), 'utf8').matchAll(/\[([a-z-]+)\]:/g),
    ])
    .map((match) => match[1]);
  // The versions compare with an earlier output: test/render/version-step.test.ts.
  const elsewhere = [
    // by the audit (test/render/audit.test.ts)
    'waiver-expired',
    'waiver-unused',
    'file-too-large',
    'invalid-encoding',
    // About files beside the inventory: test/unit/pki/external-etcd.test.ts, test/render/external-etcd.test.ts.
    'unreadable-file',
    // About manifests: test/render/addons.test.ts.
    'invalid-manifest',
    'duplicate-object',
    'invalid-pem',
    'certificate-refused',
    'certificate-expired',
    'key-mismatch',
    'exposed-key',
    // About the lock and the cache: test/render/binaries.test.ts.
    'missing-binaries',
    'version-downgrade',
    'version-skip',
  ];
  const missing = Object.keys(diagnosticCodes).filter(
    (code) => !shown.includes(code) && !elsewhere.includes(code),
  );
  expect(missing).toEqual([]);
});
