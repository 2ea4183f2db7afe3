/** Snapshots of etcd and the way back, step by step as docs/etcd-backup.md has them; and a control plane on an etcd of others. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  copyFrom,
  loadedOn,
  renderClient,
  renderMembers,
  startLoad,
  type Write,
  withEtcdctl,
} from './support/etcd.ts';
import { eventually } from './support/eventually.ts';
import { saveJournalsOnFailure } from './support/evidence.ts';
import { closeLab, type Lab, type LabHost, openLab } from './support/lab.ts';
import { canBootHosts } from './support/needs.ts';
import { copyBundle, copyTo, install, installer, mustSsh, ssh } from './support/ssh.ts';
import { createTimer } from './support/timings.ts';

const members: readonly LabHost[] = [1, 2, 3].map((number) => ({
  name: `etcd${number}`,
  address: `192.0.2.${10 + number}`,
}));
const client: LabHost = { name: 'plane', address: '192.0.2.20' };
const [first, second, third] = members.map(({ name }) => name) as [string, string, string];
const keep = 3;
const dir = '/var/backups/etcd';
const data = '/var/lib/etcd/k8s-etcd';
const timer = createTimer('snapshots of etcd');

describe.skipIf(!canBootHosts())('snapshots of etcd, and the way back', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await timer.time('boot the hosts', () => openLab([...members, client]));
    const cluster = renderMembers(lab, members, keep);
    const plane = renderClient(lab, client, members, cluster.pki);
    await Promise.all([
      ...members.map(({ name }) => copyBundle(lab, name, cluster.out)),
      copyBundle(lab, client.name, plane.out),
    ]);
  });
  afterAll(async () => {
    timer.report();
    await closeLab(lab);
  });
  saveJournalsOnFailure(() => lab);

  const onAll = (command: string) => Promise.all(members.map(({ name }) => mustSsh(lab, name, command)));
  const healthy = () =>
    eventually('all members are healthy', 60, () =>
      mustSsh(lab, first, withEtcdctl('etcdctl endpoint health --cluster')),
    );
  const apiIsReady = () =>
    eventually('the API server is ready', 60, () =>
      mustSsh(lab, client.name, 'kubectl --kubeconfig /etc/kubernetes/auth/admin.conf get --raw /readyz'),
    );
  const snapshotsOn = async (host: string) =>
    (await mustSsh(lab, host, `ls -A ${dir}`))
      .trim()
      .split('\n')
      .filter((name) => name !== '');

  it('a control plane on an etcd of others comes up, in whatever order', async () => {
    await timer.time('install.sh on all hosts', () =>
      Promise.all([...members, client].map(({ name }) => install(lab, name))),
    );
    await healthy();
    await apiIsReady();
    const kept = await mustSsh(
      lab,
      second,
      withEtcdctl('etcdctl get /registry/namespaces/default --keys-only'),
    );
    expect(kept.trim()).toBe('/registry/namespaces/default');
    expect(await installer(lab, client.name, 'verify')).toMatchObject({ status: 0 });
    expect(
      await mustSsh(lab, client.name, 'ls /etc/etcd /usr/local/sbin/hardway-etcd-restore 2>&1 || true'),
    ).toMatch(/cannot access[\s\S]*cannot access/);
  });

  it('the timer is armed, and the service may do what it must in its sandbox', async () => {
    for (const { name } of members) {
      expect(await installer(lab, name, 'status')).toMatchObject({ status: 0 });
      await mustSsh(lab, name, 'systemctl start hardway-etcd-backup.service');
      expect(await snapshotsOn(name)).toEqual([expect.stringMatching(`^etcd-\\d{8}T\\d{6}Z-${name}\\.db$`)]);
      expect(await mustSsh(lab, name, `stat -c '%a %U %n' ${dir} ${dir}/*`)).toMatch(
        new RegExp(`^700 root ${dir}\\n600 root .*\\n$`),
      );
      expect(await mustSsh(lab, name, 'systemctl list-timers --no-legend hardway-etcd-backup.timer')).toMatch(
        /02:0/,
      );
    }
    // A night without power: the timer makes up for it within a minute. Looked at in the end.
    await mustSsh(
      lab,
      third,
      'systemctl stop hardway-etcd-backup.timer; touch -d "2 days ago" /var/lib/systemd/timers/stamp-hardway-etcd-backup.timer; systemctl start hardway-etcd-backup.timer',
    );
  });

  it('one that fails is seen, and costs no other', async () => {
    const before = await snapshotsOn(second);
    await mustSsh(lab, second, 'systemctl stop etcd');
    expect(await ssh(lab, second, 'systemctl start hardway-etcd-backup.service')).toMatchObject({
      status: 1,
    });
    expect(await mustSsh(lab, second, 'systemctl --failed --no-legend --plain')).toContain(
      'hardway-etcd-backup.service',
    );
    expect(await snapshotsOn(second)).toEqual(before);
    await mustSsh(lab, second, 'systemctl start etcd && systemctl start hardway-etcd-backup.service');
    expect(await mustSsh(lab, second, 'systemctl --failed --no-legend --plain')).toBe('');
    expect(await snapshotsOn(second)).toHaveLength(2);
  });

  describe('restored', () => {
    let snapshot = '';
    let writes: readonly Write[] = [];
    let began = 0n;
    let ended = 0n;

    it('a snapshot taken while others write', async () => {
      const stop = await startLoad(lab, first);
      await eventually('there is load', 30, async () =>
        expect((await loadedOn(lab, second)).size).toBeGreaterThan(60),
      );
      const said = await mustSsh(
        lab,
        second,
        'date +%s%N; systemctl start hardway-etcd-backup.service; date +%s%N',
      );
      [began = 0n, ended = 0n] = said.trim().split('\n').map(BigInt);
      await eventually('there is more load', 30, async () =>
        expect((await loadedOn(lab, second)).size).toBeGreaterThan(150),
      );
      writes = await stop();
      snapshot = join(lab.folder, 'snapshot.db');
      await copyFrom(lab, second, `${dir}/${(await snapshotsOn(second)).at(-1)}`, snapshot);
      expect(await snapshotsOn(second)).toHaveLength(keep);
    });

    it('gives the whole cluster exactly what had been acknowledged', async () => {
      await mustSsh(lab, client.name, 'systemctl stop kube-apiserver');
      const refused = await ssh(lab, first, `hardway-etcd-restore ${dir}/*`);
      expect(refused).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('etcd runs; nothing was changed'),
      });
      await timer.time('restore of the whole cluster', async () => {
        await onAll('systemctl stop etcd');
        await Promise.all(members.map(({ name }) => copyTo(lab, name, snapshot)));
        await onAll('hardway-etcd-restore /root/snapshot.db');
        await onAll('systemctl start --no-block etcd');
        await healthy();
      });
      const before = writes.filter(({ acknowledged }) => acknowledged < began);
      const after = writes.filter(({ begun }) => begun > ended);
      expect(before.length).toBeGreaterThan(30);
      expect(after.length).toBeGreaterThan(30);
      for (const { name } of members) {
        const there = await loadedOn(lab, name);
        expect(before.filter(({ number }) => !there.has(number))).toEqual([]);
        expect(after.filter(({ number }) => there.has(number))).toEqual([]);
        // Nothing in the middle is missing either.
        expect([...there].sort((left, right) => left - right)).toEqual(
          [...there].map((_, index) => index + 1),
        );
      }
      console.log(
        `${before.length} writes acknowledged before the snapshot are there, ${after.length} begun after it are not`,
      );
    });

    it('the API comes back with what it was then', async () => {
      await mustSsh(
        lab,
        client.name,
        'systemctl start kube-apiserver && systemctl restart kube-controller-manager kube-scheduler',
      );
      await apiIsReady();
      await onAll(`rm -r ${data}/before-restore-*`);
      for (const { name } of members)
        expect(await installer(lab, name, 'verify')).toMatchObject({ status: 0 });
    });
  });

  it('a member that has lost its data gets all of it from the others', async () => {
    const wanted = await loadedOn(lab, first);
    await mustSsh(lab, third, 'systemctl stop etcd');
    await mustSsh(lab, third, `rm -rf ${data}/*`);
    await timer.time('one member anew', async () => {
      await mustSsh(
        lab,
        first,
        withEtcdctl(
          `etcdctl member remove "$(etcdctl member list | sed -n 's/, .*, ${third}, .*//p')"; etcdctl member add ${third} --peer-urls=https://192.0.2.13:2380`,
        ),
      );
      await mustSsh(
        lab,
        third,
        `sed -i 's/^ETCD_INITIAL_CLUSTER_STATE=.*/ETCD_INITIAL_CLUSTER_STATE="existing"/' /etc/default/etcd; systemctl start etcd`,
      );
      await healthy();
    });
    await mustSsh(
      lab,
      third,
      `sed -i 's/^ETCD_INITIAL_CLUSTER_STATE=.*/ETCD_INITIAL_CLUSTER_STATE="new"/' /etc/default/etcd`,
    );
    expect(await installer(lab, third, 'verify')).toMatchObject({ status: 0 });
    await eventually('the new member has everything', 30, async () =>
      expect(await loadedOn(lab, third)).toEqual(wanted),
    );
    await apiIsReady();
  });

  it('a snapshot that was missed was made up for', async () => {
    await eventually('the timer has run', 75, async () => expect(await snapshotsOn(third)).toHaveLength(2));
  });

  it('uninstall keeps snapshots, --purge-data does not', async () => {
    await installer(lab, third, 'uninstall --yes');
    expect(await snapshotsOn(third)).toHaveLength(2);
    expect(await mustSsh(lab, third, 'systemctl --failed --no-legend --plain')).toBe('');
    expect(await installer(lab, third, 'uninstall --yes --purge-data')).toMatchObject({ status: 0 });
    expect(await mustSsh(lab, third, `ls -d ${dir} ${data} 2>&1 || true`)).toMatch(
      /cannot access[\s\S]*cannot access/,
    );
  });
});
