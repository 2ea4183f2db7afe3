/** What an upgrade brings: plain values that text and JSON are made of. */

/** What has to be done about it. */
export const itemKinds = ['blocks', 'check', 'changes'] as const;

/**
 * `blocks`: the inventory or the hosts must be changed first. `check`: a person must look.
 * `changes`: hardway does it by itself.
 */
export type ItemKind = (typeof itemKinds)[number];

/** Where in the inventory: lines and columns count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly path: readonly (string | number)[];
}

export interface UpgradeItem {
  readonly kind: ItemKind;
  /** What it is about: `etcd`, `flags`, `APIs`. */
  readonly subject: string;
  readonly message: string;
  /** A list that belongs to the message, a line each. */
  readonly details?: readonly string[];
  readonly fix?: string;
  /** The lines of the inventory that it is about, if any. */
  readonly places?: readonly Place[];
  /** Where the fact is written down, for those that no table of flags or images holds. */
  readonly source?: string;
}

/** The versions that may run beside API servers while a step is under way. */
export interface Skew {
  /** Of kubelet and kube-proxy. */
  readonly oldestNode: string;
  readonly oldestController: string;
  readonly newestKubectl: string;
  readonly proxyFollowsKubelet: boolean;
}

/** One minor, or from patch to patch of the same one. */
export interface UpgradeStep {
  readonly from: string;
  readonly to: string;
  readonly items: readonly UpgradeItem[];
  readonly skew: Skew;
}

export interface Upgrade {
  readonly from: string;
  readonly to: string;
  readonly steps: readonly UpgradeStep[];
  /** What is done in each step, in this order. */
  readonly rollout: readonly string[];
}

/** How many items of each kind there are. */
export function totalsOf(steps: readonly UpgradeStep[]): Readonly<Record<ItemKind, number>> {
  const items = steps.flatMap((step) => step.items);
  const count = (kind: ItemKind) => items.filter((item) => item.kind === kind).length;
  return { blocks: count('blocks'), check: count('check'), changes: count('changes') };
}
