/** Trees of hosts on the disk, for the time of a test file. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { readInstallScript } from '../../src/assembly/pack.ts';
import { manifestText } from '../../src/bundle/manifest.ts';
import { templatesDir } from '../../src/lib/package-root.ts';
import type { Pki } from '../../src/model/certificate.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import { planHost } from '../../src/plan/plan.ts';
import { createRenderer } from '../../src/render/render.ts';
import { loadTemplates } from '../../src/render/template.ts';

/** Content by path on the host; a number after a blank is the mode: `/etc/a 0644`. */
export type Files = Readonly<Record<string, string>>;

/** A folder that is deleted after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hardway-existing-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files below a folder; private keys and kubeconfigs get 0600 unless a mode is given. */
export function writeFiles(root: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    const [path = '', mode] = name.split(' ');
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    const isSecret = /PRIVATE KEY|kind: Config\n/.test(content);
    chmodSync(file, mode === undefined ? (isSecret ? 0o600 : 0o644) : Number.parseInt(mode, 8));
  }
}

/** Writes a folder per host, called as the host is. */
export function writeHosts(folder: string, hosts: Readonly<Record<string, Files>>): string {
  for (const [name, files] of Object.entries(hosts)) writeFiles(join(folder, name), files);
  return folder;
}

/** The bundles of a cluster, unpacked: NAME/manifest, NAME/rootfs. */
export function writeBundles(folder: string, cluster: Cluster, pki: Pki): string {
  const render = createRenderer(pki, loadTemplates(templatesDir));
  for (const host of cluster.hosts) {
    const plan = planHost(cluster, host);
    const facts = {
      release: '0.0.0',
      clusterId: '0123456789abcdef',
      images: [],
      programs: { sources: [], programs: [] },
    };
    const files = render(plan).map(({ path, content, mode }) => ({ path, content, mode }));
    mkdirSync(join(folder, host.name), { recursive: true });
    writeFileSync(join(folder, host.name, 'manifest'), manifestText(plan, facts));
    writeFileSync(join(folder, host.name, 'install.sh'), readInstallScript());
    for (const { path, content, mode } of files) {
      const place = join(folder, host.name, 'rootfs', path);
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, content);
      chmodSync(place, mode);
    }
  }
  return folder;
}
