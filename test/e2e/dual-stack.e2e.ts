/** The dual-stack example with IPv6 first: etcd, API servers and kubelets meet by IPv6 addresses. */
import { describe, expect, it } from 'vitest';
import { etcdctl } from './claims/etcd.ts';
import { eventually } from './support/eventually.ts';
import { exampleInventory } from './support/inventory.ts';
import { applyObject, getObject, hasCondition, kubectl } from './support/kubectl.ts';
import { execIn, resolveName, runAsOperator } from './support/lab.ts';
import { canBootHosts } from './support/needs.ts';
import { outputOf } from './support/process.ts';
import { runningCluster } from './support/running-cluster.ts';
import { createTimer } from './support/timings.ts';

const endpoint = 'api.lab.example';
const services = ['fd00:10:96::/112', '10.96.0.0/16'];
const pods = ['fd00:10:244::/56', '10.244.0.0/16'];
/** Written in the example beside the IPv4 addresses that the lab gives. */
const v6 = { a: '2001:db8::1', b: '2001:db8::2', c: '2001:db8::3', w: '2001:db8::4' } as const;
const v4 = { a: '192.0.2.1', b: '192.0.2.2', c: '192.0.2.3', w: '192.0.2.4' } as const;
const names = Object.keys(v6) as (keyof typeof v6)[];
const controlPlanes = names.filter((name) => name !== 'w');

const example = exampleInventory('dual-stack.yaml', [
  { path: ['network', 'serviceCIDR'], value: services },
  { path: ['network', 'podCIDR'], value: pods },
  { path: ['endpoint', 'mode'], value: 'hosts' },
]);
// The lab boots hosts by their IPv4 address; .1 is the operator's own, so all are moved.
const moved = (address: string): string => address.replace(/\.(\d)$/, '.1$1');
const inventory = {
  text: example.text.replace(/192\.0\.2\.\d\b/g, moved),
  hosts: example.hosts.map((host) => ({ ...host, address: moved(v4[host.name as keyof typeof v4]) })),
};

describe.skipIf(!canBootHosts())('a dual-stack cluster, IPv6 first', () => {
  const cluster = runningCluster(inventory, createTimer('dual-stack'), async ({ lab }) => {
    for (const name of names) await execIn(lab, name, `ip -6 addr add ${v6[name]}/64 dev eth0 nodad`);
    const bridge = await runAsOperator(lab, ['ip', '-o', 'link', 'show', 'type', 'bridge']);
    const device = /^\d+: ([^:@]+)/.exec(outputOf('ip link', bridge))?.[1] ?? '';
    await runAsOperator(lab, ['ip', '-6', 'addr', 'add', '2001:db8::ff/64', 'dev', device, 'nodad']);
    await resolveName(lab, endpoint, v6.a);
  });

  it('has members of etcd that know each other by IPv6', async () => {
    const urls = (port: number): string[] => controlPlanes.map((name) => `https://[${v6[name]}]:${port}`);
    const said = await etcdctl(cluster(), 'a', 'member list -w json');
    const { members } = JSON.parse(said) as { members: { peerURLs: string[]; clientURLs: string[] }[] };
    expect(members.flatMap(({ peerURLs }) => peerURLs).sort()).toEqual(urls(2380));
    expect(members.flatMap(({ clientURLs }) => clientURLs).sort()).toEqual(urls(2379));
    await eventually('all of them serve', 30, () =>
      etcdctl(cluster(), 'b', `endpoint health --endpoints '${urls(2379).join(',')}'`),
    );
  });

  it('has API servers whose certificates are right for addresses of both families', async () => {
    for (const name of controlPlanes)
      for (const server of [`https://[${v6[name]}]:6443`, `https://${moved(v4[name])}:6443`])
        await eventually(`${server} is ready`, 30, async () =>
          expect(await kubectl(cluster().operator, ['--server', server, 'get', '--raw', '/readyz'])).toBe(
            'ok',
          ),
        );
    expect((await getObject(cluster().operator, 'service/kubernetes')).spec.clusterIP).toBe('fd00:10:96::1');
  });

  it('has a node with addresses and pod networks of both families, IPv6 first', async () => {
    const node = await getObject(cluster().operator, 'node/w');
    expect(hasCondition(node, 'Ready')).toBe(true);
    expect(node.status.addresses).toEqual([
      { type: 'InternalIP', address: v6.w },
      { type: 'InternalIP', address: moved(v4.w) },
      { type: 'Hostname', address: 'w' },
    ]);
    expect(node.spec.podCIDRs).toEqual([
      expect.stringMatching(/^fd00:10:244:.*\/64$/),
      expect.stringMatching(/^10\.244\.\d+\.0\/24$/),
    ]);
  });

  it('gives a service an address of each family', async () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'both' },
      spec: { ipFamilyPolicy: 'RequireDualStack', selector: { app: 'none' }, ports: [{ port: 80 }] },
    };
    await applyObject(cluster().operator, service);
    expect((await getObject(cluster().operator, 'service/both')).spec.clusterIPs).toEqual([
      expect.stringMatching(/^fd00:10:96::/),
      expect.stringMatching(/^10\.96\./),
    ]);
  });
});
