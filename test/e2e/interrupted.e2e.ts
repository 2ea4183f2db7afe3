/** install.sh killed, and a disk that runs full: nothing is left half-written, and the next run ends what was begun. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAlone, renderAlone, unpackOn } from './support/alone.ts';
import { saveJournalsOnFailure } from './support/evidence.ts';
import { closeLab, execIn, type Lab, type LabHost } from './support/lab.ts';
import { canBootHosts } from './support/needs.ts';
import { seededRandom } from './support/random.ts';
import { differencesOf, snapshotOf } from './support/snapshot.ts';
import { mustSsh, ssh } from './support/ssh.ts';

const killsPerHost = 10;
const roles = ['etcd'];

describe.skipIf(!canBootHosts())('install.sh interrupted', () => {
  let lab: Lab;
  let fresh: LabHost;
  let upgraded: LabHost;
  const random = seededRandom();
  /** Moments as parts of a whole run, drawn beforehand since the hosts go on side by side. */
  const drawMoments = (): number[] => Array.from({ length: killsPerHost }, () => random.below(950) / 1000);
  const freshMoments = drawMoments();
  const upgradeMoments = drawMoments();

  beforeAll(async () => {
    lab = await openAlone('fresh', 'upgraded');
    const [first, second] = lab.hosts;
    if (first === undefined || second === undefined) throw new Error('the lab has no hosts');
    fresh = first;
    upgraded = second;
    for (const host of lab.hosts) {
      await unpackOn(lab, host, renderAlone(lab, host, { roles, unit: 'a' }), 'a');
      await unpackOn(lab, host, renderAlone(lab, host, { roles, unit: 'b' }), 'b');
    }
  });
  afterAll(() => closeLab(lab));
  saveJournalsOnFailure(() => lab);

  /** Milliseconds from the start of install.sh until all its changes are made. */
  async function measure(host: LabHost, bundle: string): Promise<number> {
    const said = await mustSsh(
      lab,
      host.name,
      `cd ${bundle}; start=$(date +%s%N); ./install.sh --no-start >/dev/null; echo $((($(date +%s%N) - start) / 1000000))`,
    );
    return Number(said);
  }

  async function killAt(host: LabHost, bundle: string, ms: number): Promise<void> {
    const seconds = (ms / 1000).toFixed(3);
    const { status } = await ssh(
      lab,
      host.name,
      `cd ${bundle}; ./install.sh >/dev/null 2>&1 & sleep ${seconds}; kill -9 $! || exit 99; wait`,
    );
    expect(status, 'install.sh was still running').not.toBe(99);
  }

  /** Every file that a bundle names is not there, or is wholly one of the bundles'. */
  async function expectNothingHalf(host: LabHost): Promise<void> {
    const odd = await mustSsh(
      lab,
      host.name,
      `sed -n 's/^file [^ ]* [^ ]* \\([^ ]*\\) .*/\\1/p' a/manifest | while read -r path; do
         [ -e "$path" ] || continue
         cmp -s "$path" "a/rootfs$path" || cmp -s "$path" "b/rootfs$path" || echo "$path"
       done`,
    );
    expect(odd).toBe('');
  }

  async function expectInstalled(host: LabHost, bundle: string): Promise<void> {
    const { status, stdout, stderr } = await ssh(lab, host.name, `cd ${bundle} && ./install.sh`);
    expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' });
    expect(await ssh(lab, host.name, `cd ${bundle} && ./install.sh verify`)).toMatchObject({ status: 0 });
    expect(await mustSsh(lab, host.name, "find / -xdev -name '.*.hardway.*'")).toBe('');
    expect(await mustSsh(lab, host.name, 'cat /var/lib/hardway/backups/*/state | sort -u')).toBe('done\n');
  }

  it.concurrent(`${killsPerHost} times in a first install: the next run ends it`, async () => {
    const pristine = await snapshotOf(lab, fresh.name);
    const uninstall = async (): Promise<void> => {
      await mustSsh(lab, fresh.name, 'cd a && ./install.sh uninstall --yes --purge-data');
      expect(differencesOf(pristine, await snapshotOf(lab, fresh.name))).toEqual([]);
    };
    const whole = await measure(fresh, 'a');
    await uninstall();
    for (const [round, moment] of freshMoments.entries()) {
      const ms = Math.round(moment * whole);
      console.log(`kills a first install after ${ms} of ${whole} ms`);
      await killAt(fresh, 'a', ms);
      await expectNothingHalf(fresh);
      if (round % 2 === 0) await expectInstalled(fresh, 'a');
      await uninstall();
    }
  });

  it.concurrent(`${killsPerHost} times in an upgrade: the next run ends it, or rollback takes it back`, async () => {
    await expectInstalled(upgraded, 'a');
    const whole = await measure(upgraded, 'b');
    await expectInstalled(upgraded, 'b');
    let [installed, next] = ['b', 'a'];
    for (const [round, moment] of upgradeMoments.entries()) {
      const ms = Math.round(moment * whole);
      console.log(`kills an upgrade after ${ms} of ${whole} ms`);
      await killAt(upgraded, next, ms);
      await expectNothingHalf(upgraded);
      if (round % 3 === 2) {
        // Nothing may have been begun: then there is nothing to take back either.
        const begun = await mustSsh(
          lab,
          upgraded.name,
          'grep -lx open /var/lib/hardway/backups/*/state || true',
        );
        if (begun !== '') await mustSsh(lab, upgraded.name, `cd ${next} && ./install.sh rollback`);
        await expectInstalled(upgraded, installed);
      } else {
        await expectInstalled(upgraded, next);
        [installed, next] = [next, installed];
      }
    }
  });

  // Full of inodes, since preflight sees to it that there are blocks.
  it('a disk that runs full: said, nothing half-written, and ended once there is room', async () => {
    await execIn(
      lab,
      fresh.name,
      'mkdir -p /etc/etcd && mount -t tmpfs -o nr_inodes=6,mode=755 tmpfs /etc/etcd',
    );
    const full = await ssh(lab, fresh.name, 'cd a && ./install.sh');
    expect(full.stdout + full.stderr).toMatch(/No space left on device[\s\S]*error: cannot write/);
    expect(full.status).toBe(3);
    await expectNothingHalf(fresh);
    expect(await mustSsh(lab, fresh.name, 'ls -A /etc/etcd/pki | grep hardway || true')).toBe('');
    expect(await mustSsh(lab, fresh.name, 'systemctl is-active etcd || true')).toBe('inactive\n');
    await execIn(lab, fresh.name, 'mount -o remount,nr_inodes=100 /etc/etcd');
    await expectInstalled(fresh, 'a');
  });
});
