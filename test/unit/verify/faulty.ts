/** Good bundles and single faults in them: what is changed, and who must find it. */
import type { AuthorityName, Pki } from '../../../src/model/certificate.ts';
import type { Cluster } from '../../../src/model/cluster.ts';
import { readCertificate } from '../../../src/pki/certificate.ts';
import { issueLeaf, loadAuthority } from '../../../src/pki/issue.ts';
import { pkiRequest } from '../../../src/plan/certificates.ts';
import type { BundleFile, HostBundle } from '../../../src/verify/bundle.ts';
import { type Bundles, bundlesOf } from '../../support/bundles.ts';
import { clusterOf, pkiOf } from '../../support/clusters.ts';

const version = 'kubernetes: { version: "1.20" }';
const hosts = `hosts:
  - { name: m1, address: 192.0.2.1, roles: [etcd, control-plane] }
  - { name: m2, address: 192.0.2.2, roles: [etcd, control-plane] }
  - { name: m3, address: 192.0.2.3, roles: [etcd, control-plane] }
  - { name: w1, address: 192.0.2.4, roles: [worker] }
  - { name: w2, address: 192.0.2.5, roles: [worker] }`;

export interface Good {
  readonly cluster: Cluster;
  readonly pki: Pki;
  readonly good: Bundles;
  /** The same cluster with other keys. */
  readonly foreign: Bundles;
}

async function goodOf(...parts: readonly string[]): Promise<Good> {
  const cluster = clusterOf(version, ...parts, hosts);
  const pki = await pkiOf(cluster);
  return { cluster, pki, good: bundlesOf(cluster, pki), foreign: bundlesOf(cluster, await pkiOf(cluster)) };
}

export const clusters: Readonly<
  Record<'secret' | 'file' | 'signed' | 'floating' | 'balanced', Promise<Good>>
> = {
  secret: goodOf('endpoint: { host: api.example }'),
  file: goodOf('bootstrap: { method: token-file }', 'runtime: { type: docker }'),
  signed: goodOf(
    'bootstrap: { method: signed }',
    'endpoint: { host: api.example, mode: external, port: 443 }',
  ),
  floating: goodOf(
    'endpoint: { host: api.example, mode: keepalived, vip: 192.0.2.100 }',
    'etcd: { backup: { schedule: daily } }',
  ),
  balanced: goodOf('endpoint: { mode: node-local }'),
};

/** A single fault in good bundles, and where it must be found. */
export interface Fault {
  readonly fault: string;
  readonly cluster?: keyof typeof clusters;
  readonly host: string;
  readonly file: string;
  /** What becomes of the file. */
  readonly change?: Change;
  /** In its place: the certificate that is issued again. */
  readonly certificate?: {
    readonly name: string;
    readonly stem: string;
    readonly otherwise: Parameters<typeof reissued>[4];
  };
  /** The check that must find it; undefined where any may. */
  readonly check?: string;
  /** Where it must be found, when that is another file than the one that was changed. */
  readonly foundIn?: string;
  readonly foundOn?: string;
  /** What stands in the line that is found; undefined where the whole file is meant. */
  readonly line?: RegExp;
}

/** The bundles with a fault in them. */
export async function seeded({
  cluster = 'secret',
  host,
  file,
  change,
  certificate,
}: Fault): Promise<Bundles> {
  const good = await clusters[cluster];
  if (certificate !== undefined)
    return reissued(good, host, certificate.name, certificate.stem, certificate.otherwise);
  if (change === undefined) throw new Error(`nothing changes in ${file} of ${host}`);
  return withChange(good, host, file, change);
}

/** Changes a file; undefined takes it out of the bundle. */
export type Change = (file: BundleFile, good: Good) => BundleFile | undefined | Promise<BundleFile>;

