/** Certificates and keys: who they name, what for, who signed them, and that each has its key. */
import { certificates } from '../../catalog/certificates.ts';
import { rememberedByObject } from '../../lib/remember.ts';
import { authorityNames } from '../../model/certificate.ts';
import { deviants } from '../agree.ts';
import {
  authorityCertificate,
  authorityCopies,
  type HeldCertificate,
  heldCertificates,
  signedBy,
  subjectOf,
} from '../certificates.ts';
import { heldKeys } from '../keys.ts';
import { type ClusterView, certificateKey, type Found } from '../view.ts';

const again = 'render again; if it stays, look into the PKI folder with hardway certs list';

/** Each authority is one and the same everywhere, and is an authority. */
export function* authoritiesAgree(view: ClusterView): Iterable<Found> {
  for (const authority of authorityNames) {
    const copies = authorityCopies(view, authority);
    for (const { place, usual } of deviants(copies)) {
      const { host, file, line } = place;
      const message = `the certificate of ${authority} differs from that in ${usual.place.file} of ${usual.place.host.name}`;
      yield { host: host.name, file, line, message, fix: again };
    }
    const [first] = copies;
    if (first === undefined) continue;
    const { host, file, line } = first.place;
    const certificate = authorityCertificate(view, authority);
    const message =
      certificate === undefined
        ? 'no certificate can be read here'
        : `${authority} is no authority (CA:FALSE)`;
    if (certificate?.isAuthority !== true) yield { host: host.name, file, line, message, fix: again };
  }
  yield* authoritiesAreApart(view);
}

/** One authority for two purposes would let a client of etcd into the API server. */
function* authoritiesAreApart(view: ClusterView): Iterable<Found> {
  const seen = new Map<string, string>();
  for (const authority of authorityNames) {
    const [copy] = authorityCopies(view, authority);
    const certificate = authorityCertificate(view, authority);
    if (copy === undefined || certificate === undefined) continue;
    const key = certificateKey(certificate);
    const other = seen.get(key);
    seen.set(key, authority);
    if (other === undefined) continue;
    const { host, file, line } = copy.place;
    yield { host: host.name, file, line, message: `${authority} and ${other} have the same key`, fix: again };
  }
}

/** Leaf certificates say what the catalog says, and are signed by the right authority. */
export function* certificatesAreRight(view: ClusterView): Iterable<Found> {
  const authorities = new Map(authorityNames.map((name) => [name, authorityCertificate(view, name)]));
  for (const host of view.hosts) {
    for (const held of heldCertificates(view, host)) {
      const at = { host: host.name, file: held.file, line: held.line, fix: again };
      const certificate = view.parse(held.pem ?? '');
      if (certificate === undefined) {
        yield { ...at, message: `there is no certificate ${held.row.name} that can be read` };
        continue;
      }
      for (const message of [...subjectProblems(held, certificate), ...usageProblems(held, certificate)])
        yield { ...at, message };
      const authority = authorities.get(held.row.authority);
      if (authority === undefined) continue;
      if (!signedBy(certificate, authority))
        yield { ...at, message: `the certificate ${held.row.name} is not signed by ${held.row.authority}` };
      else if (certificate.notAfter > authority.notAfter)
        yield { ...at, message: `the certificate ${held.row.name} outlives ${held.row.authority}` };
    }
  }
}

type Certificate = NonNullable<ReturnType<ClusterView['parse']>>;

function* subjectProblems({ row, host }: HeldCertificate, certificate: Certificate): Iterable<string> {
  const { commonNames, organizations } = subjectOf(certificate);
  const wantedName = row.commonName.replace('{node}', host.name);
  if (commonNames.join() !== wantedName)
    yield `the certificate ${row.name} names ${commonNames.join() || 'nobody'}, and must name ${wantedName}`;
  if (organizations.join() !== (row.organization ?? ''))
    yield `the certificate ${row.name} has the group ${organizations.join() || 'of nobody'}, and must have ${row.organization ?? 'none'}`;
}

