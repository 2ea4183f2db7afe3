/** The cluster at a glance, as one HTML file without scripts, links or secrets. */
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { kubernetesPki } from '../catalog/paths.ts';
import { readPackageFile } from '../lib/package-root.ts';
import { authorityOf, type Pki } from '../model/certificate.ts';
import { type Cluster, type Host, roleNames } from '../model/cluster.ts';
import { authoritiesOf, certificateRows } from '../plan/certificates.ts';
import { endpointUrl, etcdClientUrls } from '../plan/endpoints.ts';

/** A bundle as the report names it. */
export interface ReportedBundle {
  readonly host: Host;
  readonly bundle: string;
  readonly sha256: string;
}

/** Hosts that the report lists one by one; a larger cluster has its sums in SHA256SUMS. */
const mostHostsListed = 500;

/** The report of a render. HTML escaping is on here, unlike in the templates of a host. */
export function reportHtml(
  cluster: Cluster,
  pki: Pki,
  bundles: readonly ReportedBundle[],
  templatesDir: string,
): string {
  const text = readPackageFile(join(templatesDir, '_report/report.html.hbs')).toString();
  const template = Handlebars.create().compile(text, { strict: true });
  const listed = bundles.slice(0, mostHostsListed);
  return template({
    name: cluster.name,
    facts: factsOf(cluster),
    roles: roleNames.filter((role) => role !== 'load-balancer'),
    hosts: listed.map(hostRow),
    moreHosts: bundles.length - listed.length,
    authorities: authoritiesOf(cluster).map((name) =>
      authorityRow(name, authorityOf(pki, name).certificatePem),
    ),
    keys: keyRows(cluster),
  });
}

function factsOf(cluster: Cluster): { name: string; value: string }[] {
  const { network, bootstrap, runtime, security } = cluster;
  const facts = {
    Kubernetes: cluster.kubernetes.version,
    etcd: cluster.etcd.external === undefined ? cluster.etcd.version : etcdClientUrls(cluster).join(', '),
    Endpoint: `${endpointUrl(cluster)} (${cluster.endpoint.mode})`,
    Services: network.serviceCIDRs.map((cidr) => cidr.text).join(', '),
    'API service': network.apiServiceAddresses.map((address) => address.text).join(', '),
    'Cluster DNS': `${network.clusterDNS.map((address) => address.text).join(', ')} (${cluster.dnsDomain})`,
    Pods: network.podCIDRs.map((cidr) => cidr.text).join(', '),
    'kube-proxy': network.proxy.mode,
    Bootstrap: bootstrap.method,
    Runtime: `${runtime.type}, cgroup driver ${runtime.cgroupDriver}`,
    'Secrets in etcd': security.encryptionAtRest ? 'encrypted' : 'in the clear',
    'Audit log': security.audit ? 'on' : 'off',
    Keys: cluster.pki.keyAlgorithm,
  };
  return Object.entries(facts).map(([name, value]) => ({ name, value }));
}

function hostRow({ host, bundle, sha256 }: ReportedBundle) {
  return {
    name: host.fqdn ?? host.name,
    addresses: host.addresses.map((address) => address.text).join(', '),
    arch: host.arch,
    roles: roleNames
      .filter((role) => role !== 'load-balancer')
      .map((role) => ({ has: host.roles.includes(role) })),
    review: `review/${host.name}/`,
    bundle,
    sha256,
  };
}

function authorityRow(name: string, pem: string) {
  const certificate = new X509Certificate(pem);
  return { name, notAfter: certificate.validTo, fingerprint: certificate.fingerprint256 };
}

/** The one key that is not of this cluster's own making. */
const externalKeyRow = {
  path: `${kubernetesPki}/apiserver-etcd-client.key`,
  commonName: 'as others have chosen',
  organization: '',
  authority: 'of the external etcd',
  role: 'control-plane',
  why: 'given out by those who keep etcd; the same on every control plane',
};

/** Which role holds which private key, and why: the key map that a security review asks for. */
function keyRows(cluster: Cluster) {
  const rows = certificateRows(cluster).map((row) => ({
    path: row.delivery.kind === 'files' ? `${row.delivery.path}.key` : row.delivery.path,
    commonName: row.commonName,
    organization: row.organization ?? '',
    authority: row.authority,
    role: row.role,
    why: row.why,
  }));
  return cluster.etcd.external === undefined ? rows : [...rows, externalKeyRow];
}
