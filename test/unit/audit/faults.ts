/**
 * A single fault for every check. Those of flags, fields, directives, modes and owners follow from
 * what a check wants, by operator; the others are written out.
 */

import type { AuditInput } from '../../../src/audit/scope.ts';
import { type HardeningCheck, hardeningChecks } from '../../../src/catalog/hardening/hardening.ts';
import type { AuthorityName, KeyPair } from '../../../src/model/certificate.ts';
import type { BundleFile } from '../../../src/verify/bundle.ts';
import { temporaryFolder } from '../../support/cli.ts';
import { strangeCertificate, type Wanted } from './openssl.ts';
import {
  type Edit,
  edited,
  text,
  type World,
  type WorldName,
  withDirective,
  withField,
  withFile,
  withFlag,
} from './world.ts';

export interface Fault {
  /** The cluster to start from; without one, the first on which the check passes. */
  readonly world?: WorldName;
  /** Makes a check pass that holds on no cluster as rendered. */
  readonly passing?: (world: World) => AuditInput;
  readonly failing: (world: World) => AuditInput;
}

const folder = temporaryFolder('audit-faults');
const pki = '/etc/kubernetes/pki';
const auth = '/etc/kubernetes/auth';

/** A value that an operator does not take; undefined: none at all. */
const badValues: Readonly<Record<string, (wanted: unknown) => unknown>> = {
  eq: (wanted) => ({ true: 'false', false: 'true' })[String(wanted)] ?? '8080',
  ne: String,
  set: () => undefined,
  absent: () => '/etc/kubernetes/another',
  contains: () => 'SomethingElse',
  containsAny: () => 'SomethingElse',
  notContains: String,
  noneOf: (wanted) => (wanted as readonly string[])[0],
  noneMatch: () => 'api/all=true',
  subsetOf: () => 'TLS_RSA_WITH_3DES_EDE_CBC_SHA',
  oneOf: () => 'SomethingElse',
  notIn: () => 'root',
  gt: String,
  gte: (wanted) => Number(wanted) - 1,
  durationLte: () => '99999h',
  durationGt: String,
  matches: () => 'api',
  notMatches: () => 'etcd-cluster',
  loopback: () => '0.0.0.0',
  urlScheme: () => 'http://192.0.2.1:2379',
  urlLoopbackOrHttps: () => 'http://0.0.0.0:2381',
};

function derived(check: HardeningCheck): Fault | undefined {
  const [target = ''] = [check.target].flat();
  const bad = badValues[check.expect.op];
  if (bad === undefined) return undefined;
  const value = bad(check.expect.value);
  if (check.kind === 'flag') {
    const component = check.component === 'any' ? 'kubelet' : check.component;
    return {
      failing: ({ input }) =>
        withFlag(input, component, target, value === undefined ? undefined : String(value)),
    };
  }
  const [, unit, directive] = /^unit:([a-z-]+):(\w+)$/.exec(target) ?? [];
  if (unit !== undefined && directive !== undefined) {
    const name = unit === 'control-plane' ? 'etcd' : unit;
    return { failing: ({ input }) => withDirective(input, name, directive, String(value)) };
  }
  const [, kind, path] = /^(Kube\w+Configuration):([\w.]+)$/.exec(target) ?? [];
  if (kind === undefined || path === undefined) return undefined;
  return { failing: ({ input }) => withField(input, kind, path.split('.'), scalar(value)) };
}

function scalar(value: unknown): unknown {
  if (value === 'true' || value === 'false') return value === 'true';
  return value === '0' ? 0 : value;
}

