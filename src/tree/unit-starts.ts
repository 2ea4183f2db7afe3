/** Daemons that units start, with their drop-ins. */
import { posix } from 'node:path';
import { daemonNames } from '../catalog/daemons.ts';
import { unitFolders } from '../catalog/existing-hosts.ts';
import { readEnvironment, readUnit, type Setting, type Word } from '../verify/read-unit.ts';
import {
  type Environment,
  environmentOf,
  expandWords,
  type PlacedVariable,
  wordsOf,
} from './command-words.ts';
import type { Start } from './start.ts';
import type { Tree } from './tree.ts';

interface Fragment {
  readonly path: string;
  readonly settings: readonly Setting[];
}

/** Settings that an empty assignment takes back. */
const listSettings: readonly string[] = ['ExecStart', 'Environment', 'EnvironmentFile'];

/** The starts of all units of a host. */
export function unitStarts(tree: Tree, hostName: string): Start[] {
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
      if (program === undefined || !daemonNames.includes(base)) continue;
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

function partsOf({ value, line, parts }: Setting): readonly Word[] {
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
  const start = inner.findIndex(({ text }) => daemonNames.includes(posix.basename(text)));
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
