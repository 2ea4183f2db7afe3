/** The bundles as checks look at them: text, units, command lines, YAML and certificates. What hosts share is read once. */
import { programs } from '../catalog/daemons.ts';
import { etcdEnv } from '../catalog/paths.ts';
import { once, remembered, rememberedByObject } from '../lib/remember.ts';
import type { ComponentKey, Role } from '../model/cluster.ts';
import type { Finding } from '../model/finding.ts';
import type { Certificate } from '../pki/certificate.ts';
import { createPairReader, type PairReader } from '../pki/read-once.ts';
import type { BundleFile, ClusterFacts, HostBundle } from './bundle.ts';
import { readEnvironment, readUnit, type Setting, type Variable, type Word } from './read-unit.ts';
import { createYamlReader, textAt, type YamlDocument, type YamlFile } from './read-yaml.ts';

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
  /** The variables of an environment file; none where it is not there. */
  readonly variables: (path: string) => readonly Variable[];
  /** A setting of etcd by the name of its flag: the flag, or else the variable of the same meaning. */
  readonly etcdFlag: (name: string) => Flag | undefined;
  readonly yaml: readonly { readonly path: string; readonly file: YamlFile }[];
  readonly documents: readonly YamlPlace[];
  readonly ofKind: (kind: string) => readonly YamlPlace[];
  /** The certificate at a path; undefined where there is none, or none that can be read. */
  readonly certificate: (path: string) => Certificate | undefined;
  readonly publicKeyOf: (privateKeyPath: string) => string | undefined;
}

export interface ClusterView {
  readonly facts: ClusterFacts;
  readonly hosts: readonly HostView[];
  readonly withRole: (role: Role) => readonly HostView[];
  /** A certificate out of PEM text; the same text gives the same object. */
  readonly parse: (pem: string) => Certificate | undefined;
  readonly keyOf: (pem: string) => string | undefined;
}

/** Certificates and keys out of PEM text, each text read once. */
export function createPemReaders(
  pairs: PairReader = createPairReader(),
): Pick<ClusterView, 'parse' | 'keyOf'> {
  const base64Of = rememberedByObject((spki: Buffer) => spki.toString('base64'));
  return {
    parse: (pem) => (pem === '' ? undefined : attempt(() => pairs.certificate(pem))),
    keyOf: (pem) => (pem === '' ? undefined : attempt(() => base64Of(pairs.publicKey(pem)))),
  };
}

/** The view of a cluster's bundles; nothing is read before a check asks for it, and equal files once. */
export function viewOf(
  facts: ClusterFacts,
  bundles: readonly HostBundle[],
  pairs: PairReader = createPairReader(),
): ClusterView {
  const views = createViews(facts, pairs);
  for (const bundle of bundles) views.add(bundle);
  return views.ofAll();
}

/** Views of bundles that come one after another and share what they read of files that several hosts have. */
export interface Views {
  /** A view that ends at one host, for who looks at hosts one after another and keeps nothing. */
  readonly add: (bundle: HostBundle) => ClusterView;
  /** The view of all that were added, in their order. */
  readonly ofAll: () => ClusterView;
}

/** Views of no bundles yet; see viewOf. */
export function createViews(facts: ClusterFacts, pairs: PairReader = createPairReader()): Views {
  const { parse, keyOf } = createPemReaders(pairs);
  const sharing = createSharing();
  // Hosts share buffers of what is the same for all of them; of what is a host's own its view has the only use.
  const ofShared = <Value>(read: (content: Buffer) => Value): ((content: Buffer) => Value) => {
    const readOnce = rememberedByObject(read);
    return (content) => (sharing.isShared(content) ? readOnce : read)(content);
  };
  const text = ofShared((content: Buffer) => content.toString());
  const yamlOf = createYamlReader();
  const readers: Readers = {
    parse,
    keyOf,
    text,
    yaml: ofShared((content) => yamlOf(text(content))),
    unit: ofShared((content) => remembered((path) => unitOf(path, text(content)))),
    environment: ofShared((content) => readEnvironment(text(content))),
  };
  const viewOfHosts = (those: readonly HostBundle[]): ClusterView => {
    const hosts = those.map((bundle) => hostViewOf(bundle, readers));
    const withRole = remembered((role: Role) => hosts.filter((host) => host.bundle.roles.includes(role)));
    return { facts, hosts, withRole, parse, keyOf };
  };
  const bundles: HostBundle[] = [];
  return {
    add: (bundle) => {
      sharing.add(bundle);
      bundles.push(bundle);
      return viewOfHosts([bundle]);
    },
    ofAll: () => viewOfHosts(bundles),
  };
}

