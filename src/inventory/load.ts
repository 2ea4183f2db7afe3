/** An inventory from its text: parse, decode, check, normalize. Never throws for what is in the text. */
import type { Diagnostic, Source } from '../diagnostics/diagnostic.ts';
import { sortDiagnostics } from '../diagnostics/format.ts';
import type { Cluster } from '../model/cluster.ts';
import { decodeInventory } from './decode.ts';
import { factsOf } from './facts.ts';
import { locator } from './locate.ts';
import { normalizeInventory } from './normalize.ts';
import { parseInventory } from './parse.ts';
import type { Problem } from './problem.ts';
import { checkRules, type RuleContext } from './rules.ts';

export interface Loaded {
  /** What the diagnostics point into. */
  readonly source: Source;
  /** In the order of the source. */
  readonly diagnostics: readonly Diagnostic[];
  /** Undefined when a diagnostic is an error. */
  readonly cluster: Cluster | undefined;
  /** Gives problems that are found later their place in the source. */
  readonly locate: (problem: Problem) => Diagnostic;
}

/** The same inventory at another Kubernetes version. */
export interface LoadedAt {
  /** In the order of the source. */
  readonly diagnostics: readonly Diagnostic[];
  /** What it means there, whether or not a diagnostic is an error. */
  readonly cluster: Cluster;
  /** What rules see of it. */
  readonly context: RuleContext;
  readonly locate: (problem: Problem) => Diagnostic;
}

/**
 * An inventory without errors, to be looked at as if its version were another one: nothing
 * else changes, so that every rule tells by itself what the other version does not take.
 */
export function inventoryAt(
  input: string | Uint8Array,
  file: string,
): { readonly source: Source; readonly at: (version: string) => LoadedAt } {
  const { text, document, diagnostics: syntax } = parseInventory(input);
  if (document === undefined) throw new Error(`the inventory has errors: ${syntax[0]?.message}`);
  const { inventory: written, diagnostics: shape } = decodeInventory(text, document);
  const locate = locator(document);
  const at = (version: string): LoadedAt => {
    const inventory = { ...written, kubernetes: { ...written.kubernetes, version } };
    const facts = factsOf(inventory, shape);
    const context = { inventory, facts };
    const meaning = checkRules(context).map(locate);
    return {
      context,
      locate,
      diagnostics: sortDiagnostics([...shape, ...meaning]),
      cluster: normalizeInventory(inventory, facts),
    };
  };
  return { source: { file, text }, at };
}

/** What an inventory means and everything that is wrong with it; `-` as the file is standard input. */
export function loadInventory(input: string | Uint8Array, file: string): Loaded {
  const { text, document, diagnostics: syntax } = parseInventory(input);
  const source = { file: file === '-' ? '<stdin>' : file, text };
  if (document === undefined) {
    const locate = () => {
      throw new Error('a text that is no document has no places');
    };
    return { source, diagnostics: syntax, cluster: undefined, locate };
  }

  const { inventory, diagnostics: shape } = decodeInventory(text, document);
  const facts = factsOf(inventory, shape);
  const locate = locator(document);
  const meaning = checkRules({ inventory, facts }).map(locate);
  const diagnostics = sortDiagnostics([...shape, ...meaning]);
  const hasErrors = diagnostics.some(({ severity }) => severity === 'error');
  const cluster = hasErrors ? undefined : normalizeInventory(inventory, facts);
  return { source, diagnostics, cluster, locate };
}
