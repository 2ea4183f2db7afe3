/** Operators on certificates, keys and kubeconfigs. */
import { createPublicKey } from 'node:crypto';
import { posix } from 'node:path';
import type { Certificate } from '../pki/certificate.ts';
import { covers, signedBy, subjectOf } from '../verify/certificates.ts';
import { certificateKey, type HostView } from '../verify/view.ts';
import {
  authoritiesOf,
  certificateIn,
  certificatesNamed,
  type HeldCertificate,
  keysNamed,
  kubeconfigsNamed,
  publicKeysNamed,
  tokenIn,
  trustedKeys,
} from './credentials.ts';
import { namesWanted } from './names.ts';
import type { Outcome } from './result.ts';
import { flagOf, type Scope } from './scope.ts';

/** Says what is wrong with a certificate, or nothing. */
type Objection = (held: HeldCertificate, wanted: unknown, scope: Scope) => string | undefined;

const dayMs = 86_400_000;

function validityDays({ certificate }: HeldCertificate): number {
  const { notBefore, notAfter } = certificate;
  return (notAfter.getTime() - notBefore.getTime()) / dayMs;
}

/** Signature algorithms by what checks call their hash (RFC 8017, RFC 3279). */
const weakSignatures: Readonly<Record<string, readonly string[]>> = {
  md5: ['1.2.840.113549.1.1.4'],
  sha1: ['1.2.840.113549.1.1.5', '1.2.840.10045.4.1'],
};

const curveBits: Readonly<Record<string, number>> = { prime256v1: 256, secp384r1: 384, secp521r1: 521 };

function keyBits({ certificate }: HeldCertificate): { readonly kind: string; readonly bits: number } {
  const { asymmetricKeyType: type = '', asymmetricKeyDetails: details = {} } = createPublicKey({
    key: certificate.publicKeyDer,
    format: 'der',
    type: 'spki',
  });
  if (type === 'ec') return { kind: 'ec', bits: curveBits[details.namedCurve ?? ''] ?? 0 };
  if (type === 'ed25519') return { kind: 'ec', bits: 256 };
  return { kind: type, bits: details.modulusLength ?? 0 };
}

/** Basic constraints marked critical: their identifier (2.5.29.19), then the boolean true. */
const criticalConstraints = Buffer.from('0603551d130101ff', 'hex');

function alternativeNames(certificate: Certificate): readonly string[] {
  return [...certificate.sans.dns, ...certificate.sans.ip];
}

function subjectFlaw(held: HeldCertificate, wanted: unknown): string | undefined {
  const form = wanted as { readonly cn: string; readonly o: string };
  const { commonNames, organizations } = subjectOf(held.certificate);
  const isRight =
    commonNames.some((name) => new RegExp(form.cn).test(name)) && organizations.includes(form.o);
  return isRight ? undefined : `subject ${[...commonNames, ...organizations].join(', ')}`;
}

function missingUsages(held: HeldCertificate, wanted: unknown): string | undefined {
  const usages = held.certificate.usages;
  const missing = (wanted as readonly string[]).filter(
    (usage) => !usages.includes(usage.replace('Auth', '')),
  );
  return missing.length === 0 ? undefined : `usage ${missing.join(', ')} is missing`;
}

function constraintsFlaw({ certificate }: HeldCertificate, wanted: unknown): string | undefined {
  const { keyUsage } = wanted as { readonly keyUsage: readonly string[] };
  const { isAuthority, keyUsages = [] } = certificate;
  if (!isAuthority) return 'is no authority';
  if (!certificate.der.includes(criticalConstraints)) return 'basic constraints are not critical';
  const missing = keyUsage.find((usage) => !keyUsages.some((one) => one === usage));
  return missing === undefined ? undefined : `key usage ${missing} is missing`;
}