function* usageProblems({ row }: HeldCertificate, certificate: Certificate): Iterable<string> {
  const usages = [...certificate.usages].sort().join(', ');
  const wanted = [...row.usages].sort().join(', ');
  if (usages !== wanted)
    yield `the certificate ${row.name} is for ${usages || 'anything'}, and must be for ${wanted}`;
  if (certificate.isAuthority) yield `the certificate ${row.name} is an authority (CA:TRUE)`;
}

/** Every certificate has its own key beside it, and no key is in two places. */
export function* keysMatch(view: ClusterView): Iterable<Found> {
  const seen = new Map<string, string>();
  for (const host of view.hosts) {
    for (const { row, pem, keyPem, keyFile, line } of heldCertificates(view, host)) {
      const certificate = view.parse(pem ?? '');
      if (certificate === undefined) continue;
      const at = { host: host.name, file: keyFile, line, fix: again };
      const key = certificateKey(certificate);
      if (view.keyOf(keyPem ?? '') !== key)
        yield { ...at, message: `the key does not belong to the certificate ${row.name}` };
      const other = seen.get(key);
      if (other !== undefined) yield { ...at, message: `the key of ${row.name} is also that of ${other}` };
      seen.set(key, `${row.name} on ${host.name}`);
    }
  }
}

/** The key that signs certificates belongs to the authority, and stands on control planes only. */
export function* signingKeysMatch(view: ClusterView): Iterable<Found> {
  for (const host of view.hosts) {
    const command = host.command('controllerManager');
    const [certificate, key] = ['cluster-signing-cert-file', 'cluster-signing-key-file'].map((name) =>
      command?.flag(name),
    );
    if (certificate === undefined || key === undefined) continue;
    const authority = host.certificate(certificate.value);
    if (authority === undefined || host.publicKeyOf(key.value) === certificateKey(authority)) continue;
    const message = `${key.value} is not the key of ${certificate.value}: no kubelet would get a certificate that others trust`;
    yield { host: host.name, file: key.value, line: undefined, message, fix: again };
  }
}

/** Service account tokens are signed with one key everywhere, and checked with its public half. */
export function* serviceAccountKeyIsOne(view: ClusterView): Iterable<Found> {
  const stated = view.hosts.flatMap((host) => {
    const signer = host.command('apiserver')?.flag('service-account-signing-key-file');
    const manager = host.command('controllerManager')?.flag('service-account-private-key-file');
    return [signer, manager].flatMap((flag) => {
      const value = flag === undefined ? undefined : host.publicKeyOf(flag.value);
      return flag === undefined || value === undefined ? [] : [{ value, place: { host, flag } }];
    });
  });
  for (const { place, usual } of deviants(stated)) {
    const message = `${place.flag.value} is another key than on ${usual.place.host.name}: tokens of one API server would not be valid on the other`;
    yield { host: place.host.name, file: place.flag.value, line: undefined, message, fix: again };
  }
  for (const { value, place } of stated) {
    const flag = place.host.command('apiserver')?.flag('service-account-key-file');
    if (flag === undefined || publicHalf(place.host.text(flag.value)) === value) continue;
    const message = `${flag.value} does not belong to ${place.flag.value}: the API server would refuse every token`;
    yield { host: place.host.name, file: flag.value, line: undefined, message, fix: again };
  }
}

function publicHalf(pem: string | undefined): string | undefined {
  return pem?.replace(/-----[A-Z ]+-----|\s/g, '');
}

const holdsKey = rememberedByObject((content: Buffer) => content.includes('PRIVATE KEY-----'));

