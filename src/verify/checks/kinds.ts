/** YAML: it parses, its kinds are known to the version, and so are the fields of configuration files. */
import { type Fields, fileKinds, servedKinds } from '../../catalog/file-kinds.ts';
import { type ConfigurableKey, isAccepted } from '../../catalog/flags/flags.ts';
import { createMemo } from '../../lib/memo.ts';
import { fieldFlaws } from '../../lint/fields.ts';
import { isRecord, type Steps, textAt, type YamlDocument } from '../read-yaml.ts';
import type { ClusterView, Found } from '../view.ts';

/** What is wrong in a document, wherever it stands. */
type InDocument = Omit<Found, 'host' | 'file'>;

/** Every YAML document is of a kind that the version reads or serves, with fields that the kind has. */
export function* kindsAreKnown({ facts, hosts }: ClusterView): Iterable<Found> {
  const minor = facts.kubernetesMinor;
  for (const host of hosts) {
    for (const { path, file } of host.yaml) {
      const here = { host: host.name, file: path };
      if (file.problem !== undefined)
        yield { ...here, ...file.problem, message: `no YAML: ${file.problem.message}`, fix: 'render again' };
      for (const document of file.documents)
        for (const problem of problemsOf(document, minor)) yield { ...here, ...problem };
    }
  }
}

const knownProblems = createMemo<object, readonly InDocument[]>();

/** Hosts share documents of what is the same for all of them. */
function problemsOf(document: YamlDocument, minor: string): readonly InDocument[] {
  return knownProblems(document.alike, minor, () => [...documentProblems(document, minor)]);
}

function* documentProblems(document: YamlDocument, minor: string): Iterable<InDocument> {
  const { apiVersion = '', kind = '' } = document;
  const asFile = fileKinds.find((row) => row.apiVersion === apiVersion && row.kind === kind);
  if (asFile !== undefined) {
    if (isAccepted(asFile, minor)) yield* fieldProblems(document, asFile.fields, minor);
    else yield unknownKind(document, minor);
    return;
  }
  // Kinds of custom resources are anybody's.
  if (/^[^/]+\.[^/]+\//.test(apiVersion) && !/\.k8s\.io\//.test(apiVersion)) return;
  const served = servedKinds.filter((row) => row.apiVersion === apiVersion && row.kinds.includes(kind));
  if (!served.some((row) => isAccepted(row, minor))) yield unknownKind(document, minor);
  else if (kind !== 'List' && textAt(document.value, 'metadata', 'name') === undefined)
    yield { line: document.line, message: `a ${kind} without metadata.name`, fix: 'give it a name' };
}

function unknownKind(document: YamlDocument, minor: string): InDocument {
  const { apiVersion = '', kind = '' } = document;
  const others = [
    ...servedKinds.filter((row) => row.kinds.includes(kind)),
    ...fileKinds.filter((row) => row.kind === kind),
  ].filter((row) => isAccepted(row, minor));
  const [other] = others;
  return {
    line: document.lineOf(['apiVersion']),
    message: `Kubernetes ${minor} knows no ${kind} of ${apiVersion === '' ? 'no apiVersion' : apiVersion}`,
    fix: other === undefined ? 'leave it out' : `use apiVersion ${other.apiVersion}`,
  };
}

const keyOfKind: Readonly<Record<string, ConfigurableKey>> = {
  KubeletConfiguration: 'kubelet',
  KubeProxyConfiguration: 'proxy',
};

function* fieldProblems(
  document: YamlDocument,
  fields: Fields | undefined,
  minor: string,
): Iterable<InDocument> {
  const rest = Object.fromEntries(
    Object.entries(document.value).filter(([name]) => name !== 'apiVersion' && name !== 'kind'),
  );
  const key = keyOfKind[document.kind ?? ''];
  if (fields !== undefined) {
    yield* unknownFields(rest, fields, [], document);
    return;
  }
  if (key === undefined) return;
  for (const [name, value] of Object.entries(rest)) {
    for (const { code, message, fix = '', severity = 'error', steps = [] } of fieldFlaws(
      key,
      name,
      value,
      minor,
    )) {
      if (code === 'flag-deprecated') continue;
      yield { severity, line: document.lineOf([name, ...steps]), message, fix };
    }
  }
}

function* unknownFields(
  value: unknown,
  fields: Fields,
  steps: Steps,
  document: YamlDocument,
): Iterable<InDocument> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      yield* unknownFields(item, fields, [...steps, index], document);
    return;
  }
  if (!isRecord(value)) return;
  for (const [name, below] of Object.entries(value)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const at = [...steps, name];
    if (field === undefined) {
      const message = `a ${document.kind} has no field ${at.filter((step) => typeof step === 'string').join('.')}`;
      yield { line: document.lineOf(at), message, fix: 'delete it, or mend its name' };
    } else if (field !== true) yield* unknownFields(below, field, at, document);
  }
}
