/** The tables of files and folders as data, and the plans that follow from them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { certificates } from '../../src/catalog/certificates.ts';
import { components } from '../../src/catalog/components.ts';
import { hostDirectories, hostFiles } from '../../src/catalog/host-files.ts';
import * as paths from '../../src/catalog/paths.ts';
import { units, users } from '../../src/catalog/requirements.ts';
import { templatesDir } from '../../src/lib/package-root.ts';
import type { FileSpec } from '../../src/model/file.ts';
import { manyPlans } from '../support/clusters.ts';

const rows = hostFiles.map((row) => [row.path, row] as const);

/** Programs and files of the distribution, whose folders are not ours to make. */
const systemFolders = [
  '/etc',
  '/etc/default',
  '/etc/containerd',
  '/etc/containerd/certs.d/docker.io',
  '/etc/docker',
  '/etc/haproxy',
  '/etc/keepalived',
  '/etc/modules-load.d',
  '/etc/sysctl.d',
  '/etc/systemd/system',
  '/etc/systemd/system/containerd.service.d',
  '/etc/systemd/system/docker.service.d',
  '/etc/systemd/system/keepalived.service.d',
  '/usr/local/sbin',
];

test('every path stands once, certificates included, but for an etcd of others', () => {
  const all = [
    ...hostFiles.filter((row) => row.when !== 'usesExternalEtcd').map((row) => row.path),
    ...certificates.flatMap(({ delivery: { kind, path } }) =>
      kind === 'files' ? [`${path}.crt`, `${path}.key`] : [path],
    ),
  ];
  expect(all.filter((path, index) => all.indexOf(path) !== index)).toEqual([]);
});

describe.each(rows)('%s', (path, row) => {
  test('stands where its template does, unless that is shared', () => {
    if (!('template' in row.source)) return;
    const { template } = row.source;
    expect(existsSync(join(templatesDir, template)), template).toBe(true);
    const name = template.split('/').at(-1) ?? '';
    if (!name.startsWith('_')) expect(`/${template.replace(/\.hbs$/, '')}`).toBe(path);
  });

  test('names units that one of its roles runs', () => {
    const run = units.filter((unit) => row.roles.includes(unit.role)).map((unit) => unit.name);
    expect(run).toEqual(expect.arrayContaining([...(row.services ?? [])]));
  });

  test('is owned by root or by a user that each of its roles makes', () => {
    if (row.owner === undefined || row.owner === 'root') return;
    for (const role of row.roles)
      expect(
        users.some((user) => user.role === role && user.name === row.owner),
        role,
      ).toBe(true);
  });

  test('is 0600 when it holds a secret, and never writable by others', () => {
    expect(row.mode & 0o022).toBe(0);
    if (!isSecret(row.source)) return;
    expect(row.mode).toBe(0o600);
    expect(row.placement ?? 'file').toBe('file');
  });

  test('merges fields of the inventory into YAML only', () => {
    if (row.overlay !== undefined) expect(path).toMatch(/\.yaml$/);
  });
});

function isSecret(source: (typeof hostFiles)[number]['source']): boolean {
  if ('authority' in source) return source.part === 'private-key';
  if ('externalEtcd' in source) return source.externalEtcd === 'private-key';
  if ('serviceAccount' in source) return source.serviceAccount === 'private';
  return readFileSync(join(templatesDir, source.template), 'utf8').includes('secrets.');
}

test('every template has a row, is shared, or belongs to the bundle', () => {
  const named = hostFiles.flatMap(({ source }) => ('template' in source ? [source.template] : []));
  const all = readdirSync(templatesDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(templatesDir, join(entry.parentPath, entry.name)))
    .filter((name) => !/^_/.test(name));
  expect(all.length).toBeGreaterThan(20);
  const alone = all.filter((name) => !named.includes(name));
  expect(alone.sort()).toEqual([
    'etc/containerd/_hosts.toml.hbs',
    'etc/kubernetes/_overrides.hbs',
    'etc/kubernetes/auth/_kubeconfig.hbs',
  ]);
});

test("every component's environment file and unit have rows with its role, and restart its unit", () => {
  for (const { envFile, envTemplate, unit, role } of components) {
    const env = hostFiles.find((row) => row.path === envFile);
    expect(env).toMatchObject({ source: { template: envTemplate }, roles: [role], services: [unit] });
    const own = hostFiles.find((row) => row.path === `${paths.systemdDir}/${unit}`);
    expect(own).toMatchObject({ roles: [role], services: [unit] });
  }
});