const objections: Readonly<Record<string, Objection>> = {
  validityDaysAtMost: (held, wanted) => {
    const days = validityDays(held);
    return days > Number(wanted) ? `valid for ${Math.round(days)} days` : undefined;
  },
  notAfterWithinIssuer: (held, _wanted, { cluster }) => {
    const issuer = authoritiesOf(cluster).find((authority) => signedBy(held.certificate, authority));
    const ends = held.certificate.notAfter;
    return issuer !== undefined && ends > issuer.notAfter ? 'outlives its authority' : undefined;
  },
  signatureNotIn: ({ certificate }, wanted) => {
    const { signatureOid } = certificate;
    return (wanted as readonly string[]).find((hash) => weakSignatures[hash]?.includes(signatureOid));
  },
  keyStrengthAtLeast: (held, wanted) => {
    const { kind, bits } = keyBits(held);
    const least = (wanted as Readonly<Record<string, number>>)[kind];
    return least !== undefined && bits >= least ? undefined : `${kind} key of ${bits} bits`;
  },
  basicConstraints: constraintsFlaw,
  sanExcludes: ({ certificate }, wanted) =>
    alternativeNames(certificate).find((name) => new RegExp(String(wanted)).test(name)),
  sanIncludes: ({ certificate }, wanted, scope) => {
    const names = (wanted as readonly string[]).flatMap((entry) => namesWanted(scope, entry));
    const missing = names.filter((name) => !covers(certificate, name));
    return missing.length === 0 ? undefined : `is not valid for ${missing.join(', ')}`;
  },
  ekuIncludes: missingUsages,
  ekuExcludes: (held, wanted) =>
    (wanted as readonly string[]).find((usage) =>
      held.certificate.usages.includes(usage.replace('Auth', '')),
    ),
  chainsToConfiguredCa: (held, _wanted, { cluster, host }) => {
    const trusted = trustedKeys(cluster, host, held);
    const signers = authoritiesOf(cluster).filter((authority) => signedBy(held.certificate, authority));
    return signers.some((authority) => trusted.has(certificateKey(authority)))
      ? undefined
      : 'was not signed by the authority that those who see it trust';
  },
  subjectMatches: subjectFlaw,
  orgExcludes: ({ certificate }, wanted) => {
    const { organizations } = subjectOf(certificate);
    return organizations.includes(String(wanted)) ? `organization ${String(wanted)}` : undefined;
  },
  distinctKey: ({ certificate }, wanted, { cluster }) => {
    const own = certificateKey(certificate);
    const shared = (wanted as readonly string[]).find((name) => publicKeysNamed(cluster, name).has(own));
    return shared === undefined ? undefined : `has the same key as ${shared}`;
  },
};

/** Says what is wrong with a private key on a host, or nothing. */
type KeyObjection = (
  key: { readonly publicKey: string; readonly file: string },
  wanted: unknown,
  scope: Scope,
) => string | undefined;

const keyObjections: Readonly<Record<string, KeyObjection>> = {
  absent: () => 'is on the host',
  presentOnlyOn: (_key, wanted, { host }) =>
    host.bundle.roles.some((role) => (wanted as readonly string[]).includes(role))
      ? undefined
      : 'is on the host',
  absentUnlessReferenced: ({ file }, wanted, { host }) => {
    const isNamed = (wanted as readonly string[]).some((target) => {
      const [component = '', flag = ''] = target.split(':');
      return flagOf(host, component, flag).value === file;
    });
    return isNamed ? undefined : 'is named by no flag that signs with it';
  },
  distinctKey: ({ publicKey }, wanted, { cluster }) => {
    const shared = (wanted as readonly string[]).find((name) =>
      publicKeysNamed(cluster, name).has(publicKey),
    );
    return shared === undefined ? undefined : `is the same key as ${shared}`;
  },
  sameAcrossHosts: (_key, _wanted, { cluster }) =>
    publicKeysNamed(cluster, 'key:service-account').size === 1 ? undefined : 'differs between control planes',
  uniqueAcrossHosts: ({ publicKey }, _wanted, scope) => {
    const holders = kubeletKeys(scope).get(publicKey) ?? 0;
    return holders > 1 ? 'is the key of another node too' : undefined;
  },
  referencedByHost: ({ file }, _wanted, { host }) =>
    isReferenced(host, file) ? undefined : 'is named by no flag, file or script of the host',
};