/** Private keys can be read by their owner only, and those that sign stand where their signer runs. */
export function* keysAreKeptSecret(view: ClusterView): Iterable<Found> {
  const secretPaths = new Set(
    certificates.flatMap(({ delivery }) => (delivery.kind === 'kubeconfig' ? [delivery.path] : [])),
  );
  const authorityOf = new Map(
    authorityNames.flatMap((name) => {
      const certificate = authorityCertificate(view, name);
      return certificate === undefined ? [] : [[certificateKey(certificate), name] as const];
    }),
  );
  for (const host of view.hosts) {
    for (const { path, mode, content } of host.bundle.files) {
      const isSecret = secretPaths.has(path) || holdsKey(content);
      if (!isSecret || (mode & 0o077) === 0) continue;
      const message = `others than its owner may read ${path} (mode ${mode.toString(8).padStart(4, '0')})`;
      yield { host: host.name, file: path, line: undefined, message, fix: 'give it the mode 0600' };
    }
    if (host.bundle.roles.includes('control-plane')) continue;
    for (const { path, content } of host.bundle.files) {
      if (!holdsKey(content)) continue;
      const authority = authorityOf.get(host.publicKeyOf(path) ?? '');
      if (authority === undefined) continue;
      const message = `the key of ${authority} is on ${host.name}, which is no control plane`;
      yield {
        host: host.name,
        file: path,
        line: undefined,
        message,
        fix: 'render again, and make a new authority',
      };
    }
  }
}

/** The aggregation layer: its client is one of the names that are let in, from an authority of its own. */
export function* frontProxyIsLetIn(view: ClusterView): Iterable<Found> {
  for (const host of view.hosts) {
    const command = host.command('apiserver');
    const [client, names, authority] = [
      'proxy-client-cert-file',
      'requestheader-allowed-names',
      'requestheader-client-ca-file',
    ].map((name) => command?.flag(name));
    const certificate = client === undefined ? undefined : host.certificate(client.value);
    if (client === undefined || certificate === undefined) continue;
    const { commonNames } = subjectOf(certificate);
    const allowed = names?.value.split(',').filter(Boolean) ?? [];
    if (names !== undefined && allowed.length > 0 && !commonNames.some((name) => allowed.includes(name))) {
      const message = `--requestheader-allowed-names lets in ${names.value}, but the client is ${commonNames.join()}`;
      yield {
        host: host.name,
        file: names.file,
        line: names.line,
        message,
        fix: `write ${commonNames.join()}`,
      };
    }
    const issuer = authority === undefined ? undefined : host.certificate(authority.value);
    if (authority === undefined || issuer === undefined || signedBy(certificate, issuer)) continue;
    const message = `--requestheader-client-ca-file did not sign ${client.value}`;
    yield { host: host.name, file: authority.file, line: authority.line, message, fix: again };
  }
}

/** Every certificate is valid now: none has expired, and none is yet to begin. */
export function* certificatesAreValid(view: ClusterView): Iterable<Found> {
  const { now } = view.facts;
  const copies = authorityNames.flatMap((authority) =>
    authorityCopies(view, authority).map(({ value, place }) => ({ name: authority, pem: value, ...place })),
  );
  const leaves = view.hosts.flatMap((host) =>
    heldCertificates(view, host).map(({ row, file, line, pem }) => ({
      name: row.name,
      pem,
      host,
      file,
      line,
    })),
  );
  for (const { name, pem, host, file, line } of [...copies, ...leaves]) {
    const certificate = view.parse(pem ?? '');
    if (certificate === undefined) continue;
    const at = { host: host.name, file, line, fix: 'render again, and see hardway certs check' };
    if (certificate.notAfter < now)
      yield { ...at, message: `the certificate ${name} expired at ${certificate.notAfter.toISOString()}` };
    else if (certificate.notBefore > now)
      yield {
        ...at,
        message: `the certificate ${name} is not valid before ${certificate.notBefore.toISOString()}`,
      };
  }
}

/** A private key is where a flag, a setting or a script of the host needs it, and nowhere else. */
export function* keysAreNeeded({ hosts }: ClusterView): Iterable<Found> {
  for (const host of hosts) {
    for (const { file, why } of heldKeys(host)) {
      if (why !== '') continue;
      const message = `${file} holds a private key, and nothing on ${host.name} needs it`;
      yield { host: host.name, file, line: undefined, message, fix: 'take it out of the bundle' };
    }
  }
}
