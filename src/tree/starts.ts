/** How daemons are started on a host: by units with their drop-ins, by static pods, or as kubeadm's package does it. */
import { posix } from 'node:path';
import { kubeadmKubelet, tellingFlags, unitFolders, usualPlaces } from '../catalog/existing-hosts.ts';
import { readEnvironment, readUnit, type Setting, type Word } from '../verify/read-unit.ts';
import { createYamlReader, itemsAt, textAt } from '../verify/read-yaml.ts';
import type { Unit } from '../verify/view.ts';
import {
  type Environment,
  environmentOf,
  expandWords,
  type PlacedVariable,
  type PlacedWord,
  wordsOf,
} from './command-words.ts';
import type { Tree } from './tree.ts';

/**
 * `packaged`: kubeadm's kubelet, whose unit a package brings. `assumed`: nothing in the tree starts it, but its files are there. Then only the paths of its files
 * are known, by where such files usually are.
 */
export type StartKind = 'unit' | 'static-pod' | 'packaged' | 'assumed';

export interface Start {
  /** `kube-apiserver`, `etcd`. */
  readonly program: string;
  readonly kind: StartKind;
  /** The unit's file, or the manifest. */
  readonly file: string;
  /** The unit with its drop-ins under the program's name; of a pod a unit of that name without settings. */
  readonly units: readonly Unit[];
  /** What follows the program. */
  readonly words: readonly PlacedWord[];
  readonly environment: Environment;
  /** The program's path, or the image. */
  readonly executable: { readonly path?: string; readonly image?: string; readonly line: number };
  /** What was taken for granted, for people. */
  readonly assumption?: string;
}

export const knownPrograms = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'etcd',
];

/** The daemons of a host, one start for each; a unit goes before a pod. */
export function startsOf(tree: Tree, hostName: string): Start[] {
  const units = unitStarts(tree, hostName);
  const kubelet = units.find(({ program }) => program === 'kubelet') ?? packagedKubelet(tree);
  const known = kubelet === undefined || units.includes(kubelet) ? units : [...units, kubelet];
  const told = [...known, ...staticPods(tree, kubelet)];
  return knownPrograms.flatMap(
    (program) => told.find((start) => start.program === program) ?? assumedStart(tree, program) ?? [],
  );
}

// Units

interface Fragment {
  readonly path: string;
  readonly settings: readonly Setting[];
}

/** Settings that an empty assignment takes back. */
const listSettings: readonly string[] = ['ExecStart', 'Environment', 'EnvironmentFile'];

function unitStarts(tree: Tree, hostName: string): Start[] {
  const names = new Set(
    unitFolders.flatMap((folder) => tree.names(folder).filter((name) => /\.service(?:\.d)?$/.test(name))),
  );
  const units = new Set([...names].map((name) => name.replace(/\.d$/, '')));
  return [...units].sort().flatMap((name) => unitStart(tree, name, hostName) ?? []);
}

function unitStart(tree: Tree, name: string, hostName: string): Start | undefined {
  const fragments = fragmentsOf(tree, name).map(({ path, settings }) => ({
    path,
    settings: settings.map((setting) => filled(setting, name, hostName)),
  }));
  const kept = withoutTakenBack(fragments);
  for (const { path, settings } of kept) {
    for (const setting of settings) {
      if (setting.name !== 'ExecStart') continue;
      const words = programWords(wordsOf(partsOf(setting)));
      const [program] = words;
      const base = posix.basename(program?.text ?? '');
      if (program === undefined || !knownPrograms.includes(base)) continue;
      const environment = environmentFor(tree, kept);
      return {
        program: base,
        kind: 'unit',
        file: path,
        units: kept.map((one) => ({ path: one.path, name: `${base}.service`, settings: one.settings })),
        words: expandWords(words.slice(1), path, environment),
        environment,
        executable: { path: program.text, line: program.line },
      };
    }
  }
  return undefined;
}

