/** Clusters to audit, and single faults in their bundles. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { auditCluster } from '../../../src/audit/audit.ts';
import type { AuditResult } from '../../../src/audit/result.ts';
import type { AuditInput } from '../../../src/audit/scope.ts';
import { templatesDir } from '../../../src/lib/package-root.ts';
import type { Pki } from '../../../src/model/certificate.ts';
import type { Cluster } from '../../../src/model/cluster.ts';
import { planHost } from '../../../src/plan/plan.ts';
import type { BundleFile } from '../../../src/verify/bundle.ts';
import { bundlesOf } from '../../support/bundles.ts';
import { clusterOf, fiveHosts, pkiOf } from '../../support/clusters.ts';

export const installScript = readFileSync(join(templatesDir, '_bundle/install.sh'), 'utf8');

export interface World {
  readonly cluster: Cluster;
  readonly pki: Pki;
  readonly input: AuditInput;
}

/** A cluster with keys of its own, as the audit sees it. */
export async function worldOf(cluster: Cluster): Promise<World> {
  const pki = await pkiOf(cluster);
  const { facts, bundles } = bundlesOf(cluster, pki);
  const audited = cluster.hosts.flatMap((host, index) => {
    const bundle = bundles[index];
    return bundle === undefined ? [] : [{ bundle, directories: planHost(cluster, host).directories }];
  });
  return { cluster, pki, input: { ...facts, bundles: audited, installScript } };
}

const hosts = (...parts: readonly string[]) => worldOf(clusterOf(...parts, fiveHosts));
const at = (minor: string) => `kubernetes: { version: "${minor}" }`;

/** Together they reach every check. */
export const worlds = {
  signed: hosts(at('1.20'), 'bootstrap: { method: signed }'),
  secret: hosts(at('1.20')),
  file: hosts(at('1.20'), 'bootstrap: { method: token-file }'),
  modern: hosts(at('1.30'), 'bootstrap: { method: signed }'),
  newest: hosts('bootstrap: { method: signed }'),
} as const;
export type WorldName = keyof typeof worlds;

/** Changes the content of files; undefined takes one away. */
export type Edit = (file: BundleFile) => BundleFile | undefined;

/** The input with some files of some hosts changed; an edit that changes nothing is a mistake in the test. */
export function edited(
  input: AuditInput,
  isMeant: (file: BundleFile, host: string) => boolean,
  edit: Edit,
): AuditInput {
  let changes = 0;
  const bundles = input.bundles.map(({ bundle, directories }) => {
    const files = bundle.files.flatMap((file) => {
      if (!isMeant(file, bundle.host)) return [file];
      const after = edit(file);
      if (after?.content.equals(file.content) && after.mode === file.mode && after.owner === file.owner)
        return [file];
      changes += 1;
      return after === undefined ? [] : [after];
    });
    return { bundle: { ...bundle, files }, directories };
  });
  if (changes === 0) throw new Error('nothing changes');
  return { ...input, bundles };
}

/** The input with a file more on a host. */
export function withFile(input: AuditInput, host: string, path: string, content: string): AuditInput {
  const file = {
    path,
    content: Buffer.from(content),
    placement: 'file',
    mode: 0o600,
    owner: 'root',
    group: 'root',
  } as const;
  const bundles = input.bundles.map((one) =>
    one.bundle.host === host
      ? { ...one, bundle: { ...one.bundle, files: [...one.bundle.files, file] } }
      : one,
  );
  return { ...input, bundles };
}

export const text =
  (change: (text: string) => string): Edit =>
  (file) => ({ ...file, content: Buffer.from(change(file.content.toString())) });

const environments: Readonly<Record<string, string>> = {
  'kube-apiserver': '/etc/kubernetes/apiserver',
  'kube-controller-manager': '/etc/kubernetes/controller-manager',
  'kube-scheduler': '/etc/kubernetes/scheduler',
  kubelet: '/etc/kubernetes/kubelet',
  'kube-proxy': '/etc/kubernetes/proxy',
};

/** A flag set, or with undefined taken away; of etcd its variable. */
export function withFlag(
  input: AuditInput,
  component: string,
  flag: string,
  value: string | undefined,
): AuditInput {
  if (component === 'etcd') return withVariable(input, flag, value);
  const known = new RegExp(`${flag}=[^"\\s\\\\]*`);
  const word = value === undefined ? '' : `${flag}=${value}`;
  const change = (before: string) =>
    known.test(before)
      ? before.replace(known, () => word)
      : before.replace(/"\s*$/, () => ` \\\n    ${word}"\n`);
  return edited(input, ({ path }) => path === environments[component], text(change));
}

function withVariable(input: AuditInput, flag: string, value: string | undefined): AuditInput {
  const name = `ETCD_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`;
  const line = value === undefined ? '' : `${name}="${value}"\n`;
  const change = (before: string) => `${before.replace(new RegExp(`^${name}=.*\n`, 'm'), '')}${line}`;
  return edited(input, ({ path }) => path === '/etc/default/etcd', text(change));
}

const configurations: Readonly<Record<string, string>> = {
  KubeletConfiguration: '/var/lib/kubelet/config.yaml',
  KubeProxyConfiguration: '/var/lib/kube-proxy/config.yaml',
  EncryptionConfiguration: '/etc/kubernetes/encryption-config.yaml',
  AuditPolicy: '/etc/kubernetes/audit-policy.yaml',
  AdmissionConfiguration: '/etc/kubernetes/admission-config.yaml',
};

/** A field of a configuration file set, or with undefined taken away. */
export function withField(
  input: AuditInput,
  kind: string,
  steps: readonly (string | number)[],
  value: unknown,
): AuditInput {
  const change = (before: string) => {
    const document = parseDocument(before);
    if (value === undefined) document.deleteIn(steps);
    else document.setIn(steps, value);
    return document.toString();
  };
  return edited(input, ({ path }) => path === configurations[kind], text(change));
}

/** A directive of a unit set; the last one counts. */
export function withDirective(input: AuditInput, unit: string, directive: string, value: string): AuditInput {
  const isUnit = ({ path }: BundleFile) => path === `/etc/systemd/system/${unit}.service`;
  return edited(
    input,
    isUnit,
    text((before) => before.replace('[Install]', `${directive}=${value}\n[Install]`)),
  );
}

/** The results of one check. */
export function resultsOf(input: AuditInput, id: string): AuditResult[] {
  return auditCluster(input, 'all').results.filter(({ check }) => check.id === id);
}
