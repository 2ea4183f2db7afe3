/** Kubeconfigs as checks want them: the current context first, and files that they name put in. */
import { posix } from 'node:path';
import { isRecord, itemsAt, type Steps, textAt, type YamlDocument } from '../verify/read-yaml.ts';

/** Fields that name a file, and those that hold its content. */
const fileFields = ['certificate-authority', 'client-certificate', 'client-key'] as const;

/** Files that a kubeconfig names, by their paths on the host. */
export function filesNamedIn({ value }: YamlDocument, path: string): string[] {
  const lists = [...itemsAt(value, 'clusters'), ...itemsAt(value, 'users')];
  return lists.flatMap((item) =>
    fileFields.flatMap((field) => {
      const named = textAt(item, 'cluster', field) ?? textAt(item, 'user', field);
      return named === undefined ? [] : [posix.resolve(posix.dirname(path), named)];
    }),
  );
}

/** The same document with `…-data` for each file that can be read; lines stay those of the document. */
export function resolvedKubeconfig(
  document: YamlDocument,
  path: string,
  read: (path: string) => Buffer | undefined,
): YamlDocument {
  const { value, lineOf } = document;
  const context = itemsAt(value, 'contexts').find(
    (one) => textAt(one, 'name') === textAt(value, 'current-context'),
  );
  const orders = {
    clusters: order(itemsAt(value, 'clusters'), textAt(context, 'context', 'cluster')),
    users: order(itemsAt(value, 'users'), textAt(context, 'context', 'user')),
  };
  const filled = (list: 'clusters' | 'users', key: 'cluster' | 'user') =>
    orders[list].map((index) => {
      const item = itemsAt(value, list)[index];
      const own = isRecord(item) ? item : {};
      return { ...own, [key]: withData(isRecord(own[key]) ? own[key] : {}, path, read) };
    });
  const back = (steps: Steps): Steps => {
    const [list, index, key, field, ...rest] = steps;
    if ((list !== 'clusters' && list !== 'users') || typeof index !== 'number') return steps;
    const place = orders[list][index] ?? index;
    const own = itemsAt(value, list)[place];
    const written =
      typeof field === 'string' && textAt(own, String(key), field) === undefined
        ? field.replace(/-data$/, '')
        : field;
    return [
      list,
      place,
      ...(key === undefined ? [] : [key]),
      ...(written === undefined ? [] : [written]),
      ...rest,
    ];
  };
  return {
    ...document,
    alike: {},
    value: { ...value, clusters: filled('clusters', 'cluster'), users: filled('users', 'user') },
    lineOf: (steps) => lineOf(back(steps)),
  };
}

/** Places of a list, that of the named item first. */
function order(list: readonly unknown[], name: string | undefined): number[] {
  const all = list.map((_, index) => index);
  const current = all.find((index) => textAt(list[index], 'name') === name) ?? 0;
  return [...all.filter((index) => index === current), ...all.filter((index) => index !== current)];
}

function withData(
  fields: Readonly<Record<string, unknown>>,
  path: string,
  read: (path: string) => Buffer | undefined,
): Readonly<Record<string, unknown>> {
  const added = fileFields.flatMap((field) => {
    const named = textAt(fields, field);
    const content = named === undefined ? undefined : read(posix.resolve(posix.dirname(path), named));
    return content === undefined || textAt(fields, `${field}-data`) !== undefined
      ? []
      : [[`${field}-data`, content.toString('base64')] as const];
  });
  return { ...fields, ...Object.fromEntries(added) };
}