/** The unit's own file, of the first folder that has it, then its drop-ins by name. */
function fragmentsOf(tree: Tree, name: string): Fragment[] {
  const own = unitFolders.map((folder) => `${folder}/${name}`).find((path) => tree.file(path) !== undefined);
  const target = own === undefined ? undefined : tree.target(own);
  // A link of another name is an alias of a unit that is there under its own.
  if (target !== undefined && posix.basename(target) !== name) return [];
  const dropIns = new Map<string, string>();
  for (const folder of [...unitFolders].reverse())
    for (const file of tree.names(`${folder}/${name}.d`))
      if (file.endsWith('.conf')) dropIns.set(file, `${folder}/${name}.d/${file}`);
  const paths = [
    ...(own === undefined ? [] : [own]),
    ...[...dropIns].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path),
  ];
  return paths.flatMap((path) => {
    const text = tree.file(path)?.content.toString();
    return text === undefined ? [] : [{ path, settings: readUnit(text) }];
  });
}

/** Specifiers that occur in such units (systemd.unit(5)). */
function filled(setting: Setting, unit: string, hostName: string): Setting {
  const base = unit.replace(/\.service$/, '');
  const specifiers: Readonly<Record<string, string>> = {
    p: base,
    N: base,
    n: unit,
    H: hostName,
    h: '/root',
    '%': '%',
  };
  const fill = (text: string) =>
    text.replace(/%([pNnHh%])/g, (_, letter: string) => specifiers[letter] ?? '');
  return {
    ...setting,
    value: fill(setting.value),
    ...(setting.parts === undefined
      ? {}
      : { parts: setting.parts.map((part) => ({ ...part, text: fill(part.text) })) }),
  };
}

function withoutTakenBack(fragments: readonly Fragment[]): Fragment[] {
  const kept: { path: string; settings: Setting[] }[] = [];
  for (const { path, settings } of fragments) {
    const own: Setting[] = [];
    kept.push({ path, settings: own });
    for (const setting of settings) {
      if (setting.value === '' && listSettings.includes(setting.name))
        for (const one of kept) one.settings = one.settings.filter(({ name }) => name !== setting.name);
      else (kept.at(-1) as { settings: Setting[] }).settings.push(setting);
    }
  }
  return kept;
}

export function partsOf({ value, line, parts }: Setting): readonly Word[] {
  return parts ?? [{ text: value, line }];
}

/** The program and what follows it: without systemd's prefixes, and out of what a shell is given to run. */
function programWords(words: readonly Word[]): Word[] {
  const [first, ...rest] = words;
  if (first === undefined) return [];
  const program = { ...first, text: first.text.replace(/^[-@:+!|]+/, '') };
  const isShell = /(?:^|\/)(?:ba|da)?sh$/.test(program.text) && rest[0]?.text === '-c';
  const script = isShell ? rest[1] : undefined;
  if (script === undefined) return [program, ...rest];
  const inner = wordsOf([script]);
  const start = inner.findIndex(({ text }) => knownPrograms.includes(posix.basename(text)));
  return start < 0 ? [program, ...rest] : inner.slice(start);
}

