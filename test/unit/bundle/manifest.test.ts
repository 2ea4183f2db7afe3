/** Every statement has the shape that docs/manifest.md promises, and install.sh's own parser takes the whole. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clusterId, payloadEntries, wholeBundle } from '../../../src/bundle/bundle.ts';
import { manifestText, modeText } from '../../../src/bundle/manifest.ts';
import { templatesDir } from '../../../src/lib/package-root.ts';
import { authorityOf } from '../../../src/model/certificate.ts';
import { architectures } from '../../../src/model/cluster.ts';
import type { HostPlan } from '../../../src/model/plan.ts';
import { createRenderer } from '../../../src/render/render.ts';
import { loadTemplates } from '../../../src/render/template.ts';
import { projectRoot, temporaryFolder } from '../../support/cli.ts';
import { clusterOf, manyClusters, manyPlans, oneHost, pkiOf, planOf } from '../../support/clusters.ts';

const sum = 'a'.repeat(64);
const images = architectures.map((architecture) => ({
  architecture,
  file: `images-${architecture}.tar`,
  bytes: 3_000_000,
  sha256: sum,
  images: [{ name: 'registry.test:5000/a/b:1', digest: `sha256:${sum}`, source: 'https://registry.test' }],
}));
const facts = {
  release: '0.1.0',
  clusterId: '0123456789abcdef',
  programs: {
    sources: [
      { name: 'worker-amd64.tar.gz', sha256: sum, url: undefined },
      { name: 'kubectl', sha256: sum, url: 'https://dl.example/release/v1.20.2/bin/linux/amd64/kubectl' },
    ],
    programs: [
      {
        path: '/usr/local/bin/kubelet',
        unit: 'kubelet.service',
        sha256: sum,
        source: 'worker-amd64.tar.gz',
        member: 'kubelet',
      },
      { path: '/usr/local/bin/kubectl', unit: undefined, sha256: sum, source: 'kubectl', member: undefined },
    ],
  },
  images,
};
const word = '(?:-|[A-Za-z0-9._@:+%=,/~][A-Za-z0-9._@:+%=,/~-]*)';
const path = '(?:/(?!\\.{1,2}(?:/| |$))[A-Za-z0-9._@:+%=~-]+)+';
const unit = '[A-Za-z0-9][A-Za-z0-9:_.@-]*\\.(?:service|timer)';
const units = `(?:-|${unit}(?:,${unit})*)`;
const owner = '(?:root|etcd|kube):(?:root|etcd|kube)';

/** The table of docs/manifest.md. */
const shapes: Readonly<Record<string, string>> = {
  'hardway-manifest': '1',
  release: '[0-9.]+',
  cluster: '[a-z0-9.-]+',
  'cluster-id': '[0-9a-f]{16}',
  kubernetes: '\\d+\\.\\d+\\.\\d+',
  etcd: '\\d+\\.\\d+\\.\\d+',
  endpoint: '[0-9A-Za-z.:-]+ [1-9]\\d{0,4} (?:hosts|external|keepalived|haproxy|node-local)',
  bootstrap: '(?:token-file|token-secret|signed)',
  host: '[a-z0-9-]+',
  fqdn: '(?:-|[a-z0-9.-]+)',
  address: '[0-9a-f.:]+',
  arch: '(?:amd64|arm64)',
  role: '(?:etcd|control-plane|worker|load-balancer)',
  binary: `${path} (?:-|\\d+\\.\\d+\\.\\d+)`,
  archive: '[a-z0-9.-]+ [0-9a-f]{64}',
  download: '[a-z0-9.-]+ [0-9a-f]{64} https?://[A-Za-z0-9._/:-]+',
  program: `0[0-7]{3} ${owner} ${path} (?:-|${unit}) [0-9a-f]{64} [a-z0-9.-]+ (?:-|[A-Za-z0-9._/-]+)`,
  images: 'images-(?:amd64|arm64)\\.tar [0-9a-f]{64}',
  image: '[a-z0-9._:/@-]+ sha256:[0-9a-f]{64}',
  command: `[a-z0-9._+-]+ ${word} ${word}`,
  clock: '',
  swap: 'off',
  cgroup: '2',
  runtime: `(?:containerd|docker|external) (?:-|${unit}) (?:-|${path})`,
  port: `tcp [1-9]\\d{0,4} ${unit}`,
  space: `${path} \\d+`,
  peer: '[a-z0-9-]+ [0-9a-z.:-]+ [1-9]\\d{0,4}',
  module: '[a-z0-9_]+ (?:required|optional)',
  user: `[a-z_]+ ${path}`,
  data: path,
  generated: path,
  awaited: `${unit} ${path}`,
  dir: `0[0-7]{3} ${owner} ${path}`,
  file: `0[0-7]{3} ${owner} ${path} ${units}`,
  block: `0[0-7]{3} ${owner} ${path} ${units}`,
  unit: `${unit} (?:enable|reload|once|runtime)`,
};

