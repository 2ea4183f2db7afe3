/** A cluster from a kit alone, on hosts that have no route anywhere, no binaries and no images. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Artefact } from '../../src/binaries/artefacts.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { publish, writeLockBeside } from '../support/binaries.ts';
import { projectRoot } from '../support/cli.ts';
import { makeImage, pushImage } from '../support/oci.ts';
import { type RealRegistry, startRegistry } from '../support/registry.ts';
import { canRun, findProgram, kubeBinaries } from '../support/requirements.ts';
import { eventually } from './support/eventually.ts';
import { saveJournalsOnFailure } from './support/evidence.ts';
import { busyboxImage, pauseImage, webContainer } from './support/image.ts';
import { changed, exampleInventory } from './support/inventory.ts';
import { applyPod, getObject, hasCondition, listObjects, type Operator } from './support/kubectl.ts';
import { closeLab, execIn, type Lab, openLab, sshConfig } from './support/lab.ts';
import { canBootHosts } from './support/needs.ts';
import { mustRun, runProgram } from './support/process.ts';
import { mustSsh, ssh } from './support/ssh.ts';
import { createTimer } from './support/timings.ts';
import { prepareWithoutImages } from './support/worker.ts';

const timer = createTimer('a kit');
const hosts = [
  { name: 'allinone', address: '192.0.2.10', roles: ['etcd', 'control-plane', 'worker'] },
  { name: 'node01', address: '192.0.2.11', roles: ['worker'] },
];
const needs = {
  'docker-registry (Debian: docker-registry)': findProgram('docker-registry') !== undefined,
  'etcd (Debian: etcd-server)': findProgram('etcd') !== undefined,
  'etcdctl (Debian: etcd-client)': findProgram('etcdctl') !== undefined,
};

describe.skipIf(!canBootHosts() || !canRun('a cluster from a kit', needs))('a kit', () => {
  let lab: Lab;
  let registry: RealRegistry;
  let operator: Operator;
  let kit = '';
  let howto = '';

  beforeAll(async () => {
    lab = await timer.time('boot the hosts', () => openLab(hosts, undefined, []));
    for (const [index, { name }] of hosts.entries()) {
      await prepareWithoutImages(lab, name, `10.244.${100 + index}.0/24`);
      // What the lab's root has of etcd, an operator would have had to bring.
      await execIn(lab, name, 'rm /usr/local/bin/etcd /usr/local/bin/etcdctl; ip route del default');
    }
    registry = await startRegistry(lab.folder);
    await pushLabImage(lab, registry);
    ({ kit, operator } = await timer.time('hardway kit', () => makeKit(lab, registry)));
    await registry.close();
    howto = readFileSync(join(kit, 'HOWTO.txt'), 'utf8');
  });
  afterAll(async () => {
    timer.report();
    await closeLab(lab);
  });
  saveJournalsOnFailure(() => lab);

  it('comes to hosts that have nothing, and no way to get it', async () => {
    for (const { name } of hosts) {
      expect(await mustSsh(lab, name, 'ip route show default; ip -6 route show default')).toBe('');
      const found = await ssh(lab, name, 'command -v etcd kube-apiserver kubelet kube-proxy kubectl hardway');
      expect(found.stdout).toBe('');
      expect(await mustSsh(lab, name, 'ctr --namespace k8s.io images list -q')).toBe('');
    }
  });

  it('is refused where an archive has been damaged on its way, with both sums', async () => {
    await inKit(lab, kit, linesFor(howto, 'node01')[0] ?? '');
    const said = await ssh(
      lab,
      'node01',
      'truncate -s -1 images-amd64.tar && tar -xzf node01.tar.gz && cd node01 && ./install.sh; code=$?; cd && rm -rf node01*; exit $code',
    );
    const wanted = /^([0-9a-f]{64}) {2}images\/images-amd64\.tar$/m.exec(
      readFileSync(join(kit, 'SHA256SUMS'), 'utf8'),
    )?.[1];
    expect(said.status).toBe(1);
    expect(said.stdout).toMatch(
      new RegExp(`images-amd64\\.tar is not whole: SHA-256 is [0-9a-f]{64}, wanted ${wanted}`),
    );
    expect(said.stdout).toContain('nothing was changed');
  });

  it('makes a cluster, by what its how-to says and nothing else', async () => {
    await mustRun('sh', ['-c', `cd ${kit} && sha256sum --check --quiet SHA256SUMS`]);
    timer.zero();
    await Promise.all(
      hosts.map(async ({ name }) => {
        const [copy = '', install = ''] = linesFor(howto, name);
        await timer.time(`${name}: scp`, () => inKit(lab, kit, copy));
        const said = await timer.time(`${name}: install.sh`, () => inKit(lab, kit, install));
        expect(said).toContain('import images-amd64.tar: 2 image(s)');
      }),
    );
    await timer.time('nodes Ready', () =>
      eventually('all nodes are Ready', 240, async () => {
        const nodes = await listObjects(operator, 'nodes');
        expect(nodes.map((node) => [node.metadata.name, hasCondition(node, 'Ready')])).toEqual(
          hosts.map(({ name }) => [name, true]),
        );
      }),
    );
  });

  it('runs pods on every host, from its images', async () => {
    for (const { name } of hosts) {
      const spec = { nodeName: name, containers: [webContainer] };
      await applyPod(operator, { apiVersion: 'v1', kind: 'Pod', metadata: { name: `web-${name}` }, spec });
    }
    for (const { name } of hosts) {
      await eventually(`web-${name} is Ready`, 120, async () =>
        expect(hasCondition(await getObject(operator, `pod/web-${name}`), 'Ready')).toBe(true),
      );
      const images = await mustSsh(lab, name, 'ctr --namespace k8s.io images list -q');
      expect(images.split('\n')).toEqual(expect.arrayContaining([pauseImage, busyboxImage]));
    }
  });

  it('installs twice as once, without the archives too', async () => {
    for (const { name } of hosts) {
      const again = await mustSsh(lab, name, `rm -f *.tar *-amd64.tar.gz && cd ${name} && ./install.sh`);
      expect(again).toMatch(
        /done: 0 created, 0 changed, 0 removed, \d+ unchanged; started or restarted: nothing/,
      );
      expect(again).not.toContain('import');
    }
  });

  it('brings the command, which runs on a host as it is', async () => {
    await mustRun('scp', ['-q', '-F', sshConfig(lab), join(kit, 'hardway'), 'node01:']);
    const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
    expect(await mustSsh(lab, 'node01', 'env -i ./hardway --version')).toBe(`${version}\n`);
    expect(
      await mustSsh(lab, 'node01', 'env -i ./hardway init | env -i ./hardway validate - 2>&1'),
    ).toContain('no errors');
  });
});

/** The lines of the how-to for a host: one copies, one installs. */
function linesFor(howto: string, name: string): string[] {
  const over = howto.slice(howto.indexOf('Over ssh'), howto.indexOf('With a USB stick'));
  return over.split('\n').filter((line) => /^ {2}(scp|ssh) /.test(line) && line.includes(`${name}.tar.gz`));
}

