/** Flags and fields of existing hosts that a render would not have: what `components` of an inventory is for. */
import { programs } from '../catalog/daemons.ts';
import { type ConfigurableKey, flagsOf } from '../catalog/flags/flags.ts';
import { indispensableFlags, ownedFields, ownedFlags } from '../catalog/flags/owned.ts';
import { fieldFlaws } from '../lint/fields.ts';
import { flagFlaws } from '../lint/flags.ts';
import { type ComponentKey, componentKeys } from '../model/cluster.ts';
import { isRecord, type Steps, valueAt } from '../verify/read-yaml.ts';
import { etcdVariableName, type HostView } from '../verify/view.ts';
import { secretIn } from './draft.ts';
import type { Place } from './stated.ts';

export interface Difference {
  /** Undefined: of etcd. */
  readonly component: ComponentKey | undefined;
  readonly kind: 'args' | 'config' | 'env';
  /** The flag, or the path of the field. */
  readonly steps: readonly string[];
  readonly value: unknown;
  readonly place: Place;
}

/** What is on a host and does not get into the inventory, and why. */
export interface LeftOut {
  readonly what: string;
  readonly why: string;
  readonly place: Place;
}

export interface Differences {
  readonly taken: readonly Difference[];
  readonly leftOut: readonly LeftOut[];
}

/** Flags that another key of the inventory stands for, beside those that the catalog says are owned. */
const toldElsewhere: ReadonlySet<string> = new Set([
  'v',
  'logtostderr',
  'insecure-port',
  'port',
  'allow-privileged',
  'network-plugin',
  'address',
]);

/** Fields that are not for a kubelet which hardway starts. */
const foreignFields: Readonly<Record<string, string>> = {
  staticPodPath: 'static pods of the old control plane would run beside the new one',
};

/** What differs on a host from what a render of the inventory would put there. */
export function differencesOn(old: HostView, rendered: HostView, minor: string): Differences {
  const found = componentKeys.map((key) => {
    const both = [flagDifferences(key, old, rendered, minor), ...fieldDifferences(key, old, rendered, minor)];
    return both;
  });
  const all = [...found.flat(), etcdDifferences(old, rendered)];
  return { taken: all.flatMap(({ taken }) => taken), leftOut: all.flatMap(({ leftOut }) => leftOut) };
}

function flagDifferences(key: ComponentKey, old: HostView, rendered: HostView, minor: string): Differences {
  const taken: Difference[] = [];
  const leftOut: LeftOut[] = [];
  const [theirs, ours] = [old.command(key), rendered.command(key)];
  const names = new Set(ours === undefined ? [] : (theirs?.flags ?? []).map(({ name }) => name));
  for (const name of names) {
    const flag = theirs?.flag(name);
    if (flag === undefined || flag.value === ours?.flag(name)?.value || toldElsewhere.has(name)) continue;
    if (ownedFlags[key].some((row) => row.name.test(name))) continue;
    const place = { host: old.name, file: flag.file, line: flag.line };
    const what = `--${name} of ${programs[key]}`;
    const why = objection(key, name, flag.value, minor, rendered);
    if (why === undefined)
      taken.push({ component: key, kind: 'args', steps: [name], value: flag.value, place });
    else leftOut.push({ what, why, place });
  }
  return { taken, leftOut };
}

function objection(
  key: ComponentKey,
  name: string,
  value: string,
  minor: string,
  rendered: HostView,
): string | undefined {
  const secret = secretIn(value);
  if (secret !== undefined) return secret;
  if (!Object.hasOwn(flagsOf(key), name)) return 'no version has such a flag';
  const flaw = flagFlaws(key, name, value, minor).find(({ severity }) => severity !== 'warning');
  if (flaw !== undefined) return flaw.message;
  if (indispensableFlags[key]?.includes(name) === true) return 'hardway sets it, and more strictly';
  if (value.startsWith('/') && rendered.file(value) === undefined && !value.startsWith('/var/'))
    return `${value} is a file of this cluster that no bundle has`;
  return undefined;
}

/** Settings of etcd that are a matter of taste: all others follow from the cluster. */
const etcdTuning =
  /^(?:auto-compaction-(?:mode|retention)|quota-backend-bytes|max-request-bytes|heartbeat-interval|election-timeout|snapshot-count|max-snapshots|max-wals|listen-metrics-urls)$/;

function etcdDifferences(old: HostView, rendered: HostView): Differences {
  const names = [...new Set(old.etcd.map(({ name }) => name))].map((name) =>
    name.slice('ETCD_'.length).toLowerCase().replaceAll('_', '-'),
  );
  const taken: Difference[] = [];
  const leftOut: LeftOut[] = [];
  for (const name of names) {
    const flag = old.etcdFlag(name);
    if (flag === undefined || !etcdTuning.test(name) || flag.value === rendered.etcdFlag(name)?.value)
      continue;
    const { value } = flag;
    const place = { host: old.name, file: flag.file, line: flag.line };
    const why = secretIn(value);
    if (why === undefined)
      taken.push({ component: undefined, kind: 'env', steps: [etcdVariableName(name)], value, place });
    else leftOut.push({ what: `--${name} of etcd`, why, place });
  }
  return { taken, leftOut };
}

const configKinds: readonly (readonly [key: ConfigurableKey, kind: string])[] = [
  ['kubelet', 'KubeletConfiguration'],
  ['proxy', 'KubeProxyConfiguration'],
];

function fieldDifferences(
  component: ComponentKey,
  old: HostView,
  rendered: HostView,
  minor: string,
): Differences[] {
  return configKinds.flatMap(([key, kind]) => {
    const theirs = old.ofKind(kind)[0];
    const ours = rendered.ofKind(kind)[0];
    if (key !== component || theirs === undefined || ours === undefined) return [];
    const taken: Difference[] = [];
    const leftOut: LeftOut[] = [];
    for (const { steps, value } of leavesOf(theirs.document.value)) {
      const path = steps.join('.');
      const own = valueAt(ours.document.value, ...steps);
      if (['apiVersion', 'kind'].includes(path) || isSame(value, own) || isNothing(value)) continue;
      if (ownedFields[key].some((row) => row.name.test(path) && row.isMap !== true)) continue;
      const place = { host: old.name, file: theirs.path, line: theirs.document.lineOf(steps) };
      const [top = ''] = steps;
      const flaw = fieldFlaws(key, top, nested(steps.slice(1), value), minor).find(
        ({ severity }) => severity !== 'warning',
      );
      const why = foreignFields[path] ?? secretIn(value) ?? flaw?.message;
      if (why !== undefined) leftOut.push({ what: `${path} of ${kind}`, why, place });
      else taken.push({ component: key, kind: 'config', steps, value, place });
    }
    return [{ taken, leftOut }];
  });
}

/** Everything below maps that is no map itself; lists are one value. */
function* leavesOf(
  value: unknown,
  steps: readonly string[] = [],
): Iterable<{ steps: readonly string[]; value: unknown }> {
  if (!isRecord(value)) yield { steps, value };
  else for (const [name, item] of Object.entries(value)) yield* leavesOf(item, [...steps, name]);
}

function nested(steps: Steps, value: unknown): unknown {
  return steps.reduceRight<unknown>((below, step) => ({ [step]: below }), value);
}

function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** What kubeadm writes for fields that nobody has set. */
function isNothing(value: unknown): boolean {
  return value === null || value === '' || value === '0s' || (Array.isArray(value) && value.length === 0);
}