/** Files of checks about modes and owners, by a pattern of their paths; folders by name. */
const paths: Readonly<Record<string, RegExp>> = {
  'unit:kube-apiserver': /kube-apiserver\.service$/,
  'unit:kube-controller-manager': /kube-controller-manager\.service$/,
  'unit:kube-scheduler': /kube-scheduler\.service$/,
  'unit:etcd': /etcd\.service$/,
  'unit:kubelet': /kubelet\.service$/,
  'cni-conf:*': /^\/etc\/cni\//,
  'kubeconfig:admin': /admin\.conf$/,
  'kubeconfig:scheduler': /scheduler\.conf$/,
  'kubeconfig:controller-manager': /controller-manager\.conf$/,
  'kubeconfig:kube-proxy': /kube-proxy\.conf$/,
  'kubeconfig:kubelet': /auth\/(?:kubelet|bootstrap)\.conf$/,
  'kubeconfig:*': /kube-proxy\.conf$/,
  'pki:*': /apiserver\.crt$/,
  'pki:cert:*': /apiserver\.crt$/,
  'pki:cert:kubelet-client-ca': /pki\/ca\.crt$/,
  'pki:key:*': /apiserver\.key$/,
  'key:*': /server\.key$/,
  'config:kubelet': /kubelet\/config\.yaml$/,
  'config:encryption': /encryption-config\.yaml$/,
  'config:token-auth-file': /token\.csv$/,
};

function ofFile(check: HardeningCheck): Fault | undefined {
  if (check.kind !== 'file-mode' && check.kind !== 'file-owner') return undefined;
  const [target = ''] = [check.target].flat();
  const loose = { mode: 0o666, owner: 'etcd', group: 'etcd' } as const;
  const failing = ({ input }: World): AuditInput => {
    const path = paths[target];
    if (path !== undefined)
      return edited(
        input,
        (file) => path.test(file.path),
        (file) => ({ ...file, ...loose }),
      );
    const wanted = target === 'dir:etcd-data' ? '/var/lib/etcd/k8s-etcd' : '/var/log/kubernetes/audit';
    const bundles = input.bundles.map((one) => ({
      ...one,
      directories: one.directories.map((directory) =>
        directory.path === wanted ? { ...directory, mode: 0o755, owner: 'root' as const } : directory,
      ),
    }));
    return { ...input, bundles };
  };
  const cni = ({ input }: World) => withFile(input, 'w1', '/etc/cni/net.d/10-net.conflist', '{}');
  return target.startsWith('cni') ? { world: 'signed', passing: cni, failing } : { failing };
}

const isAt = (path: string) => (file: BundleFile) => file.path === path;
const onHost = (name: string, path: string) => (file: BundleFile, host: string) =>
  host === name && file.path === path;
const replaced =
  (path: string, from: string | RegExp, to: string) =>
  ({ input }: World) =>
    edited(
      input,
      isAt(path),
      text((before) => before.replace(from, () => to)),
    );
const script =
  (from: RegExp, to: string) =>
  ({ input }: World) => ({
    ...input,
    installScript: input.installScript.replaceAll(from, () => to),
  });

/** What a file of a host holds. */
function contentOf({ input }: World, host: string, path: string): string {
  const file = input.bundles.find(({ bundle }) => bundle.host === host)?.bundle.files.find(isAt(path));
  if (file === undefined) throw new Error(`${host} has no ${path}`);
  return file.content.toString();
}

function authority({ pki: store }: World, name: AuthorityName): KeyPair {
  const pair = store.authorities[name];
  if (pair === undefined) throw new Error(`no ${name}`);
  return pair;
}

const withContent = (content: string): Edit => text(() => content);

/** A certificate that hardway would not make, in the place of one that it made. */
const strange =
  (path: string, wanted: Wanted, signer: AuthorityName = 'kubernetes-ca') =>
  (world: World): AuditInput =>
    edited(
      world.input,
      isAt(path),
      withContent(strangeCertificate(folder, authority(world, signer), wanted)),
    );

/** The same in a kubeconfig. */
const strangeUser =
  (path: string, content: (world: World) => string) =>
  (world: World): AuditInput =>
    edited(
      world.input,
      isAt(path),
      text((before) =>
        before.replace(
          /(client-certificate-data: ).*/,
          (_, key) => `${key}${Buffer.from(content(world)).toString('base64')}`,
        ),
      ),
    );

/** Replaces both copies of one certificate's file by another file of the same host. */
const copied = (from: string, to: string) => (world: World) =>
  edited(world.input, onHost('m1', to), withContent(contentOf(world, 'm1', from)));

/** A certificate of the administrator: organization system:masters. */
const administrator = (world: World) => {
  const [, data = ''] =
    /client-certificate-data: (.*)/.exec(contentOf(world, 'm1', `${auth}/admin.conf`)) ?? [];
  return Buffer.from(data, 'base64').toString();
};

