/** Admission plugins: kube-apiserver does not start when it is told of one that it does not have. */
import { isAccepted, knownAdmissionPlugins } from '../catalog/flags/flags.ts';
import { newestCompleteMinor } from '../catalog/releases.ts';
import { quote } from '../diagnostics/visible.ts';
import { nearest } from '../lib/edit-distance.ts';
import { compareMinors } from '../lib/version.ts';
import type { Flaw } from './flaw.ts';

/** What is wrong with a list of plugins in --enable-admission-plugins or --disable-admission-plugins. */
export function admissionFlaws(flag: string, value: string, minor: string): Flaw[] {
  const names = value === '' ? [] : value.split(',');
  return names.flatMap((name) => pluginFlaw(flag, name, minor) ?? []);
}

function pluginFlaw(flag: string, name: string, minor: string): Flaw | undefined {
  const plugin = Object.hasOwn(knownAdmissionPlugins, name) ? knownAdmissionPlugins[name] : undefined;
  if (plugin === undefined) return unknownPlugin(flag, name, minor);
  if (isAccepted(plugin, minor)) return undefined;
  const isGone = plugin.removed !== undefined && compareMinors(minor, plugin.removed) >= 0;
  const when = isGone ? `${plugin.removed} removed it` : `it came with ${plugin.since}`;
  return {
    code: 'version-mismatch',
    message: `kube-apiserver ${minor} has no admission plugin ${name}; ${when}, and with it in --${flag} kube-apiserver does not start`,
    fix: `take ${name} out of the list`,
  };
}

function unknownPlugin(flag: string, name: string, minor: string): Flaw {
  const known = Object.entries(knownAdmissionPlugins);
  const near = nearest(
    name,
    known.filter(([, plugin]) => isAccepted(plugin, minor)).map(([one]) => one),
  );
  return {
    code: 'unknown-value',
    // The newest release may have plugins that the table does not know.
    severity: compareMinors(minor, newestCompleteMinor) > 0 ? 'warning' : 'error',
    message: `kube-apiserver has no admission plugin ${quote(name)}; with it in --${flag} kube-apiserver does not start`,
    fix: near === undefined ? 'take it out of the list' : `write "${near}"`,
  };
}
