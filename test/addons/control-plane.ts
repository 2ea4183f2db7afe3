/**
 * A real etcd and a real API server from the bundle of a cluster's only host, below a folder and
 * in a network of their own that has the host's addresses.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadInventory } from '../../src/inventory/load.ts';
import { render } from '../support/cli.ts';
import { kubeBinaries, run } from '../support/requirements.ts';
import { flagsIn } from '../versions/world.ts';

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ControlPlane {
  /** The host's files, as `/` is on the host. */
  readonly root: string;
  readonly kubectl: (args: readonly string[], input?: string) => Outcome;
  /** hardway-apply-addons as the host has it, to its end. */
  readonly applyAddons: () => Outcome;
  /** The same, left to itself; ends with `stop`. */
  readonly keepApplyingAddons: () => void;
  readonly stop: () => Promise<void>;
}

const moved = [
  '/etc/kubernetes',
  '/etc/etcd',
  '/etc/default',
  '/var/log/kubernetes',
  '/var/lib/etcd',
  '/var/lib/hardway',
];

/** Renders FOLDER/inventory.yaml and starts its first host, which has the address 192.0.2.1 or 2001:db8::1. */
export async function startControlPlane(folder: string): Promise<ControlPlane> {
  const inventory = join(folder, 'inventory.yaml');
  const { cluster } = loadInventory(readFileSync(inventory), inventory);
  const [host] = cluster?.hosts ?? [];
  if (cluster === undefined || host === undefined) throw new Error(`${inventory} has errors`);
  const { out } = render(inventory, folder);
  run('tar', ['-xzf', join(out, `bundles/${host.name}.tar.gz`), '-C', folder]);
  const root = join(folder, host.name, 'rootfs');
  const inRoot = (text: string) =>
    moved
      .reduce((all, path) => all.replaceAll(new RegExp(`(?<![\\w/.-])${path}`, 'g'), `${root}${path}`), text)
      .replaceAll('/usr/local/bin/kubectl', `${kubeBinaries()}/kubectl`);
  for (const file of filesBelow(root)) writeFileSync(file, inRoot(readFileSync(file, 'utf8')));
  for (const path of ['var/log/kubernetes/audit', 'var/lib/etcd', 'var/lib/hardway'])
    mkdirSync(join(root, path), { recursive: true });

  const children: ChildProcess[] = [];
  const log = openSync(join(folder, 'log'), 'a');
  const start = (program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const child = spawn(program, args, {
      stdio: ['ignore', log, log],
      env: { PATH: process.env.PATH, ...env },
    });
    children.push(child);
    return child;
  };
  const network = start('unshare', ['--net', 'sleep', 'infinity']);
  const inside = (args: readonly string[]) => [`--net=/proc/${network.pid}/ns/net`, ...args];
  // Until then it is in the network of this machine, which is none of the test's business.
  const own = readlinkSync('/proc/self/ns/net');
  while (readlinkSync(`/proc/${network.pid}/ns/net`) === own) await sleep(20);
  run('nsenter', inside(['ip', 'link', 'set', 'lo', 'up']));
  for (const { text } of host.addresses) run('nsenter', inside(['ip', 'addr', 'add', text, 'dev', 'lo']));
  start('nsenter', inside(['etcd']), variables(readFileSync(join(root, 'etc/default/etcd'), 'utf8')));
  const flags = [...flagsIn(cluster, 'apiserver')].map(([flag, value]) => inRoot(`--${flag}=${value}`));
  start('nsenter', inside([`${kubeBinaries()}/kube-apiserver`, ...flags]));

  const kubectl = (args: readonly string[], input = '') => {
    const options = [
      `--kubeconfig=${root}/etc/kubernetes/auth/admin.conf`,
      '--server=https://127.0.0.1:6443',
      '--request-timeout=20s',
    ];
    const cache = `--cache-dir=${folder}/cache`;
    return spawnSync('nsenter', inside([`${kubeBinaries()}/kubectl`, ...options, cache, ...args]), {
      encoding: 'utf8',
      input,
      maxBuffer: 64 * 1024 * 1024,
    });
  };
  const script = join(root, 'usr/local/sbin/hardway-apply-addons');
  const stop = async () => {
    const running = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    const ended = running.map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of running.reverse()) child.kill('SIGKILL');
    await Promise.all(ended);
  };
  try {
    await until('an API server', () => kubectl(['get', '--raw', '/readyz']));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    root,
    kubectl,
    applyAddons: () => spawnSync('nsenter', inside(['bash', script]), { encoding: 'utf8', timeout: 60_000 }),
    keepApplyingAddons: () => start('nsenter', inside(['bash', script])),
    stop,
  };
}

/** Asks until a program ends with 0, three minutes at most: a busy machine is slow. */
async function until(what: string, ask: () => Outcome): Promise<void> {
  const end = Date.now() + 180_000;
  for (;;) {
    const { status, stdout, stderr } = ask();
    if (status === 0) return;
    if (Date.now() > end) throw new Error(`no ${what}: ${stdout}${stderr}`);
    await sleep(250);
  }
}

function filesBelow(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
}

function variables(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^(ETCD_\w+)="(.*)"$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
}