/** What files set goes before what the unit itself sets (systemd.exec(5)). */
function environmentFor(tree: Tree, fragments: readonly Fragment[]): Environment {
  const environment = new Map<string, PlacedVariable>();
  const settings = fragments.flatMap(({ path, settings: own }) => own.map((setting) => ({ path, setting })));
  for (const { path, setting } of settings)
    if (setting.name === 'Environment')
      for (const variable of environmentOf(partsOf(setting)))
        environment.set(variable.name, { variable, file: path });
  for (const { setting } of settings) {
    if (setting.name !== 'EnvironmentFile') continue;
    const file = setting.value.replace(/^-/, '').replace(/^(["'])(.*)\1$/, '$2');
    for (const variable of readEnvironment(tree.file(file)?.content.toString() ?? ''))
      environment.set(variable.name, { variable, file });
  }
  return environment;
}

// Kubeadm

/** kubeadm's kubelet without its unit, which a package brings: its flags are in files of its own. */
function packagedKubelet(tree: Tree): Start | undefined {
  const { flagsFile, extraFiles, words, variables } = kubeadmKubelet;
  if (tree.file(flagsFile) === undefined) return undefined;
  const files = [flagsFile, ...extraFiles].filter((path) => tree.file(path) !== undefined);
  const environment = new Map<string, PlacedVariable>();
  for (const file of files)
    for (const variable of readEnvironment(tree.file(file)?.content.toString() ?? ''))
      environment.set(variable.name, { variable, file });
  const own = words.map((text) => ({ text, line: 1, file: flagsFile }));
  const settings = files.map((value) => ({ name: 'EnvironmentFile', value, line: 1 }));
  return {
    program: 'kubelet',
    kind: 'packaged',
    file: flagsFile,
    units: [{ path: flagsFile, name: 'kubelet.service', settings }],
    words: [
      ...own,
      ...expandWords(
        variables.map((name) => ({ text: `$${name}`, line: 1 })),
        flagsFile,
        environment,
      ),
    ],
    environment,
    executable: { line: 1 },
    assumption: "kubelet.service is not in the tree; taken for granted is that of kubeadm's package",
  };
}

// Static pods

const defaultPodFolder = '/etc/kubernetes/manifests';

function podFolder(tree: Tree, kubelet: Start | undefined): string {
  const flag = (name: string) =>
    kubelet?.words.find(({ text }) => text.startsWith(`--${name}=`))?.text.slice(name.length + 3);
  const config = tree.file(flag('config') ?? '')?.content.toString();
  const field = /^staticPodPath:\s*["']?([^"'\s#]+)/m.exec(config ?? '')?.[1];
  return flag('pod-manifest-path') ?? field ?? defaultPodFolder;
}

function staticPods(tree: Tree, kubelet: Start | undefined): Start[] {
  const read = createYamlReader();
  const folder = podFolder(tree, kubelet);
  const files = tree.names(folder).filter((name) => /\.(?:ya?ml|json)$/.test(name));
  return files.flatMap((name) => {
    const file = posix.join(folder, name);
    const { documents } = read(tree.file(file)?.content.toString() ?? '');
    return documents.flatMap((document) => {
      if (document.kind !== 'Pod') return [];
      return itemsAt(document.value, 'spec', 'containers').flatMap((container, index) => {
        const all = ['command', 'args'].flatMap((field) =>
          itemsAt(container, field).map((text, place) => ({
            text: hostPath(document.value, container, String(text)),
            line: document.lineOf(['spec', 'containers', index, field, place]),
            file,
          })),
        );
        const [program, ...words] = all;
        const base = posix.basename(program?.text ?? '');
        if (program === undefined || !knownPrograms.includes(base)) return [];
        const image = textAt(container, 'image');
        const line = document.lineOf(['spec', 'containers', index, 'image']);
        const start: Start = {
          program: base,
          kind: 'static-pod',
          file,
          units: [{ path: file, name: `${base}.service`, settings: [commandOf(all)] }],
          words,
          environment: new Map(),
          executable: { ...(image === undefined ? {} : { image }), line },
        };
        return [start];
      });
    });
  });
}

/** A pod's command line as a unit would have it. */
function commandOf(words: readonly Word[]): Setting {
  return { name: 'ExecStart', value: words.map(({ text }) => text).join(' '), line: words[0]?.line ?? 1 };
}

/** A path in a container as the host has it. */
function hostPath(pod: unknown, container: unknown, word: string): string {
  const [, before = '', path] = /^(--[^=]+=)?(\/.*)$/s.exec(word) ?? [];
  if (path === undefined) return word;
  for (const mount of itemsAt(container, 'volumeMounts')) {
    const at = textAt(mount, 'mountPath')?.replace(/\/$/, '');
    if (at === undefined || (path !== at && !path.startsWith(`${at}/`))) continue;
    const volume = itemsAt(pod, 'spec', 'volumes').find(
      (one) => textAt(one, 'name') === textAt(mount, 'name'),
    );
    const source = textAt(volume, 'hostPath', 'path')?.replace(/\/$/, '');
    if (source !== undefined) return `${before}${source}${path.slice(at.length)}`;
  }
  return word;
}

// Neither

function assumedStart(tree: Tree, program: string): Start | undefined {
  const words = usualPlaces
    .filter((row) => row.program === program)
    .flatMap(({ flag, paths }) => {
      const path = paths.find((one) => tree.file(one) !== undefined);
      return path === undefined ? [] : [{ flag, path }];
    });
  if (!words.some(({ flag }) => tellingFlags[program]?.includes(flag))) return undefined;
  const file = words[0]?.path ?? '';
  return {
    program,
    kind: 'assumed',
    file,
    units: [],
    words: words.map(({ flag, path }) => ({ text: `--${flag}=${path}`, line: 1, file: path })),
    environment: new Map(),
    executable: { line: 1 },
    assumption: `no unit and no static pod of ${program} is in the tree; its files are taken for those at their usual places`,
  };
}
