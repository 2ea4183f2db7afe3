/** What a file says, by name: flags, variables, fields, settings of units. For files where names mean more than lines. */
import { parseAllDocuments } from 'yaml';
import { components } from '../catalog/components.ts';
import { authDir, etcdctlEnv, etcdEnv, kubernetesDir, systemdDir } from '../catalog/paths.ts';
import { fieldsOf } from '../upgrade/shape.ts';
import { readEnvironment, readUnit } from '../verify/read-unit.ts';
import type { SettingChange } from './difference.ts';

interface Setting {
  readonly kind: SettingChange['kind'];
  readonly name: string;
  readonly value: string;
}

interface ReaderRow {
  readonly reads: (path: string) => boolean;
  readonly settings: (text: string) => Setting[];
}

const environmentFiles: readonly string[] = [
  etcdEnv,
  etcdctlEnv,
  `${kubernetesDir}/config`,
  ...components.map(({ envFile }) => envFile),
];

/** Other files are told of by their lines alone. */
const readers: readonly ReaderRow[] = [
  { reads: (path) => environmentFiles.includes(path), settings: environmentSettings },
  { reads: (path) => path.startsWith(`${systemdDir}/`), settings: unitSettings },
  { reads: (path) => /\.ya?ml$/.test(path) || path.startsWith(`${authDir}/`), settings: yamlSettings },
];

/** What differs between two texts of a file, in the order of their names' first appearance. */
export function settingChanges(path: string, old: string, now: string): SettingChange[] {
  const reader = readers.find(({ reads }) => reads(path));
  if (reader === undefined) return [];
  const [before, after] = [byName(reader.settings(old)), byName(reader.settings(now))];
  return [...new Map([...before, ...after])].flatMap(([key, { kind, name }]) => {
    const change = { kind, name, old: before.get(key)?.value, new: after.get(key)?.value };
    return change.old === change.new ? [] : [change];
  });
}

/** What is said several times, such as `SystemCallFilter=`, is one setting with all its values. */
function byName(settings: readonly Setting[]): Map<string, Setting> {
  const known = new Map<string, Setting>();
  for (const setting of settings) {
    const key = `${setting.kind} ${setting.name}`;
    const other = known.get(key);
    known.set(key, other === undefined ? setting : { ...other, value: `${other.value} ${setting.value}` });
  }
  return known;
}

function environmentSettings(text: string): Setting[] {
  return readEnvironment(text).flatMap(({ name, value, words }): Setting[] => {
    const areFlags = words.length > 0 && words.every((word) => word.text.startsWith('--'));
    return areFlags ? words.map((word) => flagOf(word.text)) : [{ kind: 'variable', name, value }];
  });
}

function flagOf(word: string): Setting {
  const [, name = '', value = 'true'] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
  return { kind: 'flag', name, value };
}

function unitSettings(text: string): Setting[] {
  return readUnit(text).map(({ name, value }) => ({
    kind: 'setting',
    name,
    value: value.replace(/\s+/g, ' '),
  }));
}

/** A document that has a kind and a name of its own is named by them where a file holds several. */
function yamlSettings(text: string): Setting[] {
  const documents = parseAllDocuments(text).map((document): unknown => document.toJS());
  return documents.flatMap((document) => {
    const prefix = documents.length > 1 ? `${titleOf(document)}: ` : '';
    return fieldsOf(document, '').map(([name, value]) => ({
      kind: 'field',
      name: `${prefix}${name}`,
      value,
    }));
  });
}

function titleOf(document: unknown): string {
  const { kind, metadata } = (document ?? {}) as { kind?: unknown; metadata?: { name?: unknown } };
  return [kind, metadata?.name].filter((one) => typeof one === 'string').join('/');
}
