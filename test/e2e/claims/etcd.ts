/** etcd: three members that talk to nobody without a certificate. */
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import type { LabHost } from '../support/lab.ts';
import { mustSsh, ssh } from '../support/ssh.ts';

const pki = '/etc/etcd/pki';
// With TLS 1.3 the refusal follows the handshake, and curl does not say what it was.
const curl = `curl -sS --http1.1 --tls-max 1.2 --cacert ${pki}/ca.crt`;
const clientCertificate = `--cert ${pki}/client.crt --key ${pki}/client.key`;

/** etcdctl on a host of etcd, with that host's client certificate. */
export function etcdctl({ lab }: Cluster, host: string, ...args: readonly string[]): Promise<string> {
  return mustSsh(lab, host, `etcdctl --cacert ${pki}/ca.crt ${clientCertificate} ${args.join(' ')}`);
}

/** The hosts that run etcd. */
export function etcdHosts({ inventory }: Cluster): LabHost[] {
  return inventory.hosts.filter(({ roles }) => roles.includes('etcd'));
}

/** Throws unless every member serves clients. */
export async function expectHealthyMembers(cluster: Cluster, asked: string): Promise<void> {
  const endpoints = etcdHosts(cluster).map(({ address }) => `https://${address}:2379`);
  const said = await etcdctl(cluster, asked, 'endpoint health -w json --endpoints', endpoints.join(','));
  const healthy = (JSON.parse(said) as { endpoint: string; health: boolean }[]).filter(
    ({ health }) => health,
  );
  expect(healthy.map(({ endpoint }) => endpoint).sort()).toEqual(endpoints.sort());
}

export function etcdClaims(cluster: () => Cluster): void {
  const first = (): string => etcdHosts(cluster())[0]?.name ?? '';

  describe('etcd', () => {
    it('has all members, healthy, over TLS', async () => {
      await eventually('all members serve', 30, () => expectHealthyMembers(cluster(), first()));
      const { members } = JSON.parse(await etcdctl(cluster(), first(), 'member list -w json')) as {
        members: { name: string; peerURLs: string[] }[];
      };
      const wanted = etcdHosts(cluster()).map(({ name, address }) => ({
        name,
        peerURLs: [`https://${address}:2380`],
      }));
      expect(members).toEqual(expect.arrayContaining(wanted.map((one) => expect.objectContaining(one))));
      expect(members).toHaveLength(wanted.length);
    });

    it.each([
      ['clients', 2379, '/health', clientCertificate],
      ['peers', 2380, '/members', `--cert ${pki}/peer.crt --key ${pki}/peer.key`],
    ])('refuses %s without a certificate', async (_who, port, path, certificate) => {
      for (const { name, address } of etcdHosts(cluster())) {
        const ask = (options: string) =>
          ssh(cluster().lab, name, `${curl} ${options} https://${address}:${port}${path}`);
        expect(await ask(certificate)).toMatchObject({ status: 0 });
        const refused = await ask('');
        expect(refused.status, `${name} served it: ${refused.stdout}`).not.toBe(0);
        expect(refused.stderr).toContain('alert bad certificate');
      }
    });
  });
}
