/** A host whose binaries come with the bundle: from nothing to Ready, and one binary alone changed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { publish, writeLockBeside } from '../support/binaries.ts';
import { clusterOf } from '../support/clusters.ts';
import { kubeBinaries } from '../support/requirements.ts';
import { eventually } from './support/eventually.ts';
import { saveJournalsOnFailure } from './support/evidence.ts';
import { exampleInventory, renderFor } from './support/inventory.ts';
import { getObject, hasCondition, type Operator } from './support/kubectl.ts';
import { closeLab, type Lab, openLab } from './support/lab.ts';
import { canBootHosts } from './support/needs.ts';
import { copyBundle, copyTo, install, installer, mustSsh, ssh } from './support/ssh.ts';
import { prepareWorker } from './support/worker.ts';

// Not where the lab has its own.
const dir = '/opt/hardway/bin';
const inventory = exampleInventory('single.yaml', [{ path: ['binaries'], value: { source: 'bundle', dir } }]);
const host = inventory.hosts[0]?.name ?? '';
const archives = ['etcd', 'control-plane', 'worker'].map((role) => `${role}-amd64.tar.gz`);

/** The real programs: etcd is Debian's, which calls itself another version. */
const programOf = (name: string): Buffer =>
  readFileSync(name.startsWith('etcd') ? `/usr/bin/${name}` : join(kubeBinaries() ?? '', name));

describe.skipIf(!canBootHosts())('binaries beside the bundle', () => {
  let lab: Lab;
  let operator: Operator;
  let out = '';

  /** Renders with what the cache of the test holds now, and copies everything to the host. */
  const renderAndCopy = async (program: (name: string) => Buffer): Promise<void> => {
    const cluster = clusterOf(inventory.text.replace(/^apiVersion:.*$/m, ''));
    const lock = publish(cluster, join(lab.folder, 'cache/hardway/binaries'), (_artefact, name) =>
      program(name),
    );
    writeLockBeside(join(lab.folder, 'inventory.yaml'), lock);
    const rendered = renderFor(lab, inventory);
    out = rendered.out;
    operator = { lab, kubeconfig: rendered.kubeconfig };
    await copyBundle(lab, host, out);
  };
  const copyArchives = async (): Promise<void> => {
    for (const archive of archives) await copyTo(lab, host, join(out, 'binaries', archive));
  };

  beforeAll(async () => {
    lab = await openLab(inventory.hosts);
    vi.stubEnv('XDG_CACHE_HOME', join(lab.folder, 'cache'));
    await prepareWorker(lab, host, '10.244.100.0/24');
    await renderAndCopy(programOf);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await closeLab(lab);
  });
  saveJournalsOnFailure(() => lab);

  it('is refused while an archive is missing or damaged', async () => {
    const { status, stdout } = await ssh(lab, host, `tar -xzf ${host}.tar.gz && ${host}/install.sh`);
    expect(status).toBe(1);
    for (const archive of archives)
      expect(stdout).toContain(`${archive}, which holds binaries of this host, is not there`);
    await copyArchives();
    await mustSsh(lab, host, 'truncate -s 1000000 worker-amd64.tar.gz');
    const damaged = await installer(lab, host, 'preflight');
    expect(damaged).toMatchObject({ status: 1 });
    expect(damaged.stdout).toMatch(
      /worker-amd64\.tar\.gz is not whole: SHA-256 is [0-9a-f]{64}, wanted [0-9a-f]{64}/,
    );
    expect((await ssh(lab, host, `ls ${dir} /var/lib/hardway`)).status).not.toBe(0);
  });

  it('becomes Ready with them', async () => {
    await copyArchives();
    expect(await install(lab, host)).toContain('all units are active');
    await eventually('node Ready', 90, async () =>
      expect(hasCondition(await getObject(operator, `node/${host}`), 'Ready')).toBe(true),
    );
    for (const unit of ['etcd', 'kube-apiserver', 'kubelet', 'kube-proxy']) {
      const pid = await mustSsh(lab, host, `systemctl show -p MainPID --value ${unit}`);
      expect((await mustSsh(lab, host, `readlink /proc/${pid.trim()}/exe`)).trim()).toBe(`${dir}/${unit}`);
    }
    expect(await installer(lab, host, 'verify')).toMatchObject({ status: 0 });
    expect(await install(lab, host)).toContain('0 created, 0 changed, 0 removed');
  });

  it('restarts the unit of a binary that alone is new, and gives it back', async () => {
    const newer = (name: string) =>
      name === 'kube-scheduler' ? Buffer.concat([programOf(name), Buffer.from('newer')]) : programOf(name);
    await renderAndCopy(newer);
    await copyArchives();
    expect(await install(lab, host)).toMatch(/started or restarted: kube-scheduler\.service$/m);
    expect(await installer(lab, host, 'rollback')).toMatchObject({ status: 0 });
    expect(
      await mustSsh(lab, host, `tail -c 5 ${dir}/kube-scheduler | tr -d '\\0' | grep -c newer || true`),
    ).toBe('0\n');
    expect((await mustSsh(lab, host, 'systemctl is-active kube-scheduler')).trim()).toBe('active');
  });
});
