/**
 * The text of a manifest in, the objects in it and what is wrong with them out, as kubectl will
 * read it; and the form that shows no secret. Never throws for what is in the text, and never
 * repeats it in a message: it may be a secret.
 */
import {
  type Document,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  stringify,
  type Tags,
} from 'yaml';
import { quote } from '../diagnostics/visible.ts';
import { checkFormat } from '../inventory/formats.ts';
import type { ManifestObject } from '../model/addon.ts';

export interface ManifestProblem {
  /** From 1 on. */
  readonly line: number;
  readonly message: string;
  readonly fix: string;
}

/** An object and where it begins. */
export interface FoundObject extends ManifestObject {
  /** From 1 on. */
  readonly line: number;
  /** Whether it is a Service of which a port names no protocol. */
  readonly lacksProtocol: boolean;
}

export interface Manifest {
  readonly objects: readonly FoundObject[];
  readonly problems: readonly ManifestProblem[];
  /** The text itself; where a Secret is in it, all of it written anew without values and comments. */
  readonly review: string;
}

/** The objects of a manifest: one or more YAML documents, lists taken apart. */
export function readManifest(text: string): Manifest {
  const unprintable = text.search(notYaml);
  if (unprintable >= 0) return refused(unprintableProblem(text, unprintable));
  const reading: Reading = { objects: [], problems: [], values: [] };
  for (const part of partsOf(text)) readPart(part, reading);
  const { objects, problems, values } = reading;
  if (objects.length === 0 && problems.length === 0)
    return refused({
      line: 1,
      message: 'holds no object',
      fix: 'write a manifest into it, or delete the item',
    });
  return { objects, problems, review: values.some(holdsSecret) ? withoutSecrets(values) : text };
}

interface Reading {
  readonly objects: FoundObject[];
  readonly problems: ManifestProblem[];
  /** What the documents hold, as plain data. */
  readonly values: unknown[];
}

function refused(problem: ManifestProblem): Manifest {
  return { objects: [], problems: [problem], review: '' };
}

/** What YAML 1.1 (5.1) does not count as printable, and what stands in place of bytes that are no UTF-8. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
const notYaml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffd-\uffff]/;

function unprintableProblem(text: string, index: number): ManifestProblem {
  const line = text.slice(0, index).split('\n').length;
  if (text[index] === '\ufffd') return { line, message: 'is not UTF-8 text', fix: 'save the file as UTF-8' };
  const code = text.charCodeAt(index).toString(16).toUpperCase().padStart(4, '0');
  return {
    line,
    message: `holds the character U+${code}, which YAML does not allow`,
    fix: 'delete the character',
  };
}

/** One document of the file. */
interface Part {
  readonly text: string;
  /** Lines of the file before it. */
  readonly linesBefore: number;
  /** What stands on the line that separates it from the one before. */
  readonly onSeparator: string;
}

/** As kubectl cuts files (k8s.io/apimachinery, util/yaml): before each line that begins with `---`, but the first. */
function partsOf(text: string): Part[] {
  const parts: { lines: string[]; linesBefore: number; onSeparator: string }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const last = parts.at(-1);
    if (last === undefined) parts.push({ lines: [line], linesBefore: 0, onSeparator: '' });
    else if (line.startsWith('---'))
      parts.push({ lines: [], linesBefore: index + 1, onSeparator: line.slice(3) });
    else last.lines.push(line);
  }
  return parts.map(({ lines, ...part }) => ({ ...part, text: `${lines.join('\n')}\n` }));
}

function readPart(part: Part, reading: Reading): void {
  const { problems } = reading;
  if (!/^\s*(?:#.*)?$/.test(part.onSeparator)) {
    const message = 'has text behind "---", which kubectl leaves out';
    problems.push({ line: part.linesBefore, message, fix: 'move it to the next line' });
    return;
  }
  const counter = new LineCounter();
  const document = parseDocument(part.text, { ...asKubectl, lineCounter: counter });
  const lineAt = (offset: number) => part.linesBefore + counter.linePos(offset).line;
  const [error] = document.errors;
  if (error !== undefined) {
    const message = `is not valid YAML (${sentence(error.message)})`;
    const offset = Math.min(error.pos[0], part.text.trimEnd().length);
    problems.push({ line: lineAt(offset), message, fix: 'write it so that kubectl apply takes it' });
    return;
  }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) return;
  const value = plain(document);
  const line = lineAt(document.contents.range[0]);
  if (value === undefined) {
    problems.push({
      line,
      message: 'grows without bounds through its aliases',
      fix: 'write values where they are used',
    });
    return;
  }
  reading.values.push(value);
  const lineOf = (node: unknown) => lineAt((node as Node | undefined)?.range?.[0] ?? 0);
  readValue(value, { node: document.contents, line, lineOf }, reading);
}

