/** Bundles and hosts that do not fit: refused with a reason and a way out, before anything has changed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAlone, renderAlone, unpackOn } from './support/alone.ts';
import { closeLab, execIn, type Lab, type LabHost } from './support/lab.ts';
import { canBootHosts } from './support/needs.ts';
import { seededRandom } from './support/random.ts';
import { differencesOf, snapshotOf } from './support/snapshot.ts';
import { mustSsh, ssh } from './support/ssh.ts';

describe.skipIf(!canBootHosts())('refused before anything changes', () => {
  let lab: Lab;
  let host: LabHost;
  let other: LabHost;
  const random = seededRandom();

  beforeAll(async () => {
    lab = await openAlone('right', 'wrong');
    const [first, second] = lab.hosts;
    if (first === undefined || second === undefined) throw new Error('the lab has no hosts');
    host = first;
    other = second;
  });
  afterAll(() => closeLab(lab));

  /** Runs the bundle in a folder of the host and compares all before and after. */
  async function expectRefused(folder: string, status: number, reason: RegExp): Promise<void> {
    const before = await snapshotOf(lab, host.name, { withTimes: true });
    expect(Object.keys(before).length).toBeGreaterThan(100);
    const refusal = await ssh(lab, host.name, `cd ${folder} && ./install.sh`);
    expect(refusal.stdout + refusal.stderr).toMatch(reason);
    expect(refusal.status).toBe(status);
    expect(differencesOf(before, await snapshotOf(lab, host.name, { withTimes: true }))).toEqual([]);
  }

  /** A Date that is off by some days, for the render's certificates. */
  function clockOffBy(days: number): Readonly<Record<string, string>> {
    const file = join(lab.folder, 'clock.mjs');
    const shift = days * 24 * 3600 * 1000;
    writeFileSync(
      file,
      `const Real = Date;
       globalThis.Date = class extends Real {
         constructor(...words) { super(...(words.length === 0 ? [Real.now() + ${shift}] : words)); }
         static now() { return Real.now() + ${shift}; }
       };`,
    );
    return { NODE_OPTIONS: `--import=${file}` };
  }

  it('one flipped byte, wherever it is', async () => {
    const tarball = renderAlone(lab, host);
    await unpackOn(lab, host, tarball, 'whole');
    const files = (await mustSsh(lab, host.name, 'cd whole && find . -type f -size +0')).trim().split('\n');
    // install.sh itself is what does the checking: its own bytes are the tarball's business.
    const candidates = files.filter((name) => name !== './install.sh');
    for (const file of random.shuffled(candidates).slice(0, 5)) {
      await mustSsh(lab, host.name, 'rm -rf flipped && cp -a whole flipped');
      const size = Number(await mustSsh(lab, host.name, `stat -c %s flipped/${file}`));
      const at = random.below(size);
      console.log(`flips byte ${at} of ${file}`);
      await mustSsh(
        lab,
        host.name,
        `cd flipped && byte=$(od -An -tu1 -j ${at} -N 1 ${file} | tr -d ' ') &&
         printf "\\\\$(printf %o $((byte ^ 1)))" | dd of=${file} bs=1 seek=${at} conv=notrunc status=none &&
         ! cmp -s ${file} ../whole/${file}`,
      );
      await expectRefused('flipped', 2, /not whole|SHA256SUMS/);
    }
  });

  it('a tarball that was cut off, or changed on the way', async () => {
    await unpackOn(lab, host, renderAlone(lab, host), 'whole');
    const file = `${host.name}.tar.gz`;
    const cut = await ssh(
      lab,
      host.name,
      `head -c $(($(stat -c %s ${file}) / 2)) ${file} >cut.tar.gz; tar -xzOf cut.tar.gz >/dev/null`,
    );
    expect(cut.status).not.toBe(0);
    for (const [what, change] of [
      ['a file less', 'rm rootfs/etc/default/etcd'],
      ['a file more', 'echo x >rootfs/etc/more'],
      ['a link', 'ln -sf /etc/shadow rootfs/etc/default/etcd'],
    ]) {
      await mustSsh(lab, host.name, `rm -rf changed && cp -a whole changed && cd changed && ${change}`);
      await expectRefused('changed', 2, /not whole/);
      console.log(`refused: ${what}`);
    }
  });

  it('the bundle of another host', async () => {
    await unpackOn(lab, host, renderAlone(lab, other), 'stranger');
    await expectRefused('stranger', 1, /host.*wrong[\s\S]*fix: /);
  });

  it('a bundle for another architecture', async () => {
    await unpackOn(lab, host, renderAlone(lab, host, { arch: 'arm64' }), 'arm');
    await expectRefused('arm', 1, /arm64[\s\S]*fix: /);
  });

  it('a port that something else listens on', async () => {
    await unpackOn(lab, host, renderAlone(lab, host), 'right');
    await execIn(
      lab,
      host.name,
      'systemd-run --quiet --unit=squatter socat TCP-LISTEN:2379,fork,bind=127.0.0.1 /dev/null',
    );
    try {
      await execIn(lab, host.name, 'until ss -Hltn sport = :2379 | grep -q .; do sleep 0.1; done');
      await expectRefused('right', 1, /2379[\s\S]*socat[\s\S]*fix: /);
    } finally {
      await execIn(lab, host.name, 'systemctl stop squatter');
    }
  });

  it.each([
    ['slow', 3, /not valid yet[\s\S]*fix: set the clock right/],
    ['fast', -40 * 365, /expired[\s\S]*fix: set the clock right/],
  ])('a clock that is too %s for the certificates', async (name, days, reason) => {
    const tarball = renderAlone(lab, host, { env: clockOffBy(days), store: name });
    await unpackOn(lab, host, tarball, name);
    await expectRefused(name, 1, reason);
  });
});