const audit = '/etc/kubernetes/audit-policy.yaml';
const serverSans = 'DNS:kube-apiserver';
const without =
  (path: string) =>
  ({ input }: World) =>
    edited(input, isAt(path), () => undefined);
const secret = '/etc/kubernetes/bootstrap-token.yaml';
const withCommand =
  (command: string) =>
  ({ input }: World) => ({ ...input, installScript: `${input.installScript}\n${command}\n` });
const user = (fields: string) => `apiVersion: v1
kind: Config
clusters: [{ name: a, cluster: { server: "https://192.0.2.1:6443" } }]
users: [{ name: a, user: { ${fields} } }]
`;
const person =
  (fields: string) =>
  ({ input }: World) =>
    withFile(input, 'm1', `${auth}/person.conf`, user(fields));

const written: Readonly<Record<string, Fault>> = {
  'apiserver-no-basic-auth': {
    world: 'signed',
    passing: ({ input }) => ({ ...input, kubernetesMinor: '1.18' }),
    failing: ({ input }) =>
      withFlag(input, 'kube-apiserver', '--basic-auth-file', '/etc/kubernetes/users.csv'),
  },
  'apiserver-admission-always-pull-images': {
    world: 'signed',
    passing: ({ input }) =>
      withFlag(input, 'kube-apiserver', '--enable-admission-plugins', 'NodeRestriction,AlwaysPullImages'),
    failing: ({ input }) =>
      withFlag(input, 'kube-apiserver', '--enable-admission-plugins', 'NodeRestriction'),
  },
  // A flag that no binary from 1.24 on has, and no bundle of 1.20 needs.
  'apiserver-insecure-port-off': {
    failing: ({ input }) => withFlag(input, 'kube-apiserver', '--insecure-port', '8080'),
  },
  'apiserver-encryption-provider': {
    failing: ({ input }) =>
      withField(input, 'EncryptionConfiguration', ['resources', 0, 'providers', 0], { identity: {} }),
  },
  'encryption-provider-not-cbc': {
    failing: ({ input }) =>
      withField(input, 'EncryptionConfiguration', ['resources', 0, 'providers', 0], { aescbc: { keys: [] } }),
  },
  'encryption-covers-secrets': {
    failing: ({ input }) =>
      withField(input, 'EncryptionConfiguration', ['resources', 0, 'resources'], ['configmaps']),
  },
  'encryption-key-random': {
    failing: replaced(
      '/etc/kubernetes/encryption-config.yaml',
      /secret: .*/,
      `secret: ${Buffer.from('this is a very secret passphrase').toString('base64')}`,
    ),
  },
  'apiserver-pod-security-defaults': {
    failing: replaced('/etc/kubernetes/admission-config.yaml', 'enforce: baseline', 'enforce: privileged'),
  },
  'apiserver-requestheader-ca-distinct': {
    failing: ({ input }) =>
      withFlag(input, 'kube-apiserver', '--requestheader-client-ca-file', `${pki}/ca.crt`),
  },
  'etcd-unique-ca': {
    failing: (world) =>
      edited(
        world.input,
        isAt('/etc/etcd/pki/ca.crt'),
        withContent(authority(world, 'kubernetes-ca').certificatePem),
      ),
  },
  'etcd-wildcard-listen-needs-client-auth': {
    failing: ({ input }) =>
      withFlag(
        withFlag(input, 'etcd', '--listen-client-urls', 'https://0.0.0.0:2379'),
        'etcd',
        '--client-cert-auth',
        'false',
      ),
  },
  'kubelet-rotate-server-cert-gate': {
    failing: ({ input }) =>
      withField(input, 'KubeletConfiguration', ['featureGates', 'RotateKubeletServerCertificate'], false),
  },
  'kubelet-unit-ip-address-deny': {
    world: 'modern',
    passing: ({ input }) => withDirective(input, 'kubelet', 'IPAddressDeny', 'any'),
    failing: ({ input }) => withDirective(input, 'kubelet', 'IPAddressDeny', 'none'),
  },
  'audit-policy-coverage': { failing: replaced(audit, /- level: Metadata\n$/, '- level: None\n') },
  'audit-policy-no-secret-bodies': { failing: replaced(audit, 'level: Metadata', 'level: Request') },
  'no-user-client-certificates': {
    world: 'signed',
    passing: without(`${auth}/admin.conf`),
    failing: (world) =>
      withFile(
        world.input,
        'm1',
        `${auth}/person.conf`,
        contentOf({ ...world }, 'm1', `${auth}/scheduler.conf`).replace(
          /(client-certificate-data: ).*/,
          (_, key) =>
            `${key}${Buffer.from(strangeCertificate(folder, authority(world, 'kubernetes-ca'), {})).toString('base64')}`,
        ),
      ),
  },
  'no-user-service-account-tokens': { failing: person('token: eyJhbGciOiJSUzI1NiJ9.e30.c2ln') },
  'no-user-bootstrap-tokens': { failing: person('token: abcdef.0123456789abcdef') },
  'kubeconfig-no-insecure-skip-verify': {
    failing: replaced(
      `${auth}/admin.conf`,
      /( +)server: /,
      '      insecure-skip-tls-verify: true\n      server: ',
    ),
  },
  'kubeconfig-server-https': { failing: replaced(`${auth}/scheduler.conf`, 'https://', 'http://') },

  // keys where they must not be
  'ca-key-not-on-worker': {
    failing: (world) =>
      withFile(world.input, 'w1', `${pki}/ca.key`, authority(world, 'kubernetes-ca').privateKeyPem),
  },
  'ca-key-only-where-signing': {
    failing: ({ input }) =>
      withFlag(input, 'kube-controller-manager', '--cluster-signing-key-file', undefined),
  },
  'etcd-ca-key-offline': {
    failing: (world) =>
      withFile(world.input, 'm1', '/etc/etcd/pki/ca.key', authority(world, 'etcd-ca').privateKeyPem),
  },
  'front-proxy-ca-key-offline': {
    failing: (world) =>
      withFile(
        world.input,
        'm1',
        `${pki}/front.key`,
        authority(world, 'kubernetes-front-proxy-ca').privateKeyPem,
      ),
  },
  'sa-key-only-on-control-plane': {
    failing: (world) => withFile(world.input, 'w2', `${pki}/sa.key`, world.pki.serviceAccount.privateKeyPem),
  },
  'sa-key-dedicated': {
    failing: (world) =>
      edited(
        world.input,
        isAt(`${pki}/sa.key`),
        withContent(authority(world, 'kubernetes-ca').privateKeyPem),
      ),
  },
  'sa-key-same-on-all-control-planes': {
    failing: (world) =>
      edited(
        world.input,
        onHost('m2', `${pki}/sa.key`),
        withContent(contentOf(world, 'm2', `${pki}/apiserver.key`)),
      ),
  },
  'unreferenced-private-keys': {
    world: 'signed',
    passing: without('/etc/etcd/pki/client.key'),
    failing: (world) =>
      withFile(world.input, 'm1', `${pki}/spare.key`, contentOf(world, 'm1', `${pki}/apiserver.key`)),
  },
  'node-credentials-unique': {
    world: 'signed',
    failing: (world) =>
      edited(
        world.input,
        onHost('w2', `${auth}/kubelet.conf`),
        withContent(contentOf(world, 'w1', `${auth}/kubelet.conf`)),
      ),
  },
  'apiserver-cert-not-reused': {
    failing: copied(`${pki}/apiserver.crt`, `${pki}/apiserver-kubelet-client.crt`),
  },
  'admin-kubeconfig-not-on-nodes': {
    // Presence is what is wrong: a worker that has none has nothing to judge.
    failing: (world) =>
      withFile(world.input, 'w1', '/root/.kube/config.conf', contentOf(world, 'm1', `${auth}/admin.conf`)),
  },

  // certificates
  'cert-leaf-validity': { failing: strange(`${pki}/apiserver.crt`, { days: 2000 }) },
  'admin-cert-validity': {
    failing: strangeUser(`${auth}/admin.conf`, (world) =>
      strangeCertificate(folder, authority(world, 'kubernetes-ca'), { days: 900 }),
    ),
  },
  'cert-ca-validity': { failing: strange(`${pki}/ca.crt`, { days: 36500, isAuthority: true }) },
  'cert-not-outliving-issuer': { failing: strange(`${pki}/apiserver.crt`, { days: 36500 }) },
  'cert-signature-algorithm': { failing: strange(`${pki}/apiserver.crt`, { digest: 'sha1' }) },
  'cert-leaf-key-strength': { failing: strange(`${pki}/apiserver.crt`, { rsaBits: 1024 }) },
  'cert-ca-key-strength': { failing: strange(`${pki}/ca.crt`, { rsaBits: 2048, isAuthority: true }) },
  'cert-ca-basic-constraints': { failing: strange(`${pki}/ca.crt`, { isAuthority: true }) },
  'cert-no-wildcard-san': { failing: strange(`${pki}/apiserver.crt`, { sans: 'DNS:*.example' }) },
  'apiserver-san-service-ip': { failing: strange(`${pki}/apiserver.crt`, { sans: serverSans }) },
  'apiserver-san-service-dns': {
    failing: strange(`${pki}/apiserver.crt`, { sans: 'DNS:kubernetes,DNS:kubernetes.default' }),
  },
  'apiserver-san-endpoints': { failing: strange(`${pki}/apiserver.crt`, { sans: serverSans }) },
  'kubelet-serving-san': { failing: strange(`${pki}/kubelet.crt`, { sans: 'DNS:elsewhere' }) },
  'etcd-server-san': { failing: strange('/etc/etcd/pki/server.crt', { sans: 'DNS:localhost' }, 'etcd-ca') },
  'etcd-peer-eku': { failing: strange('/etc/etcd/pki/peer.crt', { usages: 'serverAuth' }, 'etcd-ca') },
  'server-cert-eku': { failing: strange(`${pki}/apiserver.crt`, { usages: 'clientAuth' }) },
  'client-cert-no-server-eku': {
    failing: strange(`${pki}/apiserver-kubelet-client.crt`, { usages: 'clientAuth,serverAuth' }),
  },
  'cert-chain-valid': { failing: strange(`${pki}/apiserver.crt`, {}, 'etcd-ca') },
  'kubelet-client-subject': {
    world: 'signed',
    failing: strangeUser(`${auth}/kubelet.conf`, (world) =>
      strangeCertificate(folder, authority(world, 'kubernetes-ca'), {}),
    ),
  },
  'component-cert-not-system-masters': { failing: strangeUser(`${auth}/scheduler.conf`, administrator) },
  'apiserver-kubelet-client-not-masters': {
    failing: (world) =>
      edited(world.input, isAt(`${pki}/apiserver-kubelet-client.crt`), withContent(administrator(world))),
  },

  // bootstrap tokens
  'bootstrap-token-group': {
    world: 'secret',
    failing: replaced(secret, 'stringData:\n', 'stringData:\n  auth-extra-groups: system:masters\n'),
  },
  'bootstrap-token-expires': { world: 'secret', failing: replaced(secret, /\n {2}expiration: .*/, '') },
  'bootstrap-token-strong': {
    world: 'secret',
    failing: replaced(
      secret,
      /token-id: .*\n {2}token-secret: .*/,
      'token-id: abcdef\n  token-secret: 0123456789abcdef',
    ),
  },

  // install.sh and what it applies
  'unit-no-secrets-on-command-line': {
    failing: ({ input }) => withFlag(input, 'kubelet', '--token', 'abcdef.0123456789abcdef'),
  },
  'install-verifies-checksums': { failing: script(/sha256sum/g, 'true') },
  'install-no-insecure-download': { failing: withCommand('curl -k https://example.org/kubelet') },
  'install-no-world-writable': { failing: withCommand('chmod -R 0777 /etc/kubernetes') },
  'install-sets-modes-explicitly': { failing: script(/\b(?:install -m|chmod)\b/g, 'cp') },
  'install-no-cluster-admin-binding': {
    failing: replaced(
      '/etc/kubernetes/addons/10-rbac.yaml',
      'name: system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
      'name: cluster-admin',
    ),
  },
};

/** By check. */
export const faults: Readonly<Record<string, Fault>> = Object.fromEntries(
  hardeningChecks.flatMap((check) => {
    const fault = written[check.id] ?? ofFile(check) ?? derived(check);
    return fault === undefined ? [] : [[check.id, fault] as const];
  }),
);
