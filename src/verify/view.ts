/** The bundles as checks look at them: text, units, command lines, YAML and certificates, each read once. */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { etcdEnv } from '../catalog/paths.ts';
import { programs } from '../lint/flags.ts';
import type { ComponentKey, Role } from '../model/cluster.ts';
import type { Finding } from '../model/finding.ts';
import type { BundleFile, ClusterFacts, HostBundle } from './bundle.ts';
import { readEnvironment, readUnit, type Setting, type Variable, type Word } from './read-unit.ts';
import { readYaml, textAt, type YamlDocument, type YamlFile } from './read-yaml.ts';

/** What a check finds; the engine adds the check's name. */
export type Found = Omit<Finding, 'check' | 'severity'> & Partial<Pick<Finding, 'severity'>>;

/** A flag on a daemon's command line, and where it is written. */
export interface Flag {
  readonly name: string;
  readonly value: string;
  readonly file: string;
  readonly line: number;
}

export interface CommandLine {
  readonly component: ComponentKey;
  readonly unit: string;
  readonly flags: readonly Flag[];
  /** Variables of the unit's command line that no environment file sets. */
  readonly unset: readonly (Setting & { readonly file: string })[];
  /** The flag that counts: of several the last. */
  readonly flag: (name: string) => Flag | undefined;
}

export interface Unit {
  readonly path: string;
  /** `etcd.service`, also for its drop-ins. */
  readonly name: string;
  readonly settings: readonly Setting[];
}

export interface YamlPlace {
  readonly path: string;
  readonly document: YamlDocument;
}

export interface HostView {
  readonly bundle: HostBundle;
  readonly name: string;
  readonly file: (path: string) => BundleFile | undefined;
  readonly text: (path: string) => string | undefined;
  readonly units: readonly Unit[];
  readonly commands: readonly CommandLine[];
  readonly command: (component: ComponentKey) => CommandLine | undefined;
  /** The variables of etcd; none on a host without it. */
  readonly etcd: readonly Variable[];
  readonly etcdVariable: (name: string) => Variable | undefined;
  readonly yaml: readonly { readonly path: string; readonly file: YamlFile }[];
  readonly documents: readonly YamlPlace[];
  readonly ofKind: (kind: string) => readonly YamlPlace[];
  /** The certificate at a path; undefined where there is none, or none that can be read. */
  readonly certificate: (path: string) => X509Certificate | undefined;
  readonly publicKeyOf: (privateKeyPath: string) => string | undefined;
}

export interface ClusterView {
  readonly facts: ClusterFacts;
  readonly hosts: readonly HostView[];
  readonly withRole: (role: Role) => readonly HostView[];
  /** A certificate out of PEM text; the same text gives the same object. */
  readonly parse: (pem: string) => X509Certificate | undefined;
  readonly keyOf: (pem: string) => string | undefined;
}

/** The view of a cluster's bundles; nothing is read before a check asks for it. */
export function viewOf(facts: ClusterFacts, bundles: readonly HostBundle[]): ClusterView {
  const parse = remembered((pem: string) => attempt(() => new X509Certificate(pem)));
  const keyOf = remembered((pem: string) =>
    attempt(() => fingerprint(createPublicKey(createPrivateKey(pem)))),
  );
  // Hosts share buffers of what is the same for all of them.
  const yaml = rememberedByObject((content: Buffer) => readYaml(content.toString()));
  const hosts = bundles.map((bundle) => hostViewOf(bundle, { parse, keyOf, yaml }));
  const withRole = remembered((role: Role) => hosts.filter((host) => host.bundle.roles.includes(role)));
  return { facts, hosts, withRole, parse, keyOf };
}

interface Readers {
  readonly parse: ClusterView['parse'];
  readonly keyOf: ClusterView['keyOf'];
  readonly yaml: (content: Buffer) => YamlFile;
}