/** Which buffers are those of several files, of the bundles that it was told of. */
function createSharing() {
  const seen = new WeakSet<Buffer>();
  const shared = new WeakSet<Buffer>();
  return {
    add: ({ files }: HostBundle): void => {
      for (const { content } of files) (seen.has(content) ? shared : seen).add(content);
    },
    isShared: (content: Buffer): boolean => shared.has(content),
  };
}

interface Readers {
  readonly parse: ClusterView['parse'];
  readonly keyOf: ClusterView['keyOf'];
  readonly text: (content: Buffer) => string;
  readonly yaml: (content: Buffer) => YamlFile;
  /** Undefined where the path is not that of a unit. */
  readonly unit: (content: Buffer) => (path: string) => Unit | undefined;
  readonly environment: (content: Buffer) => readonly Variable[];
}

function hostViewOf(bundle: HostBundle, readers: Readers): HostView {
  const { parse, keyOf } = readers;
  const files = new Map(bundle.files.map((file) => [file.path, file]));
  const text = (path: string): string | undefined => {
    const file = files.get(path);
    return file === undefined ? undefined : readers.text(file.content);
  };
  const environment = remembered((path: string): readonly Variable[] => {
    const file = files.get(path);
    return file === undefined ? [] : readers.environment(file.content);
  });
  const units = once(() =>
    bundle.files.flatMap(({ path, content }) =>
      unitNameOf(path) === undefined ? [] : (readers.unit(content)(path) ?? []),
    ),
  );
  const starts = once(() => units().flatMap((unit) => startOf(unit) ?? []));
  const commandOf = rememberedByObject((start: Start) => commandLineOf(start, environment));
  const yamlFiles = once(() =>
    bundle.files.filter(isYaml).map(({ path, content }) => ({ path, file: readers.yaml(content) })),
  );
  const documents = once(() =>
    yamlFiles().flatMap(({ path, file }) => file.documents.map((document) => ({ path, document }))),
  );
  const ofKind = remembered((kind: string) => documents().filter(({ document }) => document.kind === kind));
  return {
    bundle,
    name: bundle.host,
    file: (path) => files.get(path),
    text,
    get units() {
      return units();
    },
    get commands() {
      return starts().map(commandOf);
    },
    command: (component) => {
      const start = starts().find((one) => one.component === component);
      return start && commandOf(start);
    },
    get etcd() {
      return environment(etcdEnv);
    },
    etcdVariable: (name) => environment(etcdEnv).findLast((variable) => variable.name === name),
    variables: environment,
    etcdFlag: (name) => etcdFlagOf(units(), environment(etcdEnv), name),
    get yaml() {
      return yamlFiles();
    },
    get documents() {
      return documents();
    },
    ofKind,
    certificate: (path) => parse(text(path) ?? ''),
    publicKeyOf: (path) => keyOf(text(path) ?? ''),
  };
}

