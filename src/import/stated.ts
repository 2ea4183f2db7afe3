/** What files of existing hosts say, each with its place; and whether hosts agree. */

import type { ComponentKey } from '../model/cluster.ts';
import { itemsAt, type Steps, textAt, valueAt } from '../verify/read-yaml.ts';
import type { Flag, HostView } from '../verify/view.ts';

/** Where something was read. */
export interface Place {
  readonly host: string;
  readonly file: string;
  readonly line: number | undefined;
}

export interface Said<Value> {
  readonly value: Value;
  readonly place: Place;
}

/** What all hosts say of one thing. */
export type Agreed<Value> =
  | { readonly kind: 'told'; readonly value: Value; readonly place: Place }
  | { readonly kind: 'untold' }
  /** The first that says each value. */
  | { readonly kind: 'conflict'; readonly said: readonly Said<Value>[] };

/** One value, none, or several that differ. */
export function agreed<Value>(said: readonly Said<Value>[]): Agreed<Value> {
  const different = new Map<string, Said<Value>>();
  for (const one of said) {
    const key = JSON.stringify(one.value);
    if (!different.has(key)) different.set(key, one);
  }
  const [first, ...more] = different.values();
  if (first === undefined) return { kind: 'untold' };
  return more.length === 0 ? { kind: 'told', ...first } : { kind: 'conflict', said: [first, ...more] };
}

/** `master01:/etc/kubernetes/apiserver:12` */
export function placeText({ host, file, line }: Place): string {
  return [host, file, ...(line === undefined ? [] : [line])].join(':');
}

export function saidByFlag(host: HostView, flag: Flag | undefined): Said<string>[] {
  if (flag === undefined || flag.value === '') return [];
  return [{ value: flag.value, place: { host: host.name, file: flag.file, line: flag.line } }];
}

export function componentFlag(host: HostView, component: ComponentKey, name: string): Said<string>[] {
  return saidByFlag(host, host.command(component)?.flag(name));
}

/** A field of the configuration that a daemon is told to read, as text. */
export function field(host: HostView, kind: string, ...steps: Steps): Said<string>[] {
  return host.ofKind(kind).flatMap(({ path, document }) => {
    const value = valueAt(document.value, ...steps);
    const text =
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? String(value)
        : '';
    return text === ''
      ? []
      : [{ value: text, place: { host: host.name, file: path, line: document.lineOf(steps) } }];
  });
}

/** A list of texts in such a configuration. */
export function listField(host: HostView, kind: string, ...steps: Steps): Said<readonly string[]>[] {
  return host.ofKind(kind).flatMap(({ path, document }) => {
    const items = itemsAt(document.value, ...steps).map(String);
    return items.length === 0
      ? []
      : [{ value: items, place: { host: host.name, file: path, line: document.lineOf(steps) } }];
  });
}

/** The servers of the kubeconfigs that kubelets, kube-proxies and bootstraps use. */
export function nodeServers(host: HostView): Said<string>[] {
  const proxy = host
    .ofKind('KubeProxyConfiguration')
    .map(({ document }) => textAt(document.value, 'clientConnection', 'kubeconfig'));
  const named = [
    host.command('kubelet')?.flag('kubeconfig')?.value,
    host.command('kubelet')?.flag('bootstrap-kubeconfig')?.value,
    host.command('proxy')?.flag('kubeconfig')?.value,
    ...proxy,
  ];
  return serversIn(host, (path) => named.includes(path));
}

/** The servers of kubeconfigs at chosen paths. */
export function serversIn(host: HostView, isMeant: (path: string) => boolean): Said<string>[] {
  return host.ofKind('Config').flatMap(({ path, document }) => {
    const steps = ['clusters', 0, 'cluster', 'server'] as const;
    const server = textAt(document.value, ...steps);
    if (!isMeant(path) || server === undefined) return [];
    return [{ value: server, place: { host: host.name, file: path, line: document.lineOf(steps) } }];
  });
}
