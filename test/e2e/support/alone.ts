/** A cluster of one host without workers: the smallest on which everything install.sh does can go wrong. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { render } from '../../support/cli.ts';
import { type Lab, type LabHost, openLab } from './lab.ts';
import { copyTo, mustSsh } from './ssh.ts';

export interface AloneOptions {
  readonly roles?: readonly string[];
  readonly arch?: string;
  /** Another one re-issues every certificate of the host, so that most of its files change. */
  readonly unit?: string;
  /** Which PKI store, for another cluster of the same name. */
  readonly store?: string;
  /** Environment of the render. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Boots hosts that each get a cluster of their own. */
export function openAlone(...names: readonly string[]): Promise<Lab> {
  return openLab(names.map((name, index) => ({ name, address: `192.0.2.${10 + index}` })));
}

/** Renders a host's cluster, again with the same authorities; gives the tarball. */
export function renderAlone(
  lab: Lab,
  { name, address }: LabHost,
  {
    roles = ['etcd', 'control-plane'],
    arch = 'amd64',
    unit = 'first',
    store = 'usual',
    env = {},
  }: AloneOptions = {},
): string {
  const folder = join(lab.folder, name, store);
  mkdirSync(folder, { recursive: true });
  const inventory = join(folder, 'inventory.yaml');
  // A control plane cannot be without, but it may be elsewhere.
  const elsewhere = roles.includes('control-plane')
    ? []
    : [{ name: 'elsewhere', address: '192.0.2.200', roles: ['control-plane'] }];
  const document = {
    apiVersion: 'hardway/v1',
    cluster: { name },
    kubernetes: { version: '1.20.2' },
    network: { proxy: { mode: 'iptables' } },
    addons: { coredns: false, flannel: false },
    pki: { subject: { OU: unit } },
    hosts: [{ name, address, roles, arch }, ...elsewhere],
  };
  writeFileSync(inventory, stringify(document));
  return join(render(inventory, folder, env).out, `bundles/${name}.tar.gz`);
}

/** Copies a tarball to a host and unpacks it below `as` in root's home. */
export async function unpackOn(lab: Lab, host: LabHost, tarball: string, as: string): Promise<void> {
  await copyTo(lab, host.name, tarball);
  const file = tarball.split('/').at(-1);
  await mustSsh(
    lab,
    host.name,
    `rm -rf ${as} && mkdir ${as} && tar -xzf ${file} -C ${as} --strip-components=1`,
  );
}
