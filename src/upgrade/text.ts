/** An upgrade as text for a terminal. */
import { escapeControls, maskSecrets } from '../diagnostics/visible.ts';
import {
  type ItemKind,
  itemKinds,
  totalsOf,
  type Upgrade,
  type UpgradeItem,
  type UpgradeStep,
} from './item.ts';
import { namesShort } from './names.ts';

export interface TextOptions {
  /** The inventory as the user named it. */
  readonly file: string;
  /** Only what blocks. */
  readonly quiet: boolean;
}

const width = 100;
const labelWidth = 10;

/** One paragraph for each step, then the order of the roll-out; ends with a line break unless empty. */
export function upgradeText(upgrade: Upgrade, { file, quiet }: TextOptions): string {
  const kinds: readonly ItemKind[] = quiet ? ['blocks'] : itemKinds;
  const steps = upgrade.steps
    .map((step) => stepLines(step, kinds, file, quiet))
    .filter(({ length }) => length > 0);
  if (quiet) return steps.flat().map(line).join('');
  return [[headline(upgrade)], ...steps, rolloutLines(upgrade)]
    .map((paragraph) => paragraph.map(line).join(''))
    .join('\n');
}

function line(text: string): string {
  return `${escapeControls(text)}\n`;
}

function headline({ from, to, steps }: Upgrade): string {
  const { blocks, check, changes } = totalsOf(steps);
  const way = steps.length === 1 ? '' : `, in ${steps.length} steps`;
  return `Kubernetes ${from} -> ${to}${way}: ${blocks} to do first (blocks), ${check} to look at (check), ${changes} done by hardway (changes)`;
}

function stepLines(step: UpgradeStep, kinds: readonly ItemKind[], file: string, quiet: boolean): string[] {
  const items = step.items.filter(({ kind }) => kinds.includes(kind));
  if (quiet && items.length === 0) return [];
  const title = `${step.from} -> ${step.to}`;
  const none = step.items.length === 0 ? wrapped('', 'nothing but the binaries changes') : [];
  return [
    title,
    ...items.flatMap((item) => itemLines(item, file)),
    ...none,
    ...(quiet ? [] : skewLines(step)),
  ];
}

function itemLines({ kind, subject, message, details, fix, places }: UpgradeItem, file: string): string[] {
  const where = (places ?? []).map(({ line: row, column }) => `${file}:${row}:${column}`);
  const text = `${subject}: ${maskSecrets(message)}`;
  return [
    ...wrapped(kind, where.length === 0 ? text : `${namesShort(where)}: ${maskSecrets(message)}`),
    ...(details ?? []).flatMap((detail) => wrapped('', `- ${maskSecrets(detail)}`)),
    ...(fix === undefined ? [] : wrapped('', `fix: ${maskSecrets(fix)}`)),
  ];
}

function skewLines({ to, skew }: UpgradeStep): string[] {
  const minor = to.split('.').slice(0, 2).join('.');
  const proxy = skew.proxyFollowsKubelet ? ' (kube-proxy as its kubelet)' : '';
  return wrapped(
    'skew',
    `beside API servers of ${minor}: kubelet and kube-proxy ${skew.oldestNode} to ${minor}${proxy}, kube-controller-manager and kube-scheduler ${skew.oldestController} to ${minor}, kubectl ${skew.oldestController} to ${skew.newestKubectl}`,
  );
}

function rolloutLines({ rollout }: Upgrade): string[] {
  return [
    'In every step, in this order',
    ...rollout.flatMap((text, index) => wrapped(`${index + 1}.`, text)),
  ];
}

/** A label, then text in lines of a readable width below one another. */
function wrapped(label: string, text: string): string[] {
  const room = width - labelWidth - 2;
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((one, index) => `  ${(index === 0 ? label : '').padEnd(labelWidth)}${one}`);
}
