/** Command lines and etcd's variables: known to the version, set once, nothing deprecated that has a successor. */
import { componentOf } from '../../catalog/components.ts';
import { programs } from '../../catalog/daemons.ts';
import { etcdEnv } from '../../catalog/paths.ts';
import { remembered, rememberedByObject } from '../../lib/remember.ts';
import { etcdFlaws } from '../../lint/etcd.ts';
import { flagFlaws, hasBetterFlag } from '../../lint/flags.ts';
import type { Flaw } from '../../lint/flaw.ts';
import type { ComponentKey } from '../../model/cluster.ts';
import type { ClusterFacts } from '../bundle.ts';
import type { ClusterView, Found } from '../view.ts';

/** Flags exist in the version, have values that it accepts, and stand once. */
export function* flagsAreKnown({ facts, hosts }: ClusterView): Iterable<Found> {
  const flawsOf = flawReader(facts);
  for (const host of hosts) {
    for (const { component, flags, unset } of host.commands) {
      for (const { name, file, line } of unset)
        yield {
          host: host.name,
          file,
          line,
          message: `the command line of ${programs[component]} uses $${name}, which no environment file of the unit sets`,
          fix: 'render again; unit and environment file are of different versions',
        };
      const firstLines = new Map<string, number>();
      for (const { name, value, file, line } of flags) {
        const at = { host: host.name, file, line };
        if ((firstLines.get(name) ?? line) !== line)
          yield {
            ...at,
            message: `${programs[component]} is given --${name} twice`,
            fix: 'keep one of the two',
          };
        else firstLines.set(name, line);
        for (const flaw of flawsOf(component, name, value)) {
          if (flaw.code === 'flag-deprecated') continue;
          const { message, fix = '', severity = 'error' } = flaw;
          yield { ...at, severity, message, fix };
        }
      }
    }
  }
}

/** The flaws of flags in a version; most hosts have most flags alike. */
const flawReader = rememberedByObject(({ kubernetesMinor }: ClusterFacts) => {
  const known = new Map<string, readonly Flaw[]>();
  return (component: ComponentKey, name: string, value: string): readonly Flaw[] => {
    const key = `${component} ${name}=${value}`;
    const flaws = known.get(key) ?? [...flagFlaws(component, name, value, kubernetesMinor)];
    known.set(key, flaws);
    return flaws;
  };
});

/** No flag is used that the version calls deprecated although it has something better. */
export function* flagsAreCurrent({ facts, hosts }: ClusterView): Iterable<Found> {
  const isOutdated = outdatedReader(facts);
  for (const host of hosts) {
    for (const { component, flags } of host.commands) {
      for (const { name, value, file, line } of flags) {
        if (!isOutdated(component)(name)) continue;
        const [flaw] = flagFlaws(component, name, value, facts.kubernetesMinor);
        const { message = '', fix = '' } = flaw ?? {};
        yield { severity: 'warning', host: host.name, file, line, message, fix };
      }
    }
  }
}

const outdatedReader = rememberedByObject(({ kubernetesMinor }: ClusterFacts) =>
  remembered((component: ComponentKey) =>
    remembered((name: string) => hasBetterFlag(component, name, kubernetesMinor) && !isKept(component, name)),
  ),
);

function isKept(component: Parameters<typeof componentOf>[0], name: string): boolean {
  return componentOf(component).flags.some((row) => row.flag === name && row.staysDeprecated !== undefined);
}

/** etcd knows its variables, can read their values, and finds each once. */
export function* etcdVariablesAreKnown({ facts, hosts }: ClusterView): Iterable<Found> {
  for (const host of hosts) {
    for (const { name, value, line } of host.etcd) {
      const at = { host: host.name, file: etcdEnv, line };
      if (host.etcd.find((other) => other.name === name)?.line !== line)
        yield { ...at, message: `${name} is set twice`, fix: 'keep one of the two' };
      for (const flaw of etcdFlaws(name, value, facts.etcdMinor)) {
        if (flaw.code === 'flag-deprecated') continue;
        const { message, fix = '', severity = 'error' } = flaw;
        yield { ...at, severity, message, fix };
      }
    }
  }
}