/** YAML as kubectl reads it: 1.1 with merge keys, but without dates and numbers to the base 60 (go-yaml). */
const asKubectl = {
  version: '1.1',
  prettyErrors: false,
  strict: true,
  customTags: (tags: Tags) =>
    tags.filter(
      (tag) =>
        typeof tag === 'string' ||
        (tag.tag !== 'tag:yaml.org,2002:timestamp' && !('format' in tag && tag.format === 'TIME')),
    ),
} as const;

function plain(document: Document.Parsed<ParsedNode>): unknown {
  try {
    return document.toJS();
  } catch {
    return undefined;
  }
}

/** A message of the YAML parser in this program's wording; it quotes at most a name or a bracket. */
function sentence(message: string): string {
  const first = message.split('\n')[0] ?? '';
  return (first.charAt(0).toLowerCase() + first.slice(1)).replace(/:? .?".*$/s, '').replace(/[.:\s]+$/, '');
}

// Objects

/** A value's own node, where it begins, and the line of any other node. */
interface Place {
  readonly node: unknown;
  readonly line: number;
  readonly lineOf: (node: unknown) => number;
}

type Fields = Readonly<Record<string, unknown>>;

function readValue(value: unknown, place: Place, reading: Reading): void {
  const { line } = place;
  if (!isFields(value)) {
    const message = 'is no Kubernetes object: a map with apiVersion, kind and metadata is wanted';
    reading.problems.push({ line, message, fix: 'name a manifest as kubectl apply takes it' });
    return;
  }
  const problems = [...headProblems(value, line)];
  // What has items is a list, whatever it is called (k8s.io/apimachinery, unstructured).
  const { items } = value;
  if (Array.isArray(items) && problems.length === 0) {
    const nodes = isMap(place.node) ? place.node.get('items') : undefined;
    for (const [index, item] of items.entries()) {
      const node = isSeqLike(nodes) ? nodes.items[index] : undefined;
      readValue(item, { ...place, node, line: node === undefined ? line : place.lineOf(node) }, reading);
    }
    return;
  }
  problems.push(...nameProblems(value, line), ...sizeProblems(value, line));
  reading.problems.push(...problems);
  if (problems.length === 0)
    reading.objects.push({ ...objectOf(value), line, lacksProtocol: lacksProtocol(value) });
}

function isSeqLike(node: unknown): node is { readonly items: readonly unknown[] } {
  return typeof node === 'object' && node !== null && 'items' in node && Array.isArray(node.items);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const apiVersionForm = /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?v[0-9][a-z0-9]*$/;
const kindForm = /^[A-Z][A-Za-z0-9]*$/;
/** A name is one segment of a path (k8s.io/apimachinery, api/validation/path); most kinds want less. */
const nameForm = /^(?!\.\.?$)[^/%\s]{1,253}$/;
const namespaceForm = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

function* headProblems({ apiVersion, kind }: Fields, line: number): Iterable<ManifestProblem> {
  yield* textProblems('apiVersion', apiVersion, apiVersionForm, 'such as v1 or apps/v1', line);
  yield* textProblems('kind', kind, kindForm, 'such as ConfigMap', line);
}

function* nameProblems({ metadata }: Fields, line: number): Iterable<ManifestProblem> {
  const { name, namespace, generateName } = isFields(metadata) ? metadata : {};
  if (name === undefined && generateName !== undefined) {
    const message = 'has metadata.generateName, which makes another object each time it is applied';
    yield { line, message, fix: 'write metadata.name' };
    return;
  }
  yield* textProblems('metadata.name', name, nameForm, 'the name of the object', line);
  if (namespace !== undefined && namespace !== null)
    yield* textProblems('metadata.namespace', namespace, namespaceForm, 'an RFC 1123 label', line);
}

function* textProblems(
  field: string,
  value: unknown,
  form: RegExp,
  wanted: string,
  line: number,
): Iterable<ManifestProblem> {
  if (typeof value === 'string' && form.test(value)) return;
  const found = value === undefined || value === null ? 'lacks' : 'has an unusable';
  const quotes = typeof value === 'number' || typeof value === 'boolean';
  yield {
    line,
    message: `${found} ${field}${quotes ? `, the ${typeof value} ${value}` : ''}`,
    fix: quotes ? `put it in quotes: "${value}"` : `write ${field}, ${wanted}`,
  };
}

/** etcd takes requests of at most this size (--max-request-bytes), and the API server none that etcd does not. */
const mostObjectBytes = 1.5 * 1024 * 1024;

function* sizeProblems(value: Fields, line: number): Iterable<ManifestProblem> {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes <= mostObjectBytes) return;
  const message = `holds an object of ${bytes} bytes, etcd takes at most ${mostObjectBytes} (--max-request-bytes)`;
  yield { line, message, fix: 'split the object' };
}

function objectOf(value: Fields): ManifestObject {
  const metadata = value.metadata as Fields;
  const namespace = metadata.namespace as string | null | undefined;
  return {
    apiVersion: value.apiVersion as string,
    kind: value.kind as string,
    namespace: namespace === null || namespace === 'default' ? undefined : namespace,
    name: metadata.name as string,
    images: [...new Set(imagesIn(value))],
  };
}

function lacksProtocol({ kind, apiVersion, spec }: Fields): boolean {
  if (kind !== 'Service' || apiVersion !== 'v1' || !isFields(spec) || !Array.isArray(spec.ports))
    return false;
  return spec.ports.some((port) => isFields(port) && port.protocol === undefined);
}

/** What of a found object others need. */
export function withoutPlace({ line: _, lacksProtocol: __, ...object }: FoundObject): ManifestObject {
  return object;
}

/** Wherever containers stand: in pods, templates of pods, and custom resources that hold some. */
function imagesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(imagesIn);
  if (!isFields(value)) return [];
  return Object.entries(value).flatMap(([name, below]) => {
    const images = /^(?:init|ephemeral)?[cC]ontainers$/.test(name) ? ownImages(below) : [];
    return [...images, ...imagesIn(below)];
  });
}

