/** A real etcd with a cluster's certificates, and its host's scripts, below a temporary folder. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as paths from '../../src/catalog/paths.ts';
import { clusterOf, planOf, renderedTexts } from '../support/clusters.ts';
import { findProgram } from '../support/requirements.ts';

export interface Member {
  readonly folder: string;
  readonly data: string;
  readonly snapshots: string;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  /** Runs etcdctl against it; throws when that fails. */
  readonly etcdctl: (...args: readonly string[]) => string;
  /** Runs a script of the host. */
  readonly run: (script: 'backup' | 'restore', args?: readonly string[]) => Result;
  /** The script, to run it with something changed. */
  readonly scriptPath: (script: 'backup' | 'restore') => string;
  /** Puts a program before all others; `undefined` takes it away. */
  readonly standIn: (name: string, text: string) => void;
}

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const keep = 3;

/** Files of one etcd host, its places moved below a folder and its port to a free one. */
export async function createMember(folder: string): Promise<Member> {
  const cluster = clusterOf(
    `etcd: { backup: { keep: ${keep}, dir: /srv/snapshots }, dataDir: /srv/data }`,
    'binaries: { dir: /opt/programs }',
    'hosts: [{ name: m-1, address: 127.0.0.1, roles: [etcd, control-plane] }]'.replace(
      '127.0.0.1',
      '192.0.2.1',
    ),
  );
  const [client, peer] = [await freePort(), await freePort()];
  const moved = (text: string) =>
    text
      .replaceAll('192.0.2.1', '127.0.0.1')
      .replaceAll(':2379', `:${client}`)
      .replaceAll(':2380', `:${peer}`)
      .replaceAll(/(\/etc\/etcd\/pki|\/etc\/default\/etcd|\/srv\/|\/opt\/programs)/g, `${folder}$1`)
      .replace('PATH=/usr/local/sbin', `PATH=${folder}/stand-ins`);
  for (const [path, text] of await renderedTexts(planOf(cluster))) {
    if (!/^\/(etc\/etcd|etc\/default|usr\/local\/sbin\/hardway-etcd)/.test(path)) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), moved(text), { mode: 0o700 });
  }
  for (const name of ['stand-ins', 'opt/programs', 'srv']) mkdirSync(join(folder, name), { recursive: true });
  const data = join(folder, 'srv/data');
  const snapshots = join(folder, 'srv/snapshots');
  mkdirSync(data, { mode: 0o700 });
  mkdirSync(snapshots, { mode: 0o700 });
  const program = (name: string, text: string, below: string) => {
    writeFileSync(join(folder, below, name), text);
    chmodSync(join(folder, below, name), 0o755);
  };
  program('etcdctl', `#!/bin/bash\nexec ${findProgram('etcdctl')} "$@"\n`, 'opt/programs');
  program('systemctl', '#!/bin/bash\necho ActiveState=inactive\n', 'stand-ins');

  const pki = join(folder, paths.etcdPki);
  let child: ChildProcess | undefined;
  const scriptPath = (script: string) => join(folder, `/usr/local/sbin/hardway-etcd-${script}`);
  const etcdctl = (...args: readonly string[]): string => {
    const options = [
      `--endpoints=https://127.0.0.1:${client}`,
      `--cacert=${pki}/ca.crt`,
      `--cert=${pki}/client.crt`,
      `--key=${pki}/client.key`,
    ];
    const result = spawnSync('etcdctl', [...options, ...args], {
      encoding: 'utf8',
      env: { ...process.env, ETCDCTL_API: '3' },
      maxBuffer: 64 * 1024 * 1024,
    });
    if (result.status !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  };
  const start = async () => {
    const env = variables(readFileSync(join(folder, paths.etcdEnv), 'utf8'));
    // The certificates are for the documentation's address; only loopback is tested here.
    child = spawn('etcd', [], { env: { PATH: process.env.PATH, ...env }, stdio: 'ignore' });
    for (let tries = 0; ; tries++) {
      try {
        etcdctl('--command-timeout=1s', 'endpoint', 'health');
        return;
      } catch (error) {
        if (tries > 40) throw error;
        await sleep(250);
      }
    }
  };
  const stop = async () => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGTERM');
    await ended;
  };
  const run = (script: 'backup' | 'restore', args: readonly string[] = []): Result =>
    spawnSync('bash', [scriptPath(script), ...args], { encoding: 'utf8', cwd: snapshots });
  const standIn = (name: string, text: string) =>
    program(name, text, name.startsWith('etcd') ? 'opt/programs' : 'stand-ins');
  return { folder, data, snapshots, start, stop, etcdctl, run, scriptPath, standIn };
}

function variables(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^(ETCD_\w+)="(.*)"$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
