/**
 * The endpoint modes, one after the other on the same hosts: three control planes and a
 * worker. In each, the control plane that the endpoint leads to loses its power.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type Cluster, installCluster, prepareCluster } from './support/cluster.ts';
import { holdersOf, serversBehind, serversInUse } from './support/endpoint.ts';
import { eventually } from './support/eventually.ts';
import { saveJournalsOnFailure, withJournals } from './support/evidence.ts';
import { pauseImage } from './support/image.ts';
import { changed, type Inventory, renderFor } from './support/inventory.ts';
import { getObject, kubectl } from './support/kubectl.ts';
import { closeLab, cutPower, resolveName, startHost } from './support/lab.ts';
import { canBootHosts } from './support/needs.ts';
import { seededRandom } from './support/random.ts';
import { copyBundle, install, installer, mustSsh } from './support/ssh.ts';
import { createTimer, nowSeconds } from './support/timings.ts';

const name = 'api.lab.example';
const vip = '192.0.2.100';
const controlPlanes = ['m1', 'm2', 'm3'];
/** The endpoint serves again this soon after the host it led to has lost its power. */
const mostSeconds = 15;

/** An inventory of the same hosts in another mode. */
function inventoryOf(endpoint: object, ...roles: readonly string[]): Inventory {
  const masters = controlPlanes.map((host, index) => ({
    name: host,
    address: `192.0.2.${11 + index}`,
    roles: ['etcd', 'control-plane', ...roles],
  }));
  const document = {
    apiVersion: 'hardway/v1',
    kubernetes: { version: '1.20.2' },
    network: { proxy: { mode: 'iptables' } },
    runtime: { sandboxImage: pauseImage },
    addons: { coredns: false, flannel: false },
    endpoint: { host: name, ...endpoint },
    hosts: [...masters, { name: 'w1', address: '192.0.2.21', roles: ['worker'] }],
  };
  return changed(stringify(document), []);
}

const timer = createTimer('endpoint');