const kubeletKeyCounts = new WeakMap<Scope['cluster'], ReadonlyMap<string, number>>();

/** How many nodes hold each key of a kubelet. */
function kubeletKeys({ cluster }: Scope): ReadonlyMap<string, number> {
  const known = kubeletKeyCounts.get(cluster);
  if (known !== undefined) return known;
  const counts = new Map<string, number>();
  for (const host of cluster.hosts)
    for (const { publicKey } of keysNamed(cluster, host, 'kubelet-client'))
      counts.set(publicKey, (counts.get(publicKey) ?? 0) + 1);
  kubeletKeyCounts.set(cluster, counts);
  return counts;
}

/** Whether a file other than keys and certificates names this path, or its name without the ending. */
function isReferenced(host: HostView, path: string): boolean {
  const isNamedBy = ({ path: other, content }: HostView['bundle']['files'][number]) =>
    other !== path && !/\.(?:crt|key|pem|pub)$/.test(other) && content.includes(path);
  return host.bundle.files.some(isNamedBy);
}

function outcomes(
  held: readonly { readonly file: string; readonly line?: number | undefined }[],
  flawOf: (index: number) => string | undefined,
): Outcome[] {
  return held.map(({ file, line }, index) => {
    const flaw = flawOf(index);
    const name = posix.basename(file);
    return {
      status: flaw === undefined ? 'pass' : 'fail',
      message: `${name}${flaw === undefined ? '' : ` ${flaw}`}`,
      file,
      line,
    };
  });
}

/** What an operator says of the certificates, keys or kubeconfigs of a target. None: nothing of the kind is here. */
export function judgeCredentials(scope: Scope, target: string, op: string, wanted: unknown): Outcome[] {
  const { host, cluster } = scope;
  const colon = target.indexOf(':');
  const [kind, name] = [target.slice(0, colon), target.slice(colon + 1)];
  if (kind === 'cert') {
    const objection = needed(objections[op], op);
    const held = certificatesNamed(cluster, host, name);
    return outcomes(held, (index) => objection(needed(held[index], name), wanted, scope));
  }
  const objection = needed(keyObjections[op], op);
  const held =
    kind === 'kubeconfig'
      ? kubeconfigsNamed(cluster, host, name).map(({ path }) => ({ publicKey: '', file: path }))
      : keysNamed(cluster, host, name.replace(/^key:/, ''));
  return outcomes(held, (index) => objection(needed(held[index], name), wanted, scope));
}

const isBootstrapToken = (token: string) => /^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(token);

/** Kubeconfigs of people hold no credential of this kind. */
export function noUserCredential(scope: Scope, kind: unknown): Outcome[] {
  const { host, cluster } = scope;
  const bootstrap = flagOf(host, 'kubelet', '--bootstrap-kubeconfig').value;
  return kubeconfigsNamed(cluster, host, '*').map((place) => {
    const names = subjectOfPlace(scope, place);
    const token = tokenIn(place);
    const isOfDaemon = names?.some((name) => name.startsWith('system:')) || place.path === bootstrap;
    const holds = {
      'client-certificate': names !== undefined,
      'service-account-token': token?.startsWith('eyJ') ?? false,
      'bootstrap-token': token !== undefined && isBootstrapToken(token),
    }[String(kind)];
    const isBad = !isOfDaemon && holds === true;
    const name = posix.basename(place.path);
    const message = isBad ? `${name}: ${String(kind)} of ${names?.join(', ') ?? 'a person'}` : name;
    return {
      status: isBad ? 'fail' : 'pass',
      message,
      file: place.path,
      line: place.document.lineOf(['users', 0, 'user']),
    };
  });
}

function subjectOfPlace({ cluster }: Scope, place: Parameters<typeof tokenIn>[0]): string[] | undefined {
  const held = certificateIn(cluster, place);
  return held === undefined ? undefined : subjectOf(held.certificate).commonNames;
}

function needed<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new Error(`no such operator or target: ${what}`);
  return value;
}
