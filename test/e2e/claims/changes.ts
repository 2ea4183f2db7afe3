/** Installing again: nothing changes without a reason, and a reason changes what it must only. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { hostState, restarted } from '../support/host-state.ts';
import { changed, renderFor } from '../support/inventory.ts';
import { getObject } from '../support/kubectl.ts';
import { copyBundle, install, mustSsh } from '../support/ssh.ts';

export function changeClaims(cluster: () => Cluster): void {
  describe('installing again', () => {
    it('touches no file and restarts nothing when nothing has changed', async () => {
      const { lab } = cluster();
      await Promise.all(
        lab.hosts.map(async ({ name }) => {
          const before = await hostState(lab, name);
          expect(Object.values(before.units).every(({ isActive }) => isActive)).toBe(true);
          expect(await install(lab, name)).toContain('0 created, 0 changed, 0 removed');
          expect(await hostState(lab, name)).toEqual(before);
        }),
      );
    });

    it('restarts only the daemon whose setting has changed', async () => {
      const { lab, inventory, rendered, operator, controlPlanes, workers } = cluster();
      const [worker = ''] = workers;
      const sumsBefore = sumsOf(rendered.out);
      const hostIndex = inventory.hosts.findIndex(({ name }) => name === worker);
      const next = changed(inventory.text, [
        { path: ['components'], value: { scheduler: { args: { v: '3' } } } },
        { path: ['hosts', hostIndex, 'components'], value: { kubelet: { config: { maxPods: 77 } } } },
      ]);
      const { out } = renderFor(lab, next);
      const touched = [...controlPlanes, worker].sort();
      const sumsAfter = sumsOf(out);
      expect(Object.keys(sumsAfter).filter((name) => sumsAfter[name] !== sumsBefore[name])).toEqual(touched);

      for (const host of touched) {
        await copyBundle(lab, host, out);
        const before = await hostState(lab, host);
        await install(lab, host);
        const unit = host === worker ? 'kubelet.service' : 'kube-scheduler.service';
        expect(restarted(before, await hostState(lab, host))).toEqual([unit]);
      }
      for (const host of controlPlanes)
        expect(await mustSsh(lab, host, 'xargs -0 </proc/$(pidof kube-scheduler)/cmdline')).toMatch(
          / --v=3( |$)/m,
        );
      await eventually(`${worker} reports its new number of pods`, 60, async () =>
        expect((await getObject(operator, `node/${worker}`)).status.capacity).toMatchObject({ pods: '77' }),
      );
    });
  });
}

/** The sum of each bundle by host. */
function sumsOf(out: string): Record<string, string> {
  const lines = readFileSync(`${out}/SHA256SUMS`, 'utf8').trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => {
      const [sum = '', path = ''] = line.split(/ +/);
      return [path.replace(/^.*\/|\.tar\.gz$/g, ''), sum];
    }),
  );
}
