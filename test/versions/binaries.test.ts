/**
 * The real v1.20.2 binaries, started with every command line and the files that it names: all of it
 * is taken, down to fields of configuration files, which are decoded strictly. They run as nobody,
 * in a network without anybody else, so they get no further than to where they miss etcd, the API
 * or root's rights.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { componentOf, components } from '../../src/catalog/components.ts';
import { type ComponentKey, componentKeys } from '../../src/model/cluster.ts';
import { temporaryFolder } from '../support/cli.ts';
import { clustersAt, planOf, renderedTexts } from '../support/clusters.ts';
import { canRun, findProgram, isRoot, kubeBinaries } from '../support/requirements.ts';
import { flagsIn } from './world.ts';

const nobody = 65534;
const folder = temporaryFolder('binaries');
const binaries = kubeBinaries() ?? '';
const clusters = Object.entries(clustersAt('1.20'));
const canNet = spawnSync('unshare', ['--net', 'true']).status === 0;
const isReady = canRun('command lines started', {
  'Kubernetes v1.20.2 binaries (KUBE_BIN_DIR)': binaries !== '',
  'root privileges': isRoot && canNet,
  'setpriv (Debian: util-linux)': findProgram('setpriv') !== undefined,
});

/** Where the files of a host lie here; the folders are those of the host below another root. */
function movedTo(root: string, text: string): string {
  const folders = ['/etc/kubernetes', '/var/lib/kubelet', '/var/lib/kube-proxy', '/var/log/kubernetes'];
  return folders.reduce((moved, path) => moved.replaceAll(path, `${root}${path}`), text);
}

interface Started {
  /** Null when it was still running after some seconds. */
  readonly status: number | null;
  readonly said: string;
}

/** Starts a component of a cluster; `change` may spoil its files first. */
async function start(
  title: string,
  key: ComponentKey,
  change: (path: string, text: string) => string = (_path, text) => text,
): Promise<Started> {
  const cluster = clusters.find(([name]) => name === title)?.[1];
  const { role, name } = componentOf(key);
  const host = cluster?.hosts.find(({ roles }) => roles.includes(role));
  if (cluster === undefined || host === undefined) throw new Error(`${title} has no ${name}`);
  const root = join(folder, `${title} ${key} ${Math.random()}`.replace(/\W+/g, '-'));
  for (const [path, text] of await renderedTexts(planOf(cluster, host.name))) {
    const file = `${root}${path}`;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, movedTo(root, change(path, text)));
    chownSync(file, nobody, nobody);
  }
  spawnSync('chown', ['-R', `${nobody}:${nobody}`, root]);
  spawnSync('chmod', ['755', folder]);
  const words = [...flagsIn(cluster, key)].map(([flag, value]) => movedTo(root, `--${flag}=${value}`));
  // What else it would want of the machine lies here too.
  const own = key === 'kubelet' ? [`--root-dir=${root}/var/lib/kubelet`, `--cert-dir=${root}/pki`] : [];
  const script = 'ip link set lo up; exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"';
  return ended(
    ['--net', 'sh', '-c', script, '-', `${binaries}/${name}`, ...words, ...own],
    root,
    goesOn[key],
  );
}

/** Runs a program to its end, or until it says what it is to say, but not for long. */
function ended(args: readonly string[], cwd: string, until: RegExp): Promise<Started> {
  return new Promise((resolve, reject) => {
    const child = spawn('unshare', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const note = (text: Buffer) => {
      said += text.toString();
      if (until.test(said)) child.kill('SIGKILL');
    };
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    const timer = setTimeout(() => child.kill('SIGKILL'), 40_000);
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve({ status, said });
    });
  });
}

/** What each of them says once it has taken its flags and files and goes on to what is not there. */
const goesOn: Readonly<Record<ComponentKey, RegExp>> = {
  apiserver: /dial tcp \S+:2379: connect: network is unreachable/,
  controllerManager: /error retrieving resource lock kube-system\/kube-controller-manager/,
  scheduler: /Failed to watch \*v1\.Pod/,
  // The first waits for a certificate, the second has one and then misses root's rights.
  kubelet: /Failed while requesting a signed certificate|failed to run Kubelet/,
  proxy: /Failed to retrieve node info/,
};
const refused =
  /unknown flag|invalid argument|failed to load Kubelet config|strict decod|lenient|unknown field|no such file or directory.*\.(?:conf|yaml|crt|key|csv)|error: (?:invalid|unknown)/i;

describe.skipIf(!isReady)('v1.20.2 takes', () => {
  test('as many shapes as there are', () => {
    expect(clusters.length).toBeGreaterThanOrEqual(6);
    expect(components.map(({ key }) => key).sort()).toEqual([...componentKeys].sort());
  });

  describe.each(clusters.map(([title]) => title))('%s', (title) => {
    test.concurrent.each(componentKeys)('%s', { timeout: 60_000 }, async (key) => {
      const { said } = await start(title, key);
      expect(said).not.toMatch(refused);
      expect(said).toMatch(goesOn[key]);
    });
  });

  const spoil = (file: string, line: string) => (path: string, text: string) =>
    path === file ? `${text}${line}\n` : text;
  const one = clusters[0]?.[0] ?? '';

  test.each([
    ['kubelet', '/var/lib/kubelet/config.yaml', 'noSuchField: 1', /lenient decoding.*noSuchField/s],
    ['proxy', '/var/lib/kube-proxy/config.yaml', 'noSuchField: 1', /lenient decoding.*noSuchField/s],
    ['apiserver', '/etc/kubernetes/encryption-config.yaml', 'noSuchField: [', /encryption provider/],
  ] as const)('and %s tells of a spoilt %s', { timeout: 60_000 }, async (key, file, line, reason) => {
    const { said } = await start(one, key, spoil(file, line));
    expect(said).toMatch(reason);
  });
});