function hostViewOf(bundle: HostBundle, { parse, keyOf, yaml }: Readers): HostView {
  const files = new Map(bundle.files.map((file) => [file.path, file]));
  const text = remembered((path: string) => files.get(path)?.content.toString());
  const units = once(() => unitsOf(bundle, text));
  const commands = once(() => units().flatMap((unit) => commandLinesOf(unit, text)));
  const etcd = once(() => readEnvironment(text(etcdEnv) ?? ''));
  const yamlFiles = once(() =>
    bundle.files.filter(isYaml).map(({ path, content }) => ({ path, file: yaml(content) })),
  );
  const documents = once(() =>
    yamlFiles().flatMap(({ path, file }) => file.documents.map((document) => ({ path, document }))),
  );
  return {
    bundle,
    name: bundle.host,
    file: (path) => files.get(path),
    text,
    get units() {
      return units();
    },
    get commands() {
      return commands();
    },
    command: (component) => commands().find((line) => line.component === component),
    get etcd() {
      return etcd();
    },
    etcdVariable: (name) => etcd().findLast((variable) => variable.name === name),
    get yaml() {
      return yamlFiles();
    },
    get documents() {
      return documents();
    },
    ofKind: (kind) => documents().filter(({ document }) => document.kind === kind),
    certificate: (path) => parse(text(path) ?? ''),
    publicKeyOf: (path) => keyOf(text(path) ?? ''),
  };
}

function unitsOf({ files }: HostBundle, text: (path: string) => string | undefined): Unit[] {
  return files.flatMap(({ path }) => {
    const [, name] =
      /^\/etc\/systemd\/system\/([^/]+?\.(?:service|timer|socket|path))(?:\.d\/[^/]+\.conf)?$/.exec(path) ??
      [];
    return name === undefined ? [] : [{ path, name, settings: readUnit(text(path) ?? '') }];
  });
}

const componentOfProgram = new Map(
  Object.entries(programs).map(([key, program]) => [program, key as ComponentKey]),
);

function commandLinesOf(unit: Unit, text: (path: string) => string | undefined): CommandLine[] {
  const environment = new Map<string, { variable: Variable; file: string }>();
  for (const { name, value } of unit.settings) {
    if (name !== 'EnvironmentFile') continue;
    const file = value.replace(/^-/, '');
    for (const variable of readEnvironment(text(file) ?? ''))
      environment.set(variable.name, { variable, file });
  }
  return unit.settings.flatMap(({ name, value, line }) => {
    const [program = '', ...words] = value.split(/\s+/);
    const component = componentOfProgram.get(program.split('/').at(-1) ?? '');
    if (name !== 'ExecStart' || component === undefined) return [];
    const unset: (Setting & { file: string })[] = [];
    const flags: Flag[] = [];
    for (const word of words) {
      const [, variable] = /^\$\{?(\w+)\}?$/.exec(word) ?? [];
      const set = variable === undefined ? undefined : environment.get(variable);
      if (variable !== undefined && set === undefined)
        unset.push({ name: variable, value: word, line, file: unit.path });
      const literal = word.replaceAll('%%', '%').replaceAll('$$', '$');
      const found = variable === undefined ? [{ text: literal, line }] : (set?.variable.words ?? []);
      flags.push(...found.map((one) => flagOf(one, set?.file ?? unit.path)));
    }
    const flag = (wanted: string) => flags.findLast((one) => one.name === wanted);
    return [{ component, unit: unit.path, flags, unset, flag }];
  });
}

function flagOf({ text, line }: Word, file: string): Flag {
  const [, name, value] = /^--?([^=]+)(?:=(.*))?$/s.exec(text) ?? [];
  return { name: name ?? text, value: value ?? 'true', file, line };
}

function isYaml({ path, content }: BundleFile): boolean {
  if (/\.ya?ml$/.test(path)) return true;
  return path.endsWith('.conf') && /^apiVersion:/m.test(content.toString('utf8', 0, 400));
}

/** The SubjectPublicKeyInfo of a key, to compare keys by. */
export function fingerprint(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'der' }).toString('base64');
}

/** The public key of a certificate, to compare with `publicKeyOf`. */
export function certificateKey(certificate: X509Certificate): string {
  return fingerprint(certificate.publicKey);
}

/** PEM text out of base64 in a field of a kubeconfig. */
export function decoded(value: unknown, ...steps: readonly (string | number)[]): string | undefined {
  const text = textAt(value, ...steps);
  return text === undefined ? undefined : Buffer.from(text, 'base64').toString();
}

function attempt<Value>(make: () => Value): Value | undefined {
  try {
    return make();
  } catch {
    // Not what its place wants it to be: checks say so where they meet undefined.
    return undefined;
  }
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function remembered<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined || known.has(key)) return found as Value;
    const value = make(key);
    known.set(key, value);
    return value;
  };
}

function rememberedByObject<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, Value>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    return value;
  };
}