function ownImages(containers: unknown): string[] {
  if (!Array.isArray(containers)) return [];
  const images = containers.flatMap((one) =>
    isFields(one) && typeof one.image === 'string' ? [one.image] : [],
  );
  // No runtime pulls anything else, and others make paths and URLs of these.
  return images.filter((image) => checkFormat('image', image) === undefined);
}

/** An object as people name it: `Deployment kube-system/coredns`. */
export function objectName({ kind, namespace, name }: ManifestObject): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${quote(name).slice(1, -1)}`;
}

// Secrets

const redacted = 'REDACTED';
/** What `kubectl apply` left of an object in itself, its secrets included. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

function holdsSecret(value: unknown): boolean {
  if (!isFields(value)) return false;
  return (
    value.kind === 'Secret' ||
    value.kind === 'SecretList' ||
    (Array.isArray(value.items) && value.items.some(holdsSecret))
  );
}

/** Written anew, so that no comment and no value elsewhere in the text shows one. */
function withoutSecrets(values: readonly unknown[]): string {
  const texts = values.map((value) => stringify(redact(value), { version: '1.1', lineWidth: 0 }));
  return texts.join('---\n');
}

/** What has items is not always a list: a Secret with an empty list of them is a Secret still. */
function redact(value: unknown): unknown {
  if (!isFields(value)) return value;
  const own = value.kind === 'Secret' ? redactSecret(value) : value;
  if (!Array.isArray(value.items)) return own;
  // Items of a SecretList may leave out what they are.
  const isSecretList = value.kind === 'SecretList';
  const items = value.items.map((item) => redact(isSecretList && isFields(item) ? redactSecret(item) : item));
  return { ...own, items };
}

function redactSecret(secret: Fields): Fields {
  const { data, stringData, metadata } = secret;
  return {
    ...secret,
    ...(metadata === undefined ? {} : { metadata: redactMetadata(metadata) }),
    ...(data === undefined ? {} : { data: redactValues(data) }),
    ...(stringData === undefined ? {} : { stringData: redactValues(stringData) }),
  };
}

function redactValues(values: unknown): unknown {
  if (!isFields(values)) return redacted;
  return Object.fromEntries(Object.keys(values).map((name) => [name, redacted]));
}

function redactMetadata(metadata: unknown): unknown {
  if (!isFields(metadata)) return metadata;
  const { annotations, managedFields } = metadata;
  const hasLastApplied = isFields(annotations) && lastApplied in annotations;
  return {
    ...metadata,
    ...(hasLastApplied ? { annotations: { ...annotations, [lastApplied]: redacted } } : {}),
    ...(managedFields === undefined ? {} : { managedFields: redacted }),
  };
}
