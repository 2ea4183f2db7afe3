/** An inventory in the making: values with where they were read, and what could not be told. */

import { Document, isMap, isNode, isScalar, type YAMLMap } from 'yaml';
import { maskUrls } from '../diagnostics/visible.ts';

/** What stands for a value that nobody could tell; no key of an inventory accepts it. */
export const unknownMark = '?';

export interface Entry {
  readonly path: readonly (string | number)[];
  /** Text, number, boolean, list, or `unknownMark`. */
  readonly value: unknown;
  /** What the comment beside it says. */
  readonly comment: string;
  /** What the value is taken for while everything else is worked out; for marks only. */
  readonly meanwhile?: unknown;
}

const credentialsReason = 'a user and a password stand in its URL, which import does not show';

/** Why a value is not written down; undefined where it may be. */
export function secretIn(value: unknown): string | undefined {
  const text = JSON.stringify(value) ?? '';
  return maskUrls(text) === text ? undefined : credentialsReason;
}

/** The entry without users and passwords of URLs: a value that has them is left open. */
export function withoutCredentials(entry: Entry): Entry {
  const comment = maskUrls(entry.comment);
  const reason = secretIn(entry.value) ?? secretIn(entry.meanwhile);
  if (reason === undefined) return { ...entry, comment };
  const { path, value, meanwhile = value } = entry;
  return { path, value: unknownMark, comment: `${comment}: ${reason}`, meanwhile: bare(meanwhile) };
}

function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  return typeof value === 'string' ? value.replace(/:\/\/.*@/, '://') : value;
}

/** The text of an inventory, in the order in which paths are first named. */
export function inventoryText(entries: readonly Entry[], heading: readonly string[]): string {
  const document = new Document({ apiVersion: 'hardway/v1' });
  for (const { path, value, comment } of entries) {
    document.setIn(path, document.createNode(value, { flow: true }));
    const node = document.getIn(path, true);
    if (isNode(node) && comment !== '') node.comment = ` ${comment}`;
    if (isScalar(node) && needsQuotes(value)) node.type = 'QUOTE_DOUBLE';
  }
  unflow(document);
  document.commentBefore = heading.map((line) => (line === '' ? '' : ` ${line}`)).join('\n');
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** Texts that YAML or the inventory would read as something else. */
function needsQuotes(value: unknown): boolean {
  return typeof value === 'string' && (value === unknownMark || /^\d+\.\d+$/.test(value));
}

/** Maps stand as blocks; lists of words on one line. */
function unflow(document: Document): void {
  const visit = (node: unknown): void => {
    if (!isMap(node)) return;
    (node as YAMLMap).flow = false;
    for (const { value } of node.items) visit(value);
  };
  visit(document.contents);
  const hosts = document.get('hosts', true);
  if (hosts !== null && typeof hosts === 'object' && 'items' in hosts) {
    (hosts as { flow?: boolean }).flow = false;
    for (const item of (hosts as { items: unknown[] }).items) visit(item);
  }
}

/** The plain value of entries, with what marks are taken for: to work with, never to print. */
export function provisional(entries: readonly Entry[]): string {
  return inventoryText(
    entries.flatMap((entry) => {
      if (entry.value !== unknownMark) return [entry];
      return entry.meanwhile === undefined ? [] : [{ ...entry, value: entry.meanwhile }];
    }),
    [],
  );
}
