/** The control plane: every API server answers, one of each kind leads, what is written is safe. */
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { applyObject, getObject, kubectl, listObjects } from '../support/kubectl.ts';
import { mustSsh } from '../support/ssh.ts';
import { etcdctl, etcdHosts } from './etcd.ts';

// The component's own word on whether it leads, which it gives to the administrator only.
const leadsScript = (port: number): string => `
  part() { kubectl --kubeconfig=/etc/kubernetes/auth/admin.conf config view --raw -o "jsonpath={.users[0].user.client-$1-data}" | base64 -d; }
  curl -sSk --cert <(part certificate) --key <(part key) https://127.0.0.1:${port}/metrics |
    sed -n 's/^leader_election_master_status{.*} //p'`;

const components = [
  ['kube-controller-manager', 10257],
  ['kube-scheduler', 10259],
] as const;

export function controlPlaneClaims(cluster: () => Cluster): void {
  describe('the control plane', () => {
    it('has an API server ready on every one of its hosts', async () => {
      const { inventory, operator, controlPlanes } = cluster();
      for (const { address } of inventory.hosts.filter(({ name }) => controlPlanes.includes(name)))
        await eventually(`the API server at ${address} is ready`, 30, async () =>
          expect(
            await kubectl(operator, ['--server', `https://${address}:6443`, 'get', '--raw', '/readyz']),
          ).toBe('ok'),
        );
    });

    it.each(components)('has one %s that leads', async (component, port) => {
      const { lab, operator, controlPlanes } = cluster();
      // A lease may change hands between the questions when the machine is busy: then ask again.
      await eventually('the holder of the lease is the one that leads', 60, async () => {
        const lease = await getObject(operator, `lease/${component}`, '--namespace=kube-system');
        const said = await Promise.all(controlPlanes.map((host) => mustSsh(lab, host, leadsScript(port))));
        const leaders = controlPlanes.filter((_, index) => Number(said[index]) === 1);
        expect(leaders).toHaveLength(1);
        // The identity is the host's name and something unique.
        expect(lease.spec.holderIdentity).toMatch(new RegExp(`^${leaders[0]}_`));
      });
    });

    it('answers the operator by the name of the endpoint', async () => {
      const { operator } = cluster();
      const server = await kubectl(operator, [
        'config',
        'view',
        '-o',
        'jsonpath={.clusters[0].cluster.server}',
      ]);
      expect(server).toBe('https://kubernetes-api.mykernel.cn:6443');
      expect(JSON.parse(await kubectl(operator, ['get', '--raw', '/version']))).toMatchObject({
        gitVersion: 'v1.20.2',
      });
      expect(await kubectl(operator, ['auth', 'can-i', '*', '*'])).toBe('yes\n');
    });

    it('keeps Secrets encrypted in etcd', async () => {
      const plain = 'plain text that nobody may read';
      const secret = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'hidden' },
        stringData: { word: plain },
      };
      await applyObject(cluster().operator, secret);
      const asked = etcdHosts(cluster())[0]?.name ?? '';
      const stored = await etcdctl(
        cluster(),
        asked,
        'get --print-value-only /registry/secrets/default/hidden',
      );
      expect(stored).toMatch(/^k8s:enc:/);
      expect(stored).not.toContain(plain);
      const read = await kubectl(cluster().operator, ['get', 'secret/hidden', '-o', 'jsonpath={.data.word}']);
      expect(Buffer.from(read, 'base64').toString()).toBe(plain);
    });

    it('records requests in the audit log', async () => {
      const { lab, operator, controlPlanes } = cluster();
      const name = `audited-${cluster().random.below(1e9)}`;
      await kubectl(operator, ['create', 'configmap', name]);
      await eventually('one API server has written the request down', 15, async () => {
        const search = `grep -hF '"name":"${name}"' /var/log/kubernetes/audit/*.log || true`;
        const lines = (await Promise.all(controlPlanes.map((host) => mustSsh(lab, host, search))))
          .join('')
          .trim();
        expect(lines).not.toBe('');
        expect(lines.split('\n').map((line) => JSON.parse(line) as unknown)).toContainEqual(
          expect.objectContaining({
            verb: 'create',
            user: expect.objectContaining({ username: 'kubernetes-admin' }),
          }),
        );
      });
    });

    it('has let the kubelets in without a hand', async () => {
      const { operator, workers } = cluster();
      const requests = await listObjects(operator, 'certificatesigningrequests');
      expect(requests.length).toBeGreaterThanOrEqual(workers.length);
      for (const { spec, status } of requests) {
        expect(spec.username).toBe('system:bootstrapper');
        expect(status.conditions).toEqual([
          expect.objectContaining({ type: 'Approved', reason: 'AutoApproved' }),
        ]);
        expect(status.certificate).toEqual(expect.any(String));
      }
    });
  });
}
