/**
 * Variables of etcd. It passes over those that it does not know with a line in its log, so
 * that a setting is lost; it does not start with a value that it cannot read.
 */
import { etcdChoices } from '../catalog/flags/choices.ts';
import {
  isAccepted,
  knownEtcdFlags,
  type Option,
  type Replacement,
  replacementOf,
} from '../catalog/flags/flags.ts';
import { nearest } from '../lib/edit-distance.ts';
import type { Flaw } from './flaw.ts';
import { availability, deprecation, hasSuccessor, replacementFix } from './lifetime.ts';
import { choiceFlaw, shapeFlaw } from './values.ts';

/** Read by etcd without a flag of its own (etcdmain/etcd.go, checkSupportArch). */
const variablesOnly: readonly string[] = ['ETCD_UNSUPPORTED_ARCH'];

/** `ETCD_` and the flag, as etcd derives it. */
export function etcdVariable(flag: string): string {
  return `ETCD_${flag.toUpperCase().replaceAll('-', '_')}`;
}

/** What is wrong with an `ETCD_` variable in a minor of etcd. */
export function etcdFlaws(variable: string, value: string, minor: string): Flaw[] {
  if (variablesOnly.includes(variable)) return [];
  const flag = variable
    .replace(/^ETCD_/, '')
    .toLowerCase()
    .replaceAll('_', '-');
  const option: Option | undefined = Object.hasOwn(knownEtcdFlags, flag) ? knownEtcdFlags[flag] : undefined;
  if (option === undefined) return [unknownVariable(variable, minor)];
  const fix = replacementFix(successorOf(flag, minor), etcdVariable);
  const subject = { name: variable, owner: 'etcd', lifetime: option, minor, fix };
  const absent = availability(subject);
  if (absent !== undefined)
    return [{ ...absent, severity: 'warning', message: `${absent.message}; the setting would be lost` }];
  const wrong = valueFlaw(variable, flag, option, value, minor);
  if (wrong !== undefined) return [wrong];
  const deprecated = deprecation(subject);
  return deprecated === undefined ? [] : [deprecated];
}

/** What replaces a flag in a minor: by the table, or the same flag without its prefix once it is no experiment. */
function successorOf(flag: string, minor: string): Replacement | undefined {
  const bare = flag.replace(/^experimental-/, '');
  const same = Object.hasOwn(knownEtcdFlags, bare) ? knownEtcdFlags[bare] : undefined;
  if (bare !== flag && same !== undefined) return isAccepted(same, minor) ? { flag: bare } : undefined;
  const listed = replacementOf('etcd', flag);
  const isUsable = listed?.none !== undefined || hasSuccessor(listed, undefined, minor);
  return isUsable ? listed : undefined;
}

function valueFlaw(
  variable: string,
  flag: string,
  { type }: Option,
  value: string,
  minor: string,
): Flaw | undefined {
  const choices = Object.hasOwn(etcdChoices, flag) ? etcdChoices[flag] : undefined;
  if (choices !== undefined) return choiceFlaw(variable, choices, value, minor);
  return shapeFlaw(variable, type === 'bool' ? 'goBool' : type, value);
}

function unknownVariable(variable: string, minor: string): Flaw {
  const known = Object.entries(knownEtcdFlags).filter(([, option]) => isAccepted(option, minor));
  const near = nearest(
    variable,
    known.map(([flag]) => etcdVariable(flag)),
  );
  return {
    code: 'unknown-flag',
    severity: 'warning',
    atKey: true,
    message: `etcd ${minor} does not know ${variable}, and passes over it with a line in its log`,
    fix: near === undefined ? 'delete it' : `write "${near}"`,
  };
}
