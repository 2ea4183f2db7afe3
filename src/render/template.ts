/**
 * Handlebars, made safe for configuration: no HTML escaping, quoting helpers per
 * syntax, and a context that throws on every name it does not have, also where
 * Handlebars' own strict mode does not look (helper arguments, #if, #each).
 */
import Handlebars from 'handlebars';
import { remembered } from '../lib/remember.ts';
import type { HelperName } from '../lib/template-compiler.ts';
import { loadTemplate } from '../lib/templates.ts';
import * as quote from './quote.ts';

export type Render = (context: object) => string;

export interface Templates {
  /** The compiled template below templates/, such as `etc/hosts.hbs`. */
  readonly get: (name: string) => Render;
  /** The values that a template reads, by their first name: `secrets`, `host`, `network`. */
  readonly reads: (name: string) => ReadonlySet<string>;
}

/** Templates of a folder, made functions when first asked for. */
export function loadTemplates(folder: string): Templates {
  const environment = createEnvironment();
  const known = new Map<string, { render: Render; reads: ReadonlySet<string> }>();
  const entry = (name: string) => {
    const found = known.get(name) ?? load(environment, folder, name);
    known.set(name, found);
    return found;
  };
  return { get: (name) => entry(name).render, reads: (name) => entry(name).reads };
}

function createEnvironment(): typeof Handlebars {
  const environment = Handlebars.create();
  const helpers: Readonly<Record<HelperName, Handlebars.HelperDelegate>> = {
    env: (value: unknown) => quote.envQuote(textOf(value)),
    envWords: (words: unknown) => quote.envWordsQuote(listOf(words).map(textOf)),
    execArg: (value: unknown) => quote.execQuote(textOf(value)),
    plain: (value: unknown) => quote.plainWord(textOf(value)),
    json: (value: unknown) => quote.jsonQuote(textOf(value)),
    sh: (value: unknown) => quote.shellQuote(textOf(value)),
    unitEnv: (name: unknown, value: unknown) => quote.unitEnvQuote(textOf(name), textOf(value)),
    unitText: (value: unknown) => quote.unitTextQuote(textOf(value)),
    yaml: (value: unknown) => quote.yamlQuote(textOf(value)),
  };
  environment.registerHelper(helpers);
  return environment;
}

function load(environment: typeof Handlebars, folder: string, name: string) {
  const { fill, names } = loadTemplate(environment, 'configuration', folder, name);
  const render: Render = (context) => {
    try {
      return fill(guarded(context, ''));
    } catch (error) {
      throw new Error(`templates/${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  return { render, reads: names };
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

/** What stands guard at a path, for all items of a list the same; there are few, and every host has a value at each. */
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
  return typeof key === 'symbol' || typeof item === 'function' ? item : guarded(item, path);
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