describe.skipIf(!canBootHosts())('the endpoint', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    const inventory = inventoryOf({ mode: 'keepalived', vip });
    cluster = await prepareCluster(inventory, seededRandom(), timer);
    await resolveName(cluster.lab, name, vip);
    await installCluster(cluster, timer);
  });
  afterAll(async () => {
    timer.report();
    await closeLab(cluster.lab);
  });
  saveJournalsOnFailure(() => cluster.lab);

  describe('mode keepalived', () => {
    it('is at one control plane, and leaves one whose API server is not ready', async () => {
      const first = await eventually('one host has the address', 30, holder);
      await mustSsh(cluster.lab, first, 'systemctl stop kube-apiserver');
      const second = await eventually('another host has the address', mostSeconds, () => holder(first));
      await eventually('the endpoint serves', mostSeconds, write, 250);
      await mustSsh(cluster.lab, first, 'systemctl start kube-apiserver');
      await eventually('the first is healthy again', 60, () => expectHealthy(first));
      expect(await holder(), 'the one that serves keeps it').toBe(second);
    });

    it('outlives the host it is at', async () => expectSurvival('keepalived', await holder(), write));
  });

  describe('mode haproxy', () => {
    it('takes the place of another mode', async () => {
      await changeTo('haproxy', inventoryOf({ mode: 'haproxy', vip, port: 8443 }, 'load-balancer'));
      await eventually('one host has the address', 30, holder);
      await eventually('the endpoint serves', mostSeconds, write);
      await Promise.all(cluster.lab.hosts.map((host) => expectHealthy(host.name)));
    });

    it('all three control planes serve through it', async () => {
      await eventually('each has answered', 30, async () =>
        expect(await serversBehind(cluster.lab, controlPlanes, `${vip}:8443`, 9)).toEqual(
          new Set(controlPlanes),
        ),
      );
    });

    it('leaves a host whose balancer is down', async () => {
      const first = await holder();
      await mustSsh(cluster.lab, first, 'systemctl stop haproxy');
      await eventually('another host has the address', mostSeconds, () => holder(first));
      await eventually('the endpoint serves', mostSeconds, write, 250);
      await mustSsh(cluster.lab, first, 'systemctl start haproxy');
    });

    it('outlives the host it is at', async () => expectSurvival('haproxy', await holder(), write));
  });

  describe('mode node-local', () => {
    it('takes the place of another mode, and leaves nothing of that', async () => {
      await changeTo('node-local', inventoryOf({ mode: 'node-local' }));
      expect(await holdersOf(cluster.lab, controlPlanes, vip)).toEqual([]);
      for (const host of controlPlanes) {
        const left = 'systemctl is-enabled haproxy keepalived; ls /etc/haproxy /etc/keepalived';
        expect(await mustSsh(cluster.lab, host, `${left} 2>&1 || true`)).not.toMatch(
          /^enabled|cfg$|conf$|crt$/m,
        );
      }
      await Promise.all(cluster.lab.hosts.map((host) => expectHealthy(host.name)));
      await eventually('the worker reaches the API', mostSeconds, askFromWorker);
    });

    it('a control plane is its own endpoint', async () => {
      const conf = await mustSsh(cluster.lab, 'm2', 'grep server: /etc/kubernetes/auth/admin.conf');
      expect(conf.trim()).toBe('server: https://192.0.2.12:6443');
    });

    it('outlives the control plane in use', async () => {
      const [address] = await eventually('the balancer is connected', 30, async () => {
        const inUse = await serversInUse(cluster.lab, 'w1');
        expect(inUse).not.toEqual([]);
        return inUse;
      });
      const victim = cluster.lab.hosts.find((host) => host.address === address);
      await expectSurvival('node-local', victim?.name ?? '', askFromWorker);
    });

    it('is reloaded, not restarted, when its servers change', async () => {
      const pid = 'systemctl show -p MainPID,NRestarts,ActiveEnterTimestamp hardway-api-balancer';
      const before = await mustSsh(cluster.lab, 'w1', pid);
      const { lab } = cluster;
      const two = inventoryOf({ mode: 'node-local' });
      const without = { path: ['hosts', 2, 'roles'], value: ['etcd'] };
      cluster = { ...cluster, rendered: renderFor(lab, changed(two.text, [without])) };
      await copyBundle(lab, 'w1', cluster.rendered.out);
      expect(await install(lab, 'w1')).toContain('reload hardway-api-balancer.service');
      expect(await mustSsh(lab, 'w1', pid)).toBe(before);
      await eventually('the worker reaches the API', mostSeconds, askFromWorker);
    });
  });

  it('goes with the bundle', async () => {
    expect(await installer(cluster.lab, 'w1', 'uninstall --yes')).toMatchObject({ status: 0 });
    const left =
      'ls /etc/systemd/system /etc/systemd/system/multi-user.target.wants /etc/kubernetes; ss -Hltn sport = :6443; pgrep -a haproxy';
    expect(await mustSsh(cluster.lab, 'w1', `${left} 2>/dev/null || true`)).not.toMatch(
      /balancer|haproxy|:6443/,
    );
  });

  /** Gives all hosts the bundles of another inventory. */
  async function changeTo(mode: string, inventory: Inventory): Promise<void> {
    const { lab } = cluster;
    const rendered = renderFor(lab, inventory);
    cluster = { ...cluster, inventory, rendered, operator: { lab, kubeconfig: rendered.kubeconfig } };
    await Promise.all(lab.hosts.map((host) => copyBundle(lab, host.name, rendered.out)));
    await withJournals(lab, () =>
      timer.time(`install.sh everywhere, now ${mode}`, async () => {
        await Promise.all(lab.hosts.map((host) => install(lab, host.name)));
      }),
    );
  }

  /** The host with the floating address; throws unless there is one and no other. */
  async function holder(otherThan?: string): Promise<string> {
    const holders = await holdersOf(cluster.lab, controlPlanes, vip);
    expect(holders).toHaveLength(1);
    expect(holders[0]).not.toBe(otherThan);
    return holders[0] ?? '';
  }

  /** A write through the endpoint, as the operator makes it. */
  function write(): Promise<string> {
    const args = ['create', 'configmap', '--dry-run=server', 'through-the-endpoint', '--request-timeout=3s'];
    return kubectl(cluster.operator, args);
  }

  /** What the kubelet asks, through the balancer of its host. */
  function askFromWorker(): Promise<string> {
    const kubeconfig = '/etc/kubernetes/auth/kubelet.conf';
    return mustSsh(
      cluster.lab,
      'w1',
      `grep -q 'server: https://127.0.0.1:6443' ${kubeconfig} && kubectl --kubeconfig ${kubeconfig} --request-timeout=3s get node w1`,
    );
  }

  async function expectHealthy(host: string): Promise<void> {
    expect(await installer(cluster.lab, host, 'status')).toMatchObject({ status: 0 });
  }

  /** Takes the power from a host and gives it back: the endpoint and the node outlive it, and it rejoins. */
  async function expectSurvival(mode: string, victim: string, probe: () => Promise<unknown>): Promise<void> {
    const { lab, operator } = cluster;
    const survivor = lab.hosts.find(({ name: host }) => controlPlanes.includes(host) && host !== victim);
    const direct = `--server=https://${survivor?.address}:6443`;
    const readiness = async () => {
      const { status } = await getObject(operator, 'node/w1', direct);
      const ready = status.conditions?.find(({ type }) => type === 'Ready');
      return { status: ready?.status, lastTransitionTime: ready?.lastTransitionTime };
    };
    const before = await readiness();
    expect(before.status).toBe('True');
    console.log(`${mode}: the power of ${victim} is cut`);
    const cut = nowSeconds();
    const cutTime = Date.now();
    await cutPower(lab, victim);
    await eventually(`${mode}: the endpoint serves`, mostSeconds, probe, 250);
    timer.note(`${mode}: power cut to the endpoint serving`, cut, nowSeconds());
    await eventually('the kubelet renews its lease', 40, async () => {
      const { spec } = await getObject(operator, 'lease/w1', '--namespace=kube-node-lease', direct);
      // Ten seconds are the kubelet's pause between renewals: this one was sent after the cut.
      expect(Date.parse(String(spec.renewTime))).toBeGreaterThan(cutTime + 1000);
    });
    timer.note(`${mode}: power cut to the kubelet's next lease`, cut, nowSeconds());
    await startHost(lab, victim);
    await eventually(`${victim} is healthy by its own account`, 90, () => expectHealthy(victim));
    timer.note(`${mode}: power cut to all as before`, cut, nowSeconds());
    expect(await readiness(), 'the node has been Ready all the time').toEqual(before);
  }
});
