/** Every URL that is dialled leads to somebody who answers there, with a certificate for that name. */

import { etcdctlEnv, etcdEnv } from '../../catalog/paths.ts';
import { parseAddress, urlHost } from '../../lib/ip.ts';
import { rememberedByObject } from '../../lib/remember.ts';
import type { Certificate } from '../../pki/certificate.ts';
import { covers, dialled, serverOf, signedBy } from '../certificates.ts';
import { textAt, valueAt } from '../read-yaml.ts';
import type { ClusterView, Found, HostView } from '../view.ts';

interface Dialling {
  readonly host: HostView;
  readonly file: string;
  readonly line: number;
  readonly url: string;
}

/** Somebody who may answer. */
interface Answerer {
  readonly host: HostView;
  readonly certificate: Certificate | undefined;
  /** The file of the certificate. */
  readonly file: string;
  readonly port: number | undefined;
}

const isLoopback = (name: string) => name === 'localhost' || name === '::1' || /^127\./.test(name);

function answersTo({ bundle }: HostView, name: string): boolean {
  const address = parseAddress(name)?.text;
  return address === undefined ? bundle.names.includes(name) : bundle.addresses.includes(address);
}

/** Kubeconfigs and scripts lead to API servers whose certificates have that name. */
export function* apiUrlsAreCovered(view: ClusterView): Iterable<Found> {
  for (const dialling of apiDiallings(view)) {
    const target = dialled(dialling.url);
    if (target === undefined) {
      yield { ...at(dialling), message: `${dialling.url} is no https URL`, fix: 'render again' };
      continue;
    }
    yield* answers(dialling, target, apiAnswerers(view, dialling.host, target.name), 'API server');
  }
}

function* apiDiallings({ hosts }: ClusterView): Iterable<Dialling> {
  for (const host of hosts) {
    for (const { path, document } of host.ofKind('Config')) {
      const line = document.lineOf(['clusters', 0, 'cluster', 'server']);
      yield { host, file: path, line, url: serverOf(document.value) ?? '' };
    }
    for (const { path, mode, content } of host.bundle.files) {
      if ((mode & 0o111) === 0) continue;
      for (const dialling of serversIn(content)) yield { host, file: path, ...dialling };
    }
  }
}

/** The servers that a script gives to kubectl. */
const serversIn = rememberedByObject((content: Buffer): readonly Pick<Dialling, 'line' | 'url'>[] =>
  content
    .toString()
    .split('\n')
    .flatMap((text, index) =>
      [...text.matchAll(/--server=["']?(https:\/\/[^\s"']+)/g)].map(([, url = '']) => ({
        line: index + 1,
        url,
      })),
    ),
);

function apiServer(host: HostView, isDirect: boolean): Answerer {
  const command = host.command('apiserver');
  const file = command?.flag('tls-cert-file')?.value ?? '';
  const port = Number(command?.flag('secure-port')?.value ?? 6443);
  return { host, certificate: host.certificate(file), file, port: isDirect ? port : undefined };
}

/** Behind a balancer, and in mode `hosts`, any control plane may answer. */
function apiAnswerers({ facts, withRole }: ClusterView, from: HostView, name: string): Answerer[] {
  const planes = withRole('control-plane');
  if (isLoopback(name)) {
    if (planes.includes(from)) return [apiServer(from, true)];
    return facts.endpoint.mode === 'node-local' ? planes.map((host) => apiServer(host, false)) : [];
  }
  if (sameName(name, facts.endpoint.host)) {
    const isDirect = facts.endpoint.mode === 'hosts';
    return planes.map((host) => ({
      ...apiServer(host, isDirect),
      ...(isDirect ? {} : { port: facts.endpoint.port }),
    }));
  }
  return planes.filter((host) => answersTo(host, name)).map((host) => apiServer(host, true));
}

function sameName(left: string, right: string): boolean {
  const [one, other] = [left, right].map((name) => parseAddress(name)?.text ?? name.toLowerCase());
  return one === other;
}

/** --etcd-servers and etcd's own URLs lead to members whose certificates have that name. */
export function* etcdUrlsAreCovered(view: ClusterView): Iterable<Found> {
  const members = view.withRole('etcd');
  // An etcd of somebody else has certificates of somebody else.
  if (members.length === 0) return;
  for (const { dialling, part } of etcdDiallings(view)) {
    const target = dialled(dialling.url);
    if (target === undefined) {
      yield { ...at(dialling), message: `${dialling.url} is no https URL`, fix: 'render again' };
      continue;
    }
    const found = members.filter((member) =>
      isLoopback(target.name) ? member === dialling.host : answersTo(member, target.name),
    );
    yield* answers(
      dialling,
      target,
      found.map((member) => etcdMember(member, part)),
      'etcd member',
    );
  }
}

type Part = 'client' | 'peer';

function etcdMember(host: HostView, part: Part): Answerer {
  const file = host.etcdVariable(part === 'peer' ? 'ETCD_PEER_CERT_FILE' : 'ETCD_CERT_FILE')?.value ?? '';
  const listened = host.etcdVariable(
    part === 'peer' ? 'ETCD_LISTEN_PEER_URLS' : 'ETCD_LISTEN_CLIENT_URLS',
  )?.value;
  return {
    host,
    certificate: host.certificate(file),
    file,
    port: dialled(listened?.split(',')[0] ?? '')?.port,
  };
}

