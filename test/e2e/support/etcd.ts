/** An etcd cluster of its own on hosts of a lab, and a control plane that uses it as one of others. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { render } from '../../support/cli.ts';
import { run } from '../../support/requirements.ts';
import { type Lab, type LabHost, sshConfig } from './lab.ts';
import { mustRun } from './process.ts';
import { mustSsh, ssh } from './ssh.ts';

const shared = {
  apiVersion: 'hardway/v1',
  kubernetes: { version: '1.20.2' },
  network: { proxy: { mode: 'iptables' } },
  addons: { coredns: false, flannel: false },
};

/** What docs/etcd-backup.md has an operator write, and a command line. */
export const withEtcdctl = (commands: string): string =>
  `set -a; . /etc/etcd/etcdctl.env; set +a\n${commands}`;

/** Renders the cluster of the members, with snapshots; gives its folders. */
export function renderMembers(lab: Lab, members: readonly LabHost[], keep: number) {
  const folder = join(lab.folder, 'members');
  // A control plane cannot be without, but it may be elsewhere.
  const elsewhere = { name: 'elsewhere', address: '192.0.2.200', roles: ['control-plane'] };
  const hosts = members.map(({ name, address }) => ({ name, address, roles: ['etcd'] }));
  const etcd = { backup: { keep } };
  return rendered(folder, { ...shared, cluster: { name: 'members' }, etcd, hosts: [...hosts, elsewhere] });
}

/** Renders a control plane that has nothing of those members but what they give to a client. */
export function renderClient(lab: Lab, host: LabHost, members: readonly LabHost[], memberPki: string) {
  const folder = join(lab.folder, 'client');
  mkdirSync(join(folder, 'given'), { recursive: true });
  const given = (name: string) => join(folder, 'given', name);
  const [authority, authorityKey] = [join(memberPki, 'etcd/ca.crt'), join(memberPki, 'etcd/ca.key')];
  writeFileSync(given('extensions'), 'extendedKeyUsage=clientAuth\n');
  run('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', given('client.key')]);
  run('openssl', ['req', '-new', '-key', given('client.key'), '-subj', '/CN=client', '-out', given('csr')]);
  const signing = ['-CA', authority, '-CAkey', authorityKey, '-CAcreateserial', '-CAserial', given('serial')];
  const output = ['-extfile', given('extensions'), '-out', given('client.crt')];
  run('openssl', ['x509', '-req', '-in', given('csr'), '-days', '90', ...signing, ...output]);
  run('cp', [authority, given('ca.crt')]);
  const endpoints = members.map(({ address }) => `https://${address}:2379`);
  const files = { caFile: 'given/ca.crt', certFile: 'given/client.crt', keyFile: 'given/client.key' };
  const hosts = [{ ...host, roles: ['control-plane'] }];
  return rendered(folder, {
    ...shared,
    cluster: { name: 'client' },
    etcd: { external: { endpoints, ...files } },
    hosts,
  });
}

function rendered(folder: string, document: object) {
  mkdirSync(folder, { recursive: true });
  const inventory = join(folder, 'inventory.yaml');
  writeFileSync(inventory, stringify(document));
  return render(inventory, folder);
}

/** Copies a file from a host. */
export async function copyFrom(lab: Lab, host: string, path: string, file: string): Promise<void> {
  await mustRun('scp', ['-q', '-F', sshConfig(lab), `${host}:${path}`, file]);
}

/** A number of a write, and when it began and was acknowledged, in nanoseconds of the machine's clock. */
export interface Write {
  readonly number: number;
  readonly begun: bigint;
  readonly acknowledged: bigint;
}

/** Writes /load/1, /load/2, … on a host until it is stopped; gives what was acknowledged. */
export async function startLoad(lab: Lab, host: string): Promise<() => Promise<readonly Write[]>> {
  const writer = `touch /root/go; number=0
while [ -e /root/go ]; do
  number=$((number + 1)) begun=$(date +%s%N)
  etcdctl put /load/$number $number >/dev/null && echo "$number $begun $(date +%s%N)"
done >/root/acknowledged`;
  const done = ssh(lab, host, withEtcdctl(writer));
  return async () => {
    await mustSsh(lab, host, 'rm /root/go');
    const { status, stderr } = await done;
    if (status !== 0) throw new Error(`the writer ended with ${status}: ${stderr}`);
    const lines = (await mustSsh(lab, host, 'cat /root/acknowledged')).trim().split('\n');
    return lines.map((line) => {
      const [number = '', begun = '', acknowledged = ''] = line.split(' ');
      return { number: Number(number), begun: BigInt(begun), acknowledged: BigInt(acknowledged) };
    });
  };
}

/** The numbers that are there, as the member on a host has them itself; throws when a value is wrong. */
export async function loadedOn(lab: Lab, host: string): Promise<Set<number>> {
  const said = await mustSsh(lab, host, withEtcdctl('etcdctl get /load/ --prefix --consistency=s'));
  const words = said.trim().split('\n');
  const numbers = new Set<number>();
  for (let index = 0; index + 1 < words.length; index += 2) {
    if (words[index] !== `/load/${words[index + 1]}`)
      throw new Error(`${words[index]} is ${words[index + 1]}`);
    numbers.add(Number(words[index + 1]));
  }
  return numbers;
}
