/** Flags of the Kubernetes components: do they exist in a minor, and can they have this value. */
import { programs } from '../catalog/daemons.ts';
import { flagChoices, flagForms } from '../catalog/flags/choices.ts';
import {
  flagNamesOf,
  flagsOf,
  isAccepted,
  isDeprecated,
  type Option,
  replacementOf,
} from '../catalog/flags/flags.ts';
import { quote } from '../diagnostics/visible.ts';
import { nearest } from '../lib/edit-distance.ts';
import { type ComponentKey, componentKeys } from '../model/cluster.ts';
import { admissionFlaws } from './admission.ts';
import type { Flaw } from './flaw.ts';
import { availability, deprecation, hasSuccessor, replacementFix } from './lifetime.ts';
import { choiceFlaw, shapeFlaw } from './values.ts';

/** What is wrong with the name of a flag, whatever the version. */
export function flagNameFlaw(key: ComponentKey, name: string, minor: string | undefined): Flaw | undefined {
  const flags = flagsOf(key);
  if (Object.hasOwn(flags, name)) return undefined;
  const bare = name.replace(/^-+/, '');
  if (bare !== name && Object.hasOwn(flags, bare)) {
    return {
      code: 'unknown-flag',
      atKey: true,
      message: `flags stand without dashes here, found ${quote(name)}`,
      fix: `write "${bare}"`,
    };
  }
  const near = nearest(bare, flagNamesOf(key, minor));
  const elsewhere = componentKeys.find((other) => other !== key && Object.hasOwn(flagsOf(other), name));
  const hint =
    elsewhere === undefined ? 'delete it' : `delete it; ${programs[elsewhere]} has a flag of this name`;
  return {
    code: 'unknown-flag',
    atKey: true,
    message: `${programs[key]} has no flag ${quote(name)}`,
    fix: near === undefined ? hint : `write "${near}"`,
  };
}

/** What is wrong with a flag in a minor; `value` is undefined where the flag is only removed. */
export function flagFlaws(key: ComponentKey, name: string, value: string | undefined, minor: string): Flaw[] {
  const unknown = flagNameFlaw(key, name, minor);
  if (unknown !== undefined) return [unknown];
  const lifetime = flagsOf(key)[name] as Option;
  const fix = flagFix(key, name, minor);
  const subject = { name: `--${name}`, owner: programs[key], lifetime, minor, fix };
  const absent = availability(subject);
  if (absent !== undefined) return [absent];
  const wrong = value === undefined ? [] : valueFlaws(key, name, value, minor);
  if (wrong.length > 0) return wrong;
  const deprecated = deprecation(subject);
  return deprecated === undefined ? [] : [deprecated];
}

/** Whether a minor calls a flag deprecated although it has something better. */
export function hasBetterFlag(key: ComponentKey, name: string, minor: string): boolean {
  const option = Object.hasOwn(flagsOf(key), name) ? flagsOf(key)[name] : undefined;
  if (option === undefined || !isAccepted(option, minor) || !isDeprecated(option, minor)) return false;
  const replacement = replacementOf(key, name);
  const successor = replacement?.flag === undefined ? undefined : flagsOf(key)[replacement.flag];
  return hasSuccessor(replacement, successor, minor);
}

/** What to do instead of a flag that a minor deprecates or no longer has; undefined where no source says. */
export function flagFix(key: ComponentKey, name: string, minor: string): string | undefined {
  return replacementFix(usableReplacement(key, name, minor), (flag) => `--${flag}`);
}

/** The replacement of a flag, unless it is a flag that this minor does not have yet. */
function usableReplacement(key: ComponentKey, name: string, minor: string) {
  const replacement = replacementOf(key, name);
  const successor = replacement?.flag === undefined ? undefined : flagsOf(key)[replacement.flag];
  return successor === undefined || isAccepted(successor, minor) ? replacement : undefined;
}

function valueFlaws(key: ComponentKey, name: string, value: string, minor: string): Flaw[] {
  if (key === 'apiserver' && /^(?:en|dis)able-admission-plugins$/.test(name))
    return admissionFlaws(name, value, minor);
  const forms = flagForms[key];
  const type = Object.hasOwn(forms, name) ? forms[name] : flagsOf(key)[name]?.type;
  const shape = type === undefined ? undefined : shapeFlaw(`--${name}`, type, value);
  if (shape !== undefined) return [shape];
  const row = Object.hasOwn(flagChoices[key], name) ? flagChoices[key][name] : undefined;
  if (row === undefined) return [];
  const found = row.isList === true ? value.split(',') : [value];
  return found.flatMap((word) => choiceFlaw(`--${name}`, row.choices, word, minor) ?? []);
}
