/** The smallest inventory there is, from its tarball to a running pod. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './support/eventually.ts';
import { saveJournalsOnFailure } from './support/evidence.ts';
import { webPod } from './support/image.ts';
import { exampleInventory, renderFor } from './support/inventory.ts';
import { applyObject, getObject, hasCondition, kubectl, type Operator } from './support/kubectl.ts';
import { closeLab, type Lab, openLab } from './support/lab.ts';
import { canBootHosts } from './support/needs.ts';
import { copyBundle, install, installer, mustSsh } from './support/ssh.ts';
import { createTimer, nowSeconds } from './support/timings.ts';
import { prepareWorker } from './support/worker.ts';

const inventory = exampleInventory('single.yaml');
const host = inventory.hosts[0]?.name ?? '';
const timer = createTimer('one host');

describe.skipIf(!canBootHosts())('one host', () => {
  let lab: Lab;
  let operator: Operator;
  let out = '';

  beforeAll(async () => {
    lab = await timer.time('boot the host', () => openLab(inventory.hosts));
    await timer.time('prepare the worker', () => prepareWorker(lab, host, '10.244.100.0/24'));
    const rendered = renderFor(lab, inventory);
    operator = { lab, kubeconfig: rendered.kubeconfig };
    out = rendered.out;
  });
  afterAll(async () => {
    timer.report();
    await closeLab(lab);
  });
  saveJournalsOnFailure(() => lab);

  it('goes from a tarball to a running pod', async () => {
    timer.zero();
    await timer.time('scp', () => copyBundle(lab, host, out));
    const begin = nowSeconds();
    const since = async (what: string, seconds: number, probe: () => Promise<unknown>): Promise<void> => {
      await eventually(what, seconds, probe, 250);
      timer.note(what, begin, nowSeconds());
    };
    const [said] = await Promise.all([
      timer.time('install.sh', () => install(lab, host)),
      since('API server ready', 90, () => kubectl(operator, ['get', '--raw', '/readyz'])).then(() =>
        since('pod accepted', 30, () => applyObject(operator, webPod('web'))),
      ),
    ]);
    expect(said).toContain('all units are active');
    await since('node Ready', 90, async () =>
      expect(hasCondition(await getObject(operator, `node/${host}`), 'Ready')).toBe(true),
    );
    await since('pod running', 90, async () =>
      expect((await getObject(operator, 'pod/web')).status.phase).toBe('Running'),
    );
    await since('pod Ready', 90, async () =>
      expect(hasCondition(await getObject(operator, 'pod/web'), 'Ready')).toBe(true),
    );
  });

  it('shows the roles of its node, which the kubelet may not set, and takes away what goes', async () => {
    const roles = async () =>
      (await kubectl(operator, ['get', 'node', host, '--no-headers'])).split(/\s+/)[2];
    await eventually('roles of the node', 60, async () =>
      expect(await roles()).toBe('control-plane,master,worker'),
    );
    const list = '/etc/kubernetes/node-labels';
    const unit = 'hardway-label-nodes.service';
    await mustSsh(
      lab,
      host,
      `sed -i.kept '/role.kubernetes.io\\/master=/d' ${list} && systemctl start ${unit}`,
    );
    expect(await roles()).toBe('control-plane,worker');
    await mustSsh(lab, host, `mv ${list}.kept ${list} && systemctl start ${unit}`);
    expect(await roles()).toBe('control-plane,master,worker');
    // A run that has nothing to do says nothing.
    const journal = await mustSsh(lab, host, `journalctl -q -o cat -u ${unit}`);
    expect(journal.trim().split('\n').length).toBeLessThan(8);
    expect(journal).toMatch(/labeled/);
  });

  it('is healthy by its own account', async () => {
    expect(await installer(lab, host, 'verify')).toMatchObject({ status: 0 });
    expect(await installer(lab, host, 'status')).toMatchObject({ status: 0 });
  });
});