/** Bundles with one file of one host changed; a change that changes nothing is a mistake in the test. */
export async function withChange(good: Good, host: string, path: string, change: Change): Promise<Bundles> {
  const { facts, bundles } = good.good;
  const target = bundles.find((bundle) => bundle.host === host);
  const file = target?.files.find((one) => one.path === path);
  if (target === undefined || file === undefined) throw new Error(`${host} has no ${path}`);
  const changed = await change(file, good);
  if (changed?.content.equals(file.content) && changed.mode === file.mode && changed.owner === file.owner)
    throw new Error(`nothing changes in ${path} of ${host}`);
  const files = target.files.flatMap((one) => (one === file ? (changed ?? []) : [one]));
  return { facts, bundles: bundles.map((bundle) => (bundle === target ? { ...bundle, files } : bundle)) };
}

/** Bundles with a file more on a host. */
export function withFile(good: Good, host: string, file: BundleFile): Bundles {
  const { facts, bundles } = good.good;
  const add = (bundle: HostBundle) => ({ ...bundle, files: [...bundle.files, file] });
  return { facts, bundles: bundles.map((bundle) => (bundle.host === host ? add(bundle) : bundle)) };
}

export const text =
  (change: (text: string) => string): Change =>
  (file) => ({ ...file, content: Buffer.from(change(file.content.toString())) });

export const replaced = (from: string | RegExp, to: string): Change =>
  text((before) => before.replace(from, to));
export const without: Change = () => undefined;
export const withMode =
  (mode: number): Change =>
  (file) => ({ ...file, mode });
export const ownedBy =
  (owner: BundleFile['owner']): Change =>
  (file) => ({ ...file, owner, group: owner });

/** The file of another host, or of a cluster with other keys. */
export const ofOther =
  (from: 'good' | 'foreign', host?: string): Change =>
  (file, good) => {
    const found = fileIn(good[from], host, file.path);
    return { ...file, content: found.content };
  };

function fileIn({ bundles }: Bundles, host: string | undefined, path: string): BundleFile {
  const found = bundles
    .filter((bundle) => host === undefined || bundle.host === host)
    .flatMap(({ files }) => files)
    .find((file) => file.path === path);
  if (found === undefined) throw new Error(`no ${path}`);
  return found;
}

/** Issues a certificate again with something else in it, and puts it where the old one was; its key goes beside it. */
export async function reissued(
  { cluster, pki, good }: Good,
  host: string,
  name: string,
  path: string,
  otherwise: Partial<Parameters<typeof issueLeaf>[1]> & { readonly authority?: AuthorityName },
): Promise<Bundles> {
  const request = pkiRequest(cluster);
  const wanted = request.certificates.find(({ id }) => id === `hosts/${host}/${name}`);
  if (wanted === undefined) throw new Error(`${host} has no ${name}`);
  const authority = otherwise.authority ?? wanted.authority;
  const pair = pki.authorities[authority];
  if (pair === undefined) throw new Error(`no authority ${authority}`);
  const issuer = loadAuthority(authority, pair, readCertificate(pair.certificatePem));
  const { certificatePem, privateKeyPem } = await issueLeaf(
    issuer,
    { ...wanted, ...otherwise },
    request,
    new Date(),
  );
  const contents = new Map([
    [`${path}.crt`, certificatePem],
    [`${path}.key`, privateKeyPem],
  ]);
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  const change = (file: BundleFile): BundleFile => {
    const pem = contents.get(file.path);
    if (pem !== undefined) return { ...file, content: Buffer.from(pem) };
    if (file.path !== path) return file;
    const changed = file.content
      .toString()
      .replace(/(client-certificate-data: ).*/, `$1${base64(certificatePem)}`)
      .replace(/(client-key-data: ).*/, `$1${base64(privateKeyPem)}`);
    return { ...file, content: Buffer.from(changed) };
  };
  const bundles = good.bundles.map((bundle) =>
    bundle.host === host ? { ...bundle, files: bundle.files.map(change) } : bundle,
  );
  return { facts: good.facts, bundles };
}
