/**
 * Handlebars, made safe for configuration: no HTML escaping, quoting helpers per
 * syntax, and a context that throws on every name it does not have, also where
 * Handlebars' own strict mode does not look (helper arguments, #if, #each).
 */
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { readPackageFile } from '../lib/package-root.ts';
import { remembered } from '../lib/remember.ts';
import * as quote from './quote.ts';

export type Render = (context: object) => string;

export interface Templates {
  /** The compiled template below templates/, such as `etc/hosts.hbs`. */
  readonly get: (name: string) => Render;
  /** The values that a template reads, by their first name: `secrets`, `host`, `network`. */
  readonly reads: (name: string) => ReadonlySet<string>;
}

/** Templates of a folder, compiled when first asked for. */
export function loadTemplates(folder: string): Templates {
  const environment = createEnvironment(folder);
  const compiled = new Map<string, { render: Render; reads: ReadonlySet<string> }>();
  const entry = (name: string) => {
    const known = compiled.get(name) ?? compile(environment, folder, name);
    compiled.set(name, known);
    return known;
  };
  return { get: (name) => entry(name).render, reads: (name) => entry(name).reads };
}

/** Partials: templates whose name begins with an underscore and that stand in no file alone. */
const partials = ['etc/kubernetes/_overrides'];

function createEnvironment(folder: string): typeof Handlebars {
  const environment = Handlebars.create();
  for (const name of partials) {
    environment.registerPartial(name, readPartial(folder, name));
  }
  environment.registerHelper({
    env: (value: unknown) => quote.envQuote(textOf(value)),
    envWords: (words: unknown) => quote.envWordsQuote(listOf(words).map(textOf)),
    execArg: (value: unknown) => quote.execQuote(textOf(value)),
    plain: (value: unknown) => quote.plainWord(textOf(value)),
    json: (value: unknown) => quote.jsonQuote(textOf(value)),
    sh: (value: unknown) => quote.shellQuote(textOf(value)),
    unitEnv: (name: unknown, value: unknown) => quote.unitEnvQuote(textOf(name), textOf(value)),
    unitText: (value: unknown) => quote.unitTextQuote(textOf(value)),
    yaml: (value: unknown) => quote.yamlQuote(textOf(value)),
  });
  return environment;
}

const helpers = {
  env: true,
  envWords: true,
  execArg: true,
  json: true,
  plain: true,
  sh: true,
  unitEnv: true,
  unitText: true,
  yaml: true,
};

function compile(environment: typeof Handlebars, folder: string, name: string) {
  const text = readPackageFile(join(folder, name)).toString();
  const template = environment.compile(text, {
    strict: true,
    noEscape: true,
    preventIndent: true,
    knownHelpers: helpers,
    knownHelpersOnly: true,
  });
  const render: Render = (context) => {
    try {
      return template(guarded(context, ''));
    } catch (error) {
      throw new Error(`templates/${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  return { render, reads: namesIn(folder, text) };
}

/** First names of all paths, those in partials included; those inside #each that belong to an item do no harm. */
function namesIn(folder: string, text: string): ReadonlySet<string> {
  const names = new Set<string>();
  const visitor = new Handlebars.Visitor();
  visitor.PathExpression = ({ original, parts, data }) => {
    if (partials.includes(original)) {
      for (const name of namesIn(folder, readPartial(folder, original))) names.add(name);
    }
    const [first, second] = parts.map(String);
    const name = data && first === 'root' ? second : first;
    if (name !== undefined) names.add(name);
  };
  visitor.accept(Handlebars.parse(text));
  return names;
}

function readPartial(folder: string, name: string): string {
  return readPackageFile(join(folder, `${name}.hbs`)).toString();
}

/** Wrapped values, since hosts share most of them; the path of the first use names them all. */
const guards = new WeakMap<object, object>();

/** Plain data, wrapped so that reading a name it does not have throws. */
function guarded<T>(value: T, path: string): T {
  if (value === null || typeof value !== 'object') return value;
  const guard = guards.get(value) ?? new Proxy(value, guardOf(path));
  guards.set(value, guard);
  return guard as T;
}

/** What stands guard at a path; there are few, and every host has a value at each. */
const guardOf = remembered((path: string): ProxyHandler<object> => {
  const missing = (key: string): never => {
    throw new Error(`no value named ${path}${key}`);
  };
  return {
    get(target, key) {
      if (typeof key === 'symbol' || Array.isArray(target))
        return guardedItem(Reflect.get(target, key), path, key);
      if (Object.hasOwn(target, key)) return guarded(Reflect.get(target, key), `${path}${key}.`);
      return key in Object.prototype || frameNames.has(key) ? undefined : missing(key);
    },
    // Handlebars asks `NAME in VALUE` for plain expressions, and could not name what is missing.
    has(target, key) {
      if (typeof key === 'symbol' || Array.isArray(target) || Object.hasOwn(target, key))
        return key in target;
      return missing(key);
    },
    getOwnPropertyDescriptor(target, key) {
      const descriptor = Reflect.getOwnPropertyDescriptor(target, key);
      const isOrdinary = typeof key === 'symbol' || Array.isArray(target) || frameNames.has(String(key));
      return descriptor ?? (isOrdinary ? undefined : missing(String(key)));
    },
  };
});

/** Names that Handlebars itself looks up on a context to find out what kind of value it is. */
const frameNames = new Set(['then', 'toHTML', 'length', 'size', 'constructor']);

function guardedItem<T>(item: T, path: string, key: string | symbol): T {
  return typeof key === 'symbol' || typeof item === 'function' ? item : guarded(item, `${path}${key}.`);
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`a text is wanted, not ${value === null ? 'null' : typeof value}`);
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error('a list is wanted');
}