/** Runs a line of the how-to in the kit; only the way into the lab's network is added. */
async function inKit(lab: Lab, kit: string, line: string): Promise<string> {
  const reaching = line.trim().replace(/^(scp|ssh) /, `$1 -q -F ${sshConfig(lab)} `);
  return mustRun('sh', ['-c', `cd ${kit} && ${reaching}`], { timeoutSeconds: 240 });
}

/** The one image of the lab, under both of its names, in a registry. */
async function pushLabImage(lab: Lab, registry: RealRegistry): Promise<void> {
  const work = join(lab.folder, 'image');
  mkdirSync(work);
  await mustRun('scp', [
    '-q',
    '-F',
    sshConfig(lab),
    `${hosts[0]?.name}:/usr/local/share/lab/image.tar`,
    work,
  ]);
  execFileSync('tar', ['-xf', join(work, 'image.tar'), '-C', work]);
  const { config } = JSON.parse(readFileSync(join(work, 'config.json'), 'utf8'));
  const image = makeImage(readFileSync(join(work, 'layer.tar')), ['amd64'], { config });
  for (const name of [pauseImage, busyboxImage]) {
    const [repository = '', tag = ''] = name.replace('hardway.test/', '').split(':');
    await pushImage(registry.url, repository, tag, image);
  }
}

/** Makes the kit with the single file, so that it is in the kit too. */
async function makeKit(lab: Lab, registry: RealRegistry): Promise<{ kit: string; operator: Operator }> {
  const program = join(lab.folder, 'hardway');
  await mustRun(process.execPath, [join(projectRoot, 'packaging/binary.mjs'), '--out', program]);
  const { text } = changed(exampleInventory('single.yaml').text, [
    { path: ['hosts'], value: hosts },
    { path: ['runtime', 'registryMirrors'], value: { 'hardway.test': [registry.url] } },
  ]);
  const inventory = join(lab.folder, 'inventory.yaml');
  writeFileSync(inventory, text);
  const { cluster } = loadInventory(text.concat('\nbinaries: { source: bundle }\n'), inventory);
  if (cluster === undefined) throw new Error('the inventory has errors');
  const cache = join(lab.folder, 'cache');
  writeLockBeside(inventory, publish(cluster, join(cache, 'binaries'), realProgram));
  const kit = join(lab.folder, 'kit');
  const made = await runProgram(
    program,
    [
      'kit',
      inventory,
      '--out',
      kit,
      '--binaries-dir',
      join(cache, 'binaries'),
      '--images-cache',
      join(cache, 'images'),
      '--image',
      busyboxImage,
    ],
    { env: { XDG_CACHE_HOME: cache }, timeoutSeconds: 300 },
  );
  if (made.status !== 0) throw new Error(`hardway kit ended with ${made.status}:\n${made.stderr}`);
  const kubeconfig = join(lab.folder, 'operator.conf');
  writeFileSync(kubeconfig, await mustRun(program, ['kubeconfig', inventory]), { mode: 0o600 });
  copyFileSync(join(kit, 'HOWTO.txt'), join(lab.folder, 'HOWTO.txt'));
  return { kit, operator: { lab, kubeconfig } };
}

/** The official binaries of Kubernetes, and Debian's of etcd. */
function realProgram(_artefact: Artefact, name: string): Buffer {
  const file = name.startsWith('etcd') ? findProgram(name) : `${kubeBinaries()}/${name}`;
  return readFileSync(file ?? '');
}