const etcdUrls: readonly (readonly [string, Part])[] = [
  ['ETCD_ADVERTISE_CLIENT_URLS', 'client'],
  ['ETCD_LISTEN_CLIENT_URLS', 'client'],
  ['ETCD_INITIAL_ADVERTISE_PEER_URLS', 'peer'],
  ['ETCD_LISTEN_PEER_URLS', 'peer'],
  ['ETCD_INITIAL_CLUSTER', 'peer'],
];

function* etcdDiallings({ hosts }: ClusterView): Iterable<{ dialling: Dialling; part: Part }> {
  for (const host of hosts) {
    const servers = host.command('apiserver')?.flag('etcd-servers');
    for (const url of servers?.value.split(',') ?? [])
      if (servers !== undefined)
        yield { dialling: { host, file: servers.file, line: servers.line, url }, part: 'client' };
    for (const { name, value, line } of host.variables(etcdctlEnv))
      if (name === 'ETCDCTL_ENDPOINTS')
        for (const url of value.split(','))
          yield { dialling: { host, file: etcdctlEnv, line, url }, part: 'client' };
    for (const [name, part] of etcdUrls) {
      const variable = host.etcdVariable(name);
      for (const item of variable?.value.split(',') ?? []) {
        const url = name === 'ETCD_INITIAL_CLUSTER' ? item.replace(/^[^=]*=/, '') : item;
        if (variable !== undefined)
          yield { dialling: { host, file: etcdEnv, line: variable.line, url }, part };
      }
    }
  }
}

function at({ host, file, line }: Dialling) {
  return { host: host.name, file, line };
}

function* answers(
  dialling: Dialling,
  { name, port }: { readonly name: string; readonly port: number },
  answerers: readonly Answerer[],
  what: string,
): Iterable<Found> {
  if (answerers.length === 0)
    yield {
      ...at(dialling),
      message: `${dialling.url} leads to no ${what} of the cluster`,
      fix: 'render again',
    };
  for (const answerer of answerers) {
    if (answerer.port !== undefined && answerer.port !== port)
      yield {
        ...at(dialling),
        message: `${dialling.url} dials port ${port}, but the ${what} of ${answerer.host.name} listens on ${answerer.port}`,
        fix: `dial https://${urlHost(name)}:${answerer.port}`,
      };
    if (answerer.certificate === undefined || covers(answerer.certificate, name)) continue;
    // The certificate is what lacks something, whoever dials.
    yield {
      host: answerer.host.name,
      file: answerer.file,
      line: undefined,
      message: `the certificate has no name ${name}, by which ${dialling.file} of ${dialling.host.name} dials it`,
      fix: 'render again; if it stays, add the name to pki.extraSANs',
    };
  }
}

/** Clients trust the authority that signed the server, and the other way round. */
export function* etcdIsTrusted({ withRole }: ClusterView): Iterable<Found> {
  const members = withRole('etcd');
  for (const host of withRole('control-plane')) {
    const command = host.command('apiserver');
    const [authority, client] = ['etcd-cafile', 'etcd-certfile'].map((name) => command?.flag(name));
    const trusted = authority === undefined ? undefined : host.certificate(authority.value);
    const certificate = client === undefined ? undefined : host.certificate(client.value);
    for (const member of members) {
      const server = etcdMember(member, 'client').certificate;
      if (
        authority !== undefined &&
        trusted !== undefined &&
        server !== undefined &&
        !signedBy(server, trusted)
      )
        yield {
          host: host.name,
          file: authority.file,
          line: authority.line,
          message: `--etcd-cafile=${authority.value} did not sign the certificate of etcd on ${member.name}`,
          fix: 'render again',
        };
      const own = member.certificate(member.etcdVariable('ETCD_TRUSTED_CA_FILE')?.value ?? '');
      if (
        client !== undefined &&
        certificate !== undefined &&
        own !== undefined &&
        !signedBy(certificate, own)
      )
        yield {
          host: host.name,
          file: client.file,
          line: client.line,
          message: `etcd on ${member.name} does not trust ${client.value}`,
          fix: 'render again',
        };
    }
  }
}

/** An API server that checks kubelets dials them by address, or else by name, for logs and exec. */
export function* kubeletsAreCovered({ hosts, withRole }: ClusterView): Iterable<Found> {
  const isChecked = withRole('control-plane').some(
    (host) => host.command('apiserver')?.flag('kubelet-certificate-authority') !== undefined,
  );
  if (!isChecked) return;
  for (const host of hosts) {
    for (const { path, document } of host.ofKind('KubeletConfiguration')) {
      const file = textAt(document.value, 'tlsCertFile');
      const certificate = file === undefined ? undefined : host.certificate(file);
      // With serverTLSBootstrap the cluster signs its certificate while it runs.
      if (file === undefined && valueAt(document.value, 'serverTLSBootstrap') !== true) {
        const message =
          'API servers check the certificates of kubelets, and this kubelet has none that they know';
        yield { host: host.name, file: path, line: undefined, message, fix: 'render again' };
      }
      if (certificate === undefined) continue;
      for (const name of [...host.bundle.addresses, host.name].filter((one) => !covers(certificate, one))) {
        const message = `the certificate has no name ${name}, by which API servers dial the kubelet`;
        yield { host: host.name, file: file ?? path, line: undefined, message, fix: 'render again' };
      }
    }
  }
}
