/** A host of etcd and the control plane without power: the others go on, and it comes back by itself. */
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { getObject, kubectl } from '../support/kubectl.ts';
import { cutPower, startHost } from '../support/lab.ts';
import { installer } from '../support/ssh.ts';
import { nowSeconds, type Timer } from '../support/timings.ts';
import { expectHealthyMembers } from './etcd.ts';

export function outageClaims(cluster: () => Cluster, timer: Timer): void {
  describe('without one control plane', () => {
    it('reads and writes go on, and the host rejoins by itself', async () => {
      const { lab, operator, controlPlanes, random } = cluster();
      const [endpoint = '', ...others] = controlPlanes;
      // The operator knows the first one alone by the endpoint's name: endpoint.e2e.ts is where that is lost.
      const victim = random.pick(others);
      const address = lab.hosts.find(({ name }) => name === victim)?.address;
      console.log(`the power of ${victim} is cut`);

      const cut = nowSeconds();
      await cutPower(lab, victim);
      await eventually('a write succeeds', 60, () =>
        kubectl(operator, ['create', 'configmap', 'written-meanwhile']),
      );
      timer.note('power cut to the next write', cut, nowSeconds());
      expect(await kubectl(operator, ['get', 'configmap/written-meanwhile', '-o', 'name'])).toContain(
        'written-meanwhile',
      );
      for (const component of ['kube-controller-manager', 'kube-scheduler'])
        await eventually(`another host's ${component} leads`, 60, async () => {
          const { spec } = await getObject(operator, `lease/${component}`, '--namespace=kube-system');
          expect(spec.holderIdentity).not.toMatch(new RegExp(`^${victim}_`));
        });
      timer.note('power cut to leaders elsewhere', cut, nowSeconds());

      const back = nowSeconds();
      await startHost(lab, victim);
      const server = `https://${address}:6443`;
      await eventually(`the API server of ${victim} is ready`, 90, () =>
        kubectl(operator, ['--server', server, 'get', '--raw', '/readyz']),
      );
      await eventually('all members of etcd serve', 30, () => expectHealthyMembers(cluster(), endpoint));
      timer.note('power on to API server ready', back, nowSeconds());
      expect(
        await kubectl(operator, ['--server', server, 'get', 'configmap/written-meanwhile', '-o', 'name']),
      ).toContain('written-meanwhile');
      await eventually(`${victim} is healthy by its own account`, 60, async () =>
        expect(await installer(lab, victim, 'status')).toMatchObject({ status: 0 }),
      );
    });
  });
}