test("every unit of ours has a template, the distribution's have none", () => {
  const distributions = ['haproxy.service', 'keepalived.service'];
  for (const { name, start } of units) {
    const isOurs = start !== 'runtime' && !distributions.includes(name);
    expect(existsSync(join(templatesDir, `etc/systemd/system/${name}.hbs`)), name).toBe(isOurs);
  }
});

describe('folders', () => {
  test('parents stand before children', () => {
    hostDirectories.forEach(({ path }, index) => {
      const parentAfter = hostDirectories.findIndex((row) => path.startsWith(`${row.path}/`));
      expect(parentAfter, path).toBeLessThan(index);
    });
  });

  test('none is writable by others, and those of keys are closed to them', () => {
    for (const { path, mode } of hostDirectories) {
      expect(mode & 0o022, path).toBe(0);
      if (/\/(pki|auth|audit)(\/|$)/.test(path)) expect(mode & 0o007, path).toBe(0);
    }
  });
});

describe.each(manyPlans)('%s', (_, plan) => {
  const byPath = new Map(plan.directories.map((directory) => [directory.path, directory]));

  test('has each file and each folder once', () => {
    expect(new Set(plan.files.map((file) => file.path)).size).toBe(plan.files.length);
    expect(byPath.size).toBe(plan.directories.length);
  });

  test('keeps everything secret at 0600, readable for nobody but its owner', () => {
    const secrets = plan.files.filter(isSecretFile);
    // A load balancer passes TLS through and needs no key.
    expect(secrets.length === 0).toBe(plan.host.roles.join() === 'load-balancer');
    for (const file of secrets) expect(file.mode.toString(8), file.path).toBe('600');
  });

  test('gives files to users of this host, and restarts units of this host', () => {
    const names = ['root', ...plan.users.map((user) => user.name)];
    const running = plan.units.map((unit) => unit.name);
    for (const { path, owner, group, services } of [...plan.files, ...withoutServices(plan.directories)]) {
      expect(names, path).toContain(owner);
      expect(names, path).toContain(group);
      expect(running, path).toEqual(expect.arrayContaining([...services]));
    }
  });

  test('has every folder of its own, and lets the owner of a file reach it', () => {
    for (const { path, owner } of plan.files) {
      const folder = dirname(path);
      if (systemFolders.includes(folder)) continue;
      expect(byPath.has(folder), folder).toBe(true);
      for (let at = folder; at !== '/'; at = dirname(at)) {
        const directory = byPath.get(at);
        if (owner === 'root' || directory === undefined) continue;
        const bit = directory.owner === owner ? 0o100 : directory.group === owner ? 0o010 : 0o001;
        expect(directory.mode & bit, `${owner} into ${at}`).not.toBe(0);
      }
    }
  });

  test('holds no key of an authority unless it is a control plane, and then one', () => {
    const keys = plan.files.filter(
      ({ source }) => source.kind === 'authority' && source.part === 'private-key',
    );
    const isControlPlane = plan.host.roles.includes('control-plane');
    expect(keys.map((file) => file.path)).toEqual(isControlPlane ? ['/etc/kubernetes/pki/ca.key'] : []);
  });

  test('holds an administrator only as a control plane', () => {
    const admins = plan.files.filter(
      ({ source }) =>
        source.kind === 'kubeconfig' &&
        source.credential.kind === 'certificate' &&
        source.credential.id.endsWith('/admin'),
    );
    expect(admins.length).toBe(plan.host.roles.includes('control-plane') ? 1 : 0);
  });

  test('holds keys of this host only', () => {
    for (const { path, source } of plan.files) {
      if (source.kind === 'certificate') expect(source.id, path).toMatch(`hosts/${plan.host.name}/`);
      if (source.kind === 'kubeconfig' && source.credential.kind === 'certificate')
        expect(source.credential.id, path).toMatch(`hosts/${plan.host.name}/`);
    }
  });
});

function isSecretFile({ source }: FileSpec): boolean {
  switch (source.kind) {
    case 'kubeconfig':
    case 'extra-manifest':
      return true;
    case 'service-account':
      return source.part === 'private';
    case 'template':
      return isSecret({ template: source.template });
    default:
      return source.part === 'private-key';
  }
}

function withoutServices(directories: (typeof manyPlans)[number][1]['directories']) {
  return directories.map((directory) => ({ ...directory, services: [] as readonly string[] }));
}
