/**
 * The endpoint modes, one after the other on the same hosts: three control planes and a
 * worker, and two hosts that are load balancers at times. In each mode, the host that the
 * endpoint leads through loses its power.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { addonClaims, addons, dnsAddress, expectAppliedBy } from './claims/addons.ts';
import { expectHealthy, expectSurvival, mostSeconds } from './claims/survival.ts';
import { type Cluster, installCluster, prepareCluster } from './support/cluster.ts';
import {
  blackHole,
  fromHost,
  fromOutside,
  holdersOf,
  type RunScript,
  serversBehind,
  serversInUse,
} from './support/endpoint.ts';
import { eventually } from './support/eventually.ts';
import { saveJournalsOnFailure, withJournals } from './support/evidence.ts';
import { pauseImage } from './support/image.ts';
import { changed, type Inventory, renderFor } from './support/inventory.ts';
import { kubectl } from './support/kubectl.ts';
import { closeLab, resolveName } from './support/lab.ts';
import { canBootHosts } from './support/needs.ts';
import { startBalancer, stopBalancer } from './support/others-balancer.ts';
import { seededRandom } from './support/random.ts';
import { copyBundle, install, installer, mustSsh } from './support/ssh.ts';
import { createTimer, nowSeconds } from './support/timings.ts';

const name = 'api.lab.example';
const vip = '192.0.2.100';
const masters = ['m1', 'm2', 'm3'].map((host, index) => ({ name: host, address: `192.0.2.${11 + index}` }));
const controlPlanes = masters.map((host) => host.name);
const balancers = ['b1', 'b2'].map((host, index) => ({ name: host, address: `192.0.2.${31 + index}` }));

/** An inventory of the same hosts in another mode, with load balancers on some of them. */
function inventoryOf(
  endpoint: object,
  balancing: 'nobody' | 'control planes' | 'others' = 'nobody',
): Inventory {
  const roles = ['etcd', 'control-plane', ...(balancing === 'control planes' ? ['load-balancer'] : [])];
  const document = {
    apiVersion: 'hardway/v1',
    kubernetes: { version: '1.20.2' },
    network: { proxy: { mode: 'iptables' }, clusterDNS: dnsAddress },
    runtime: { sandboxImage: pauseImage },
    addons,
    endpoint: { host: name, ...endpoint },
    hosts: [
      ...masters.map((host) => ({ ...host, roles: [...roles] })),
      { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
      ...(balancing === 'others' ? balancers.map((host) => ({ ...host, roles: ['load-balancer'] })) : []),
    ],
  };
  return changed(stringify(document), []);
}

const kubeletConfig = '/etc/kubernetes/auth/kubelet.conf';

const timer = createTimer('endpoint');

describe.skipIf(!canBootHosts())('the endpoint', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    const [others = { name: '', address: '' }] = balancers;
    const inventory = inventoryOf({ mode: 'external', host: others.address });
    cluster = await prepareCluster(inventory, seededRandom(), timer, balancers);
    await startBalancer(cluster.lab, others.name, masters);
    await installCluster(cluster, timer);
  });
  afterAll(async () => {
    timer.report();
    await closeLab(cluster.lab);
  });
  saveJournalsOnFailure(() => cluster.lab);

  addonClaims(() => cluster);

  describe('mode external', () => {
    it('all three control planes serve through the load balancer of others', () =>
      expectAllServe('192.0.2.31:6443'));

    it('outlives a control plane in use, and addons do', async () => {
      const victim = await serverInUse('b1');
      const meanwhile = () => expectAppliedBy(cluster, controlPlanes.find((host) => host !== victim) ?? '');
      await survive('external', victim, write, meanwhile);
    });
  });

  describe('mode hosts', () => {
    it('takes the place of another mode', async () => {
      await changeTo('hosts', inventoryOf({ mode: 'hosts' }));
      await stopBalancer(cluster.lab, 'b1');
      await resolveName(cluster.lab, name, ...masters.map(({ address }) => address));
      await expectAllHealthy();
    });

    it('has all three control planes behind its name', async () => {
      const known = (host: string) => mustSsh(cluster.lab, host, `getent ahostsv4 ${name} | grep STREAM`);
      const addresses = async (host: string) => (await known(host)).match(/^[\d.]+/gm);
      expect(await addresses('w1')).toEqual(masters.map(({ address }) => address));
      expect(await addresses('m2')).toEqual(['192.0.2.12']);
      for (const { address } of masters) {
        const one = { ...cluster.operator, server: `https://${address}:6443` };
        const asked = await kubectl(one, ['get', '--raw', '/readyz', '--tls-server-name', name]);
        expect(asked).toBe('ok');
      }
    });

    it('outlives the control plane in use, though no packet tells that it is gone', async () => {
      const { lab } = cluster;
      const [first = { name: '', address: '' }] = masters;
      await eventually('the kubelet uses it', 60, async () => {
        const inUse = await serversInUse(lab, 'w1', 'kubelet');
        // It keeps what it has, since the install perhaps: an API server that ends sends it to the first.
        for (const { name: host, address } of masters.slice(1))
          if (inUse.includes(address)) await mustSsh(lab, host, 'systemctl restart kube-apiserver');
        expect(inUse).toEqual([first.address]);
      });
      const undo = await blackHole(lab, first, ['w1']);
      // The first address gets a third of the time that a client has: ten seconds of kubectl's own.
      const patient = ['get', '--raw', '/version', '--request-timeout=0'];
      const kubelet = `kubectl --kubeconfig ${kubeletConfig} ${patient.join(' ')}`;
      const withoutLimits = async () => {
        const began = nowSeconds();
        await Promise.all([kubectl(cluster.operator, patient), mustSsh(lab, 'w1', kubelet)]);
        timer.note('hosts: kubectl without a timeout, while the first is off', began, nowSeconds());
        expect(nowSeconds() - began, 'seconds until the answer').toBeLessThan(mostSeconds);
      };
      try {
        await survive('hosts', first.name, () => writeWithin(9), withoutLimits);
      } finally {
        await undo();
      }
    });
  });

  describe('mode keepalived', () => {
    it('takes the place of another mode', async () => {
      await resolveName(cluster.lab, name, vip);
      await changeTo('keepalived', inventoryOf({ mode: 'keepalived', vip }));
    });

    it('is at one control plane, leaves one whose API server is not ready, and each of the three serves', async () => {
      const { lab } = cluster;
      const endpoint = `${vip}:6443`;
      const servedBy = () => serversBehind(fromOutside(lab), controlPlanes, endpoint, 1);
      const served = [await eventually('one host has the address', 30, () => holder())];
      await eventually('the endpoint serves', mostSeconds, write, 250);
      expect(await servedBy()).toEqual(new Set(served));
      try {
        // Those that had it stay out, so that it ends at the third.
        for (const next of ['a second host', 'the third']) {
          const last = served.at(-1) ?? '';
          await mustSsh(lab, last, 'systemctl stop kube-apiserver');
          const found = await eventually(`${next} has the address`, mostSeconds, () => holder(last));
          await eventually('the endpoint serves', mostSeconds, write, 250);
          expect(await servedBy()).toEqual(new Set([found]));
          served.push(found);
        }
        expect([...served].sort()).toEqual(controlPlanes);
      } finally {
        // Whatever was found: the claims that follow are about a cluster that is whole.
        for (const host of controlPlanes) await mustSsh(lab, host, 'systemctl start kube-apiserver');
      }
      await eventually('the others are healthy again', 60, expectAllHealthy);
      expect(await holder(), 'the one that serves keeps it').toBe(served.at(-1));
    });

    it('outlives the host it is at', async () => survive('keepalived', await holder(), write));
  });

  describe('mode haproxy on the control planes', () => {
    it('takes the place of another mode', async () => {
      await changeTo('haproxy', inventoryOf({ mode: 'haproxy', vip, port: 8443 }, 'control planes'));
      await eventually('one host has the address', 30, holder);
      await eventually('the endpoint serves', mostSeconds, write);
      await expectAllHealthy();
    });

    it('all three control planes serve through it', () => expectAllServe(`${vip}:8443`));

    it('leaves a host whose balancer is down', async () => {
      const first = await holder();
      await mustSsh(cluster.lab, first, 'systemctl stop haproxy');
      await eventually('another host has the address', mostSeconds, () => holder(first));
      await eventually('the endpoint serves', mostSeconds, write, 250);
      await mustSsh(cluster.lab, first, 'systemctl start haproxy');
    });

    it('outlives the host it is at', async () => survive('haproxy', await holder(), write));
  });

  describe('mode haproxy on hosts of its own', () => {
    const names = balancers.map((host) => host.name);

    it('takes the place of balancers on control planes, and leaves nothing of them', async () => {
      await changeTo('haproxy elsewhere', inventoryOf({ mode: 'haproxy', vip }, 'others'));
      await eventually('one balancer has the address', 30, () => holder(undefined, names));
      await eventually('the endpoint serves', mostSeconds, write);
      await expectAllHealthy();
      await expectNoBalancer(controlPlanes);
    });

    it('all three control planes serve through it', () => expectAllServe(`${vip}:6443`));

    it('outlives the balancer with the address', async () =>
      survive('haproxy elsewhere, balancer', await holder(undefined, names), write));

    it('outlives a control plane in use', async () =>
      survive('haproxy elsewhere, control plane', await serverInUse(await holder(undefined, names)), write));
  });

  describe('mode node-local', () => {
    it('takes the place of another mode, and leaves nothing of that', async () => {
      await changeTo('node-local', inventoryOf({ mode: 'node-local' }));
      for (const { name: host } of balancers)
        expect(await installer(cluster.lab, host, 'uninstall --yes')).toMatchObject({ status: 0 });
      expect(await holdersOf(cluster.lab, [...controlPlanes, 'b1', 'b2'], vip)).toEqual([]);
      await expectAllHealthy();
      await eventually('the worker reaches the API', mostSeconds, askFromWorker);
    });

    it('all three control planes serve through the balancer of the worker', () =>
      expectAllServe('127.0.0.1:6443', fromHost(cluster.lab, 'w1')));

    it('a control plane is its own endpoint', async () => {
      const conf = await mustSsh(cluster.lab, 'm2', 'grep server: /etc/kubernetes/auth/admin.conf');
      expect(conf.trim()).toBe('server: https://192.0.2.12:6443');
    });

    it('outlives the control plane in use', async () => {
      await survive('node-local', await serverInUse('w1'), askFromWorker);
    });

    it('leaves a control plane of which only the etcd member is down', async () => {
      const { lab } = cluster;
      const victim = await serverInUse('w1');
      const address = masters.find((host) => host.name === victim)?.address;
      await mustSsh(lab, victim, 'systemctl stop etcd');
      const began = nowSeconds();
      await eventually('the balancer leads elsewhere', 30, async () => {
        await askFromWorker();
        expect(await serversInUse(lab, 'w1')).not.toContain(address);
      });
      timer.note('node-local: etcd member down to the endpoint serving', began, nowSeconds());
      await mustSsh(lab, victim, 'systemctl start etcd');
      await eventually(`${victim} is healthy again`, 60, () => expectHealthy(cluster, victim));
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
    await Promise.all(inventory.hosts.map((host) => copyBundle(lab, host.name, rendered.out)));
    await withJournals(lab, () =>
      timer.time(`install.sh everywhere, now ${mode}`, async () => {
        await Promise.all(inventory.hosts.map((host) => install(lab, host.name)));
      }),
    );
  }

  function survive(
    title: string,
    victim: string,
    probe: () => Promise<unknown>,
    meanwhile = async () => {},
  ): Promise<void> {
    return expectSurvival(cluster, timer, { title, victim, probe, meanwhile });
  }

  async function expectAllHealthy(): Promise<void> {
    await Promise.all(cluster.inventory.hosts.map((host) => expectHealthy(cluster, host.name)));
  }

  async function expectAllServe(target: string, run: RunScript = fromOutside(cluster.lab)): Promise<void> {
    await eventually('each has answered', 30, async () =>
      expect(await serversBehind(run, controlPlanes, target, 9)).toEqual(new Set(controlPlanes)),
    );
  }

  /** Nothing is left of haproxy and keepalived. */
  async function expectNoBalancer(hosts: readonly string[]): Promise<void> {
    const left = 'systemctl is-enabled haproxy keepalived; ls /etc/haproxy /etc/keepalived';
    for (const host of hosts)
      expect(await mustSsh(cluster.lab, host, `${left} 2>&1 || true`)).not.toMatch(
        /^enabled|cfg$|conf$|crt$/m,
      );
  }

  /** The host with the floating address; throws unless there is one and no other. */
  async function holder(otherThan?: string, among = controlPlanes): Promise<string> {
    const holders = await holdersOf(cluster.lab, among, vip);
    expect(holders).toHaveLength(1);
    expect(holders[0]).not.toBe(otherThan);
    return holders[0] ?? '';
  }

  /** A control plane that has clients through the balancer of a host. */
  async function serverInUse(balancer: string): Promise<string> {
    const [address] = await eventually('the balancer is connected', 30, async () => {
      const inUse = await serversInUse(cluster.lab, balancer);
      expect(inUse).not.toEqual([]);
      return inUse;
    });
    return masters.find((host) => host.address === address)?.name ?? '';
  }

  /** A write through the endpoint, as the operator makes it. */
  function write(): Promise<string> {
    return writeWithin(3);
  }

  /** The same, each of its requests with so many seconds. */
  function writeWithin(seconds: number): Promise<string> {
    const args = ['create', 'configmap', '--dry-run=server', 'through-the-endpoint'];
    return kubectl(cluster.operator, [...args, `--request-timeout=${seconds}s`]);
  }

  /** What the kubelet asks, through the balancer of its host. */
  function askFromWorker(): Promise<string> {
    return mustSsh(
      cluster.lab,
      'w1',
      `grep -q 'server: https://127.0.0.1:6443' ${kubeletConfig} && kubectl --kubeconfig ${kubeletConfig} --request-timeout=3s get node w1`,
    );
  }
});