/** etcd takes the flag over the variable. */
function etcdFlagOf(units: readonly Unit[], variables: readonly Variable[], name: string): Flag | undefined {
  const unit = units.find((one) => one.name === 'etcd.service');
  const start = unit?.settings.findLast((setting) => setting.name === 'ExecStart');
  for (const word of (start?.value ?? '').split(/\s+/)) {
    const flag = flagOf({ text: word, line: start?.line ?? 1 }, unit?.path ?? '');
    if (word.startsWith('-') && flag.name === name) return flag;
  }
  const variable = variables.findLast((one) => one.name === etcdVariableName(name));
  return variable && { name, value: variable.value, file: etcdEnv, line: variable.line };
}

/** `ETCD_DATA_DIR` for the flag `data-dir`. */
export function etcdVariableName(flag: string): string {
  return `ETCD_${flag.replaceAll('-', '_').toUpperCase()}`;
}

const unitPath = /^\/etc\/systemd\/system\/([^/]+?\.(?:service|timer|socket|path))(?:\.d\/[^/]+\.conf)?$/;

/** The name of the unit that a path belongs to; hosts have few paths, and all the same. */
const unitNameOf = remembered((path: string) => unitPath.exec(path)?.[1]);

function unitOf(path: string, text: string): Unit | undefined {
  const name = unitNameOf(path);
  return name === undefined ? undefined : { path, name, settings: readUnit(text) };
}

const componentOfProgram = new Map(
  Object.entries(programs).map(([key, program]) => [program, key as ComponentKey]),
);

interface Start {
  readonly unit: string;
  readonly component: ComponentKey;
  readonly environmentFiles: readonly string[];
  /** What follows the program in ExecStart=, and the line of that. */
  readonly words: readonly Word[];
}

/** How a unit starts a daemon that this product knows; undefined for all other units. */
const startOf = rememberedByObject(({ path: unit, settings }: Unit): Start | undefined => {
  for (const { name, value, line } of settings) {
    if (name !== 'ExecStart') continue;
    const [program = '', ...words] = value.split(/\s+/);
    const component = componentOfProgram.get(program.split('/').at(-1) ?? '');
    if (component === undefined) continue;
    const environmentFiles = settings.flatMap((one) =>
      one.name === 'EnvironmentFile' ? [one.value.replace(/^-/, '')] : [],
    );
    return { unit, component, environmentFiles, words: words.map((text) => ({ text, line })) };
  }
  return undefined;
});

function commandLineOf(start: Start, variablesIn: (path: string) => readonly Variable[]): CommandLine {
  const { unit, component } = start;
  const environment = new Map<string, { variable: Variable; file: string }>();
  for (const file of start.environmentFiles)
    for (const variable of variablesIn(file)) environment.set(variable.name, { variable, file });
  const unset: (Setting & { file: string })[] = [];
  const flags = start.words.flatMap((word) => {
    const [, variable] = /^\$\{?(\w+)\}?$/.exec(word.text) ?? [];
    if (variable === undefined) {
      const literal = word.text.replaceAll('%%', '%').replaceAll('$$', '$');
      return [flagOf({ ...word, text: literal }, unit)];
    }
    const set = environment.get(variable);
    if (set === undefined) unset.push({ name: variable, value: word.text, line: word.line, file: unit });
    return (set?.variable.words ?? []).map((one) => flagOf(one, set?.file ?? unit));
  });
  const flag = (wanted: string) => flags.findLast((one) => one.name === wanted);
  return { component, unit, flags, unset, flag };
}

function flagOf({ text, line }: Word, file: string): Flag {
  const [, name, value] = /^--?([^=]+)(?:=(.*))?$/s.exec(text) ?? [];
  return { name: name ?? text, value: value ?? 'true', file, line };
}

function isYaml({ path, content }: BundleFile): boolean {
  if (/\.ya?ml$/.test(path)) return true;
  return path.endsWith('.conf') && /^apiVersion:/m.test(content.toString('utf8', 0, 400));
}

/** The public key of a certificate, to compare with `publicKeyOf`. */
export function certificateKey(certificate: Certificate): string {
  return certificate.publicKeyDer.toString('base64');
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
