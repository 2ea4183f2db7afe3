/** The lab itself: hosts come, go and come back, and nothing stays when its owner is killed. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './support/eventually.ts';
import {
  closeLab,
  cutPower,
  execIn,
  type Lab,
  openLab,
  runAsOperator,
  startHost,
  stopHost,
} from './support/lab.ts';
import { canBootHosts } from './support/needs.ts';
import { mustRun } from './support/process.ts';
import { mustSsh, ssh } from './support/ssh.ts';

const host = { name: 'alone', address: '192.0.2.77' };

describe.skipIf(!canBootHosts())('a host of the lab', () => {
  let lab: Lab;
  const boots = () => mustSsh(lab, host.name, 'journalctl --quiet --list-boots --no-pager | wc -l');

  beforeAll(async () => {
    lab = await openLab([host]);
  });
  afterAll(() => closeLab(lab));

  it('has its disk again after a power cut, and after a shutdown', async () => {
    await execIn(lab, host.name, 'echo kept >/etc/kept && sync');
    for (const [count, putOff] of [
      [2, cutPower],
      [3, stopHost],
    ] as const) {
      await putOff(lab, host.name);
      expect((await ssh(lab, host.name, 'true', 20)).status).not.toBe(0);
      await startHost(lab, host.name);
      expect(await mustSsh(lab, host.name, 'cat /etc/kept')).toBe('kept\n');
      expect(Number(await boots())).toBe(count);
    }
  });

  it('falls silent with a power cut: nobody hears that a connection is over', async () => {
    const connected = runAsOperator(lab, ['timeout', '8', 'nc', '-d', host.address, '22']);
    await sleep(1000);
    await cutPower(lab, host.name);
    // 124: timeout(1) had to end it.
    expect(await connected).toMatchObject({ status: 124, stdout: expect.stringContaining('SSH-2.0') });
  });
});

describe.skipIf(!canBootHosts())('a lab whose owner is killed', () => {
  it('is gone soon after, with all that it had', async () => {
    const owner = spawn('sleep', ['600']);
    const lab = await openLab([host], [owner.pid ?? 0]);
    const traces = async () => ({
      folder: existsSync(`/var/tmp/hardway-e2e-${lab.id}`),
      mounts: readFileSync('/proc/mounts', 'utf8').includes(`hardway-e2e-${lab.id}`),
      networks: (await mustRun('ip', ['netns', 'list'])).includes(`hardway-e2e-${lab.id}-`),
      groups: await mustRun('find', ['/sys/fs/cgroup', '-name', `hardway-e2e-${lab.id}`]),
    });
    expect(await traces()).toMatchObject({ folder: true, mounts: true, networks: true });
    expect((await traces()).groups).not.toBe('');
    owner.kill('SIGKILL');
    await eventually('nothing of the lab is left', 30, async () =>
      expect(await traces()).toEqual({ folder: false, mounts: false, networks: false, groups: '' }),
    );
  });
});
