// A small bundle for one host, made in a temporary folder, and ways to run its install.sh.
// What goes in: files, blocks and statements. Nothing here touches the machine itself:
// every run is given `--root`, or is started inside namespaces of its own (see live.test.ts).
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

export const SCRIPT = fileURLToPath(new URL('../../templates/_bundle/install.sh', import.meta.url));
export const isRoot = process.getuid?.() === 0;
export const machineArch = process.arch === 'arm64' ? 'arm64' : 'amd64';

export interface FileEntry {
  readonly path: string;
  readonly content: string;
  readonly mode?: string;
  readonly owner?: string;
  readonly units?: string;
  readonly kind?: 'file' | 'block';
}

export interface BundleSpec {
  readonly host?: string;
  readonly arch?: string;
  readonly files?: readonly FileEntry[];
  readonly statements?: readonly string[];
}

export const ETCD_UNIT =
  '[Unit]\nDescription=etcd\n[Service]\nExecStart=/usr/local/bin/etcd\n[Install]\nWantedBy=multi-user.target\n';
export const HOSTS_BLOCK = '# BEGIN hardway: kubernetes\n10.0.0.1 node01 node01.example.com\n# END hardway\n';

export const DEFAULT_FILES: readonly FileEntry[] = [
  { path: '/etc/default/etcd', content: 'ETCD_NAME=node01\n', units: 'etcd.service' },
  {
    path: '/etc/etcd/pki/server.key',
    content: 'a key\n',
    mode: '0600',
    owner: 'etcd:etcd',
    units: 'etcd.service',
  },
  { path: '/etc/kubernetes/config', content: 'KUBE_LOG_LEVEL=--v=2\n' },
  { path: '/etc/systemd/system/etcd.service', content: ETCD_UNIT, units: 'etcd.service' },
  { path: '/etc/kubernetes/addons/coredns.yaml', content: 'kind: List\n' },
  { path: '/etc/hosts', content: HOSTS_BLOCK, kind: 'block' },
];

export const DEFAULT_STATEMENTS: readonly string[] = [
  'role etcd',
  'user etcd /var/lib/etcd',
  'data /var/lib/etcd/k8s-etcd',
  'dir 0755 root:root /etc/etcd',
  'dir 0750 root:etcd /etc/etcd/pki',
  'dir 0700 etcd:etcd /var/lib/etcd',
  'dir 0700 etcd:etcd /var/lib/etcd/k8s-etcd',
  'unit etcd.service enable',
  'unit kubernetes-addons.service once',
];

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Removed after the tests of the file. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'hardway-install-'));
  folders.push(folder);
  return folder;
};

const manifestOf = (spec: BundleSpec): string => {
  const head = [
    'hardway-manifest 1',
    '# a fixture',
    'release 0.1.0',
    'cluster kubernetes',
    'kubernetes 1.20.2',
    `host ${spec.host ?? 'node01'}`,
    `fqdn ${spec.host ?? 'node01'}.example.com`,
    'address 10.0.0.1',
    `arch ${spec.arch ?? machineArch}`,
  ];
  const files = (spec.files ?? DEFAULT_FILES).map(
    (f) => `${f.kind ?? 'file'} ${f.mode ?? '0644'} ${f.owner ?? 'root:root'} ${f.path} ${f.units ?? '-'}`,
  );
  return `${[...head, ...(spec.statements ?? DEFAULT_STATEMENTS), ...files].join('\n')}\n`;
};

const write = (path: string, content: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
};

/** Writes a file of a root, with the folders above it. */
export const put = (root: string, path: string, content: string): void => write(join(root, path), content);

/** The bytes of a file of a root. */
export const read = (root: string, path: string): string => readFileSync(join(root, path), 'latin1');

/** Writes the sums anew, as a render would: for tests that forge the rest on purpose. */
export const sumUp = (bundle: string): void => {
  const lines: string[] = [];
  const add = (path: string): void => {
    lines.push(
      `${createHash('sha256')
        .update(readFileSync(join(bundle, path)))
        .digest('hex')}  ${path}`,
    );
  };
  for (const entry of readdirSync(join(bundle, 'rootfs'), { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) add(join(entry.parentPath, entry.name).slice(bundle.length + 1));
  }
  add('manifest');
  write(join(bundle, 'SHA256SUMS'), `${lines.sort().join('\n')}\n`);
};

/** A bundle's folder. */
export const makeBundle = (spec: BundleSpec = {}): string => {
  const bundle = temporaryFolder();
  mkdirSync(join(bundle, 'rootfs'));
  for (const file of spec.files ?? DEFAULT_FILES) write(join(bundle, 'rootfs', file.path), file.content);
  write(join(bundle, 'manifest'), manifestOf(spec));
  copyFileSync(SCRIPT, join(bundle, 'install.sh'));
  chmodSync(join(bundle, 'install.sh'), 0o755);
  sumUp(bundle);
  return bundle;
};

/** A root as a fresh host has it: a few files of its own. */
export const makeRoot = (hosts = '127.0.0.1 localhost\n'): string => {
  const root = temporaryFolder();
  write(join(root, 'etc/hosts'), hosts);
  write(join(root, 'etc/hostname'), 'node01\n');
  write(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/bash\n');
  write(join(root, 'etc/group'), 'root:x:0:\n');
  mkdirSync(join(root, 'var/lib'), { recursive: true });
  return root;
};

export interface Result {
  readonly status: number | null;
  readonly signal: string | null;
  readonly out: string;
}

const result = (child: SpawnSyncReturns<string>): Result => ({
  status: child.status,
  signal: child.signal,
  out: child.stdout + child.stderr,
});

/** Runs the bundle's install.sh as it is, without a terminal. */
export const run = (bundle: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Result =>
  result(
    spawnSync('bash', [join(bundle, 'install.sh'), ...args], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );

/**
 * The environment in which a run of install.sh kills itself before its first command for which a shell
 * condition holds: BASH_ENV lays a DEBUG trap under the unchanged script.
 */
export const killedWhen = (condition: string): NodeJS.ProcessEnv => {
  const trap = join(temporaryFolder(), 'trap.sh');
  writeFileSync(trap, `set -T; trap '{ ${condition}; } 2>/dev/null && kill -KILL $$' DEBUG\n`);
  return { BASH_ENV: trap };
};

/** What a root holds: path -> type, mode, owner and content; without our own notes, the log and user tables. */
export const tree = (root: string): Record<string, string> => {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(root.length);
    if (/^\/var\/lib\/hardway(\/|$)|^\/var\/log|^\/etc\/(passwd|group)$/.test(name)) continue;
    const stat = lstatSync(path);
    const mode = `${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid}`;
    if (entry.isSymbolicLink()) found[name] = `link ${readlinkSync(path)}`;
    else if (entry.isDirectory()) found[name] = `dir ${mode}`;
    else found[name] = `file ${mode} ${readFileSync(path, 'latin1')}`;
  }
  return Object.fromEntries(Object.entries(found).sort());
};

/** Inode and times of everything: what a run that changes nothing must leave alone. */
export const stamps = (root: string): Record<string, string> => {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (/\/var\/log\/|\/var\/lib\/hardway\/lock$/.test(path)) continue;
    const stat = lstatSync(path);
    found[path.slice(root.length)] = `${stat.ino} ${stat.mtimeMs} ${stat.ctimeMs}`;
  }
  return found;
};