function statements(plan: HostPlan): { name: string; rest: string }[] {
  const text = manifestText(plan, facts);
  expect(text.endsWith('\n') && !text.endsWith('\n\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => ({ name: line.split(' ')[0] ?? '', rest: line.split(' ').slice(1).join(' ') }));
}

test('docs/manifest.md has these statements and no others', () => {
  const text = readFileSync(join(projectRoot, 'docs/manifest.md'), 'utf8');
  const documented = [...text.matchAll(/^\| `([a-z-]+)[ `]/gm)].map(([, name]) => name);
  expect([...new Set(documented)].sort()).toEqual(Object.keys(shapes).sort());
});

test('together the clusters of these tests have every statement', () => {
  const seen = new Set(manyPlans.flatMap(([, plan]) => statements(plan).map(({ name }) => name)));
  expect([...seen].sort()).toEqual(Object.keys(shapes).sort());
});

describe.each(manyPlans)('%s', (_, plan) => {
  const all = statements(plan);
  const of = (name: string) => all.filter((one) => one.name === name).map(({ rest }) => rest);

  test('every statement has the shape of the table', () => {
    expect(all[0]).toEqual({ name: 'hardway-manifest', rest: '1' });
    for (const { name, rest } of all)
      expect(`${name} ${rest}`).toMatch(new RegExp(`^${name} ${shapes[name]}$`));
  });

  test('what stands once stands once, and nothing twice', () => {
    for (const name of ['release', 'cluster', 'cluster-id', 'kubernetes', 'host', 'fqdn', 'arch', 'clock']) {
      expect(of(name), name).toHaveLength(1);
    }
    expect(of('address').length).toBeGreaterThan(0);
    expect(new Set(all.map(({ name, rest }) => `${name} ${rest}`)).size).toBe(all.length);
    const paths = [...of('file'), ...of('block')].map((rest) => rest.split(' ')[2]);
    expect(new Set(paths).size).toBe(paths.length);
  });

  test('parents stand before children, and every unit that restarts has a statement', () => {
    const dirs = of('dir').map((rest) => rest.split(' ')[2] ?? '');
    for (const [index, dir] of dirs.entries()) {
      expect(dirs.slice(0, index).some((earlier) => earlier.startsWith(`${dir}/`))).toBe(false);
    }
    const known = of('unit').map((rest) => rest.split(' ')[0]);
    for (const rest of [...of('file'), ...of('block')]) {
      for (const name of (rest.split(' ')[3] ?? '-').split(','))
        if (name !== '-') expect(known).toContain(name);
    }
  });
});

describe('install.sh reads the bundles', () => {
  const folder = temporaryFolder('manifest');

  /** A bundle in a folder, as it is after unpacking. */
  async function unpacked(plan: HostPlan): Promise<string> {
    const pki = await pkiOf(plan.cluster);
    const files = createRenderer(pki, loadTemplates(templatesDir))(plan);
    const parts = {
      release: facts.release,
      binaries: { source: 'host' } as const,
      clusterId: clusterId(authorityOf(pki, 'kubernetes-ca').certificatePem),
      images,
    };
    const installScript = readFileSync(join(templatesDir, '_bundle/install.sh'));
    const bundle = mkdtempSync(join(folder, 'bundle-'));
    for (const { name, mode, content } of wholeBundle(payloadEntries(plan, files, parts), installScript)) {
      mkdirSync(dirname(join(bundle, name)), { recursive: true });
      writeFileSync(join(bundle, name), content, { mode });
    }
    return bundle;
  }

  function install(bundle: string, verb: string) {
    const root = mkdtempSync(join(folder, 'root-'));
    const { status, stdout, stderr } = spawnSync('bash', [join(bundle, 'install.sh'), verb, '--root', root], {
      encoding: 'utf8',
    });
    return { status, text: `${stdout}${stderr}` };
  }

  const hosts = Object.entries(manyClusters).flatMap(([title, cluster]) =>
    // One host of each kind is enough.
    [...new Map(cluster.hosts.map((host) => [host.roles.join(), host])).values()].map(
      (host) => [`${title}: ${host.name}`, planOf(cluster, host.name)] as const,
    ),
  );

  test.each(hosts)('%s', async (_, plan) => {
    const bundle = await unpacked(plan);
    for (const verb of ['verify', 'preflight']) {
      const { status, text } = install(bundle, verb);
      // 1: it understood the bundle and found that nothing is installed, or that programs are missing.
      expect([0, 1], text).toContain(status);
      expect(text).not.toContain('not whole');
    }
  });

  test.each([
    ['an unknown statement', (text: string) => `${text}frobnicate x\n`],
    ['a word too many', (text: string) => text.replace('clock\n', 'clock now\n')],
    ['a mode of three digits', (text: string) => text.replace(/^file 0/m, 'file ')],
  ])('but not with %s', async (_, change) => {
    const bundle = await unpacked(planOf(clusterOf(oneHost)));
    const manifest = join(bundle, 'manifest');
    const changed = change(readFileSync(manifest, 'utf8'));
    writeFileSync(manifest, changed);
    const sums = join(bundle, 'SHA256SUMS');
    const sum = spawnSync('sha256sum', [manifest], { encoding: 'utf8' }).stdout.slice(0, 64);
    writeFileSync(
      sums,
      readFileSync(sums, 'utf8').replace(/^[0-9a-f]{64} {2}manifest$/m, `${sum}  manifest`),
    );
    expect(install(bundle, 'verify').status).toBe(2);
  });
});

describe('a word that the manifest cannot carry stops the render', () => {
  const plan = planOf(clusterOf(oneHost));
  test.each(['two words', '', '-rf', 'a\nfile 0777 root:root /x -', 'a"b', '$(id)', 'ü', 'a\tb', '#'])(
    '%j',
    (odd) => {
      expect(() => manifestText({ ...plan, data: [odd] }, facts)).toThrow(/statement data/);
      expect(() => manifestText(plan, { ...facts, release: odd })).toThrow(/statement release/);
    },
  );
});

test('modeText', () => {
  expect([0o600, 0o755, 0o7, 0].map(modeText)).toEqual(['0600', '0755', '0007', '0000']);
});

test('clusterId depends on the key of the etcd authority alone', async () => {
  const [one, two] = [await pkiOf(clusterOf(oneHost)), await pkiOf(clusterOf(oneHost))];
  const pem = authorityOf(one, 'etcd-ca').certificatePem;
  expect(clusterId(pem)).toMatch(/^[0-9a-f]{16}$/);
  expect(clusterId(pem)).toBe(clusterId(pem));
  expect(clusterId(pem)).not.toBe(clusterId(authorityOf(two, 'etcd-ca').certificatePem));
});
