/** Default flags against the tables of what each binary accepts, and against the real binaries. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { type ComponentRow, components, sharedVariables } from '../../src/catalog/components.ts';
import { flagsOf, isAccepted, isDeprecated } from '../../src/catalog/flags/flags.ts';
import { ownedFlags } from '../../src/catalog/flags/owned.ts';
import { releases } from '../../src/catalog/releases.ts';
import { factsOf } from '../../src/plan/facts.ts';
import { componentVariables, flagRowsOf, sharedDefaults } from '../../src/plan/flags.ts';
import { clustersAt, manyPlans, plansOf } from '../support/clusters.ts';
import { canRun, kubeBinaries } from '../support/requirements.ts';

const byName = components.map((row) => [row.name, row] as const);
const minors = releases.map((row) => row.minor);

describe.each(byName)('%s', (_, component) => {
  test('sets each flag once', () => {
    const flags = component.flags.map((row) => row.flag);
    expect(flags.length).toBeGreaterThan(0);
    expect(new Set(flags).size).toBe(flags.length);
  });

  test('puts flags into variables of its own unit', () => {
    const used = component.flags.map((row) => row.variable ?? component.argsVariable);
    expect([...component.variables].sort()).toEqual([...new Set(used)].sort());
  });

  test.each(minors)('its flags exist in %s, and are deprecated for a stated reason only', (minor) => {
    const options = flagsOf(component.key);
    const rows = flagRowsOf(component, minor);
    expect(rows.length).toBeGreaterThan(2);
    for (const { flag, staysDeprecated } of rows) {
      const option = Object.hasOwn(options, flag) ? options[flag] : undefined;
      if (option === undefined) throw new Error(`no such flag: ${flag}`);
      expect(isAccepted(option, minor), flag).toBe(true);
      if (isDeprecated(option, minor)) expect(staysDeprecated, flag).toMatch(/\w/);
    }
  });

  /** A flag that ends without anybody noticing could be one that keeps a door shut. */
  test('its flags that do not last from the oldest to the newest version are known ones', () => {
    const [oldest = ''] = minors;
    const lifetimes = component.flags.flatMap(({ flag }) => {
      const present = minors.filter((minor) => flagRowsOf(component, minor).some((row) => row.flag === flag));
      if (present.length === minors.length) return [];
      const until = minors[minors.indexOf(present.at(-1) ?? '') + 1];
      const from = present[0] === oldest ? '' : `from ${present[0]}`;
      return [`${flag} ${from}${until === undefined ? '' : `below ${until}`}`];
    });
    expect(lifetimes.sort()).toEqual([...(temporary[component.key] ?? [])].sort());
  });

  test('owned flags are flags of its binary', () => {
    const flags = Object.keys(flagsOf(component.key));
    for (const { name } of ownedFlags[component.key])
      expect(
        flags.some((flag) => name.test(flag)),
        String(name),
      ).toBe(true);
  });
});

/** Logs go to standard error by default from 1.23 on. */
const logs = 'logtostderr below 1.23';
const temporary: Readonly<Record<string, readonly string[]>> = {
  // 1.31 closes /logs by itself.
  apiserver: [logs, 'authentication-config from 1.29', 'enable-logs-handler below 1.31'],
  controllerManager: [logs, 'port below 1.23'],
  scheduler: [logs, 'port below 1.23'],
  kubelet: [
    logs,
    // remote is the default, and the only value, from 1.24 on.
    'container-runtime below 1.24',
    'network-plugin below 1.24',
    'pod-infra-container-image below 1.35',
  ],
  proxy: [logs],
};

const knownDeprecated: Readonly<Record<string, readonly string[]>> = {
  controllerManager: ['port'],
  // The scheduler wants them in a file of its own; its flags go on working in every minor known.
  scheduler: ['port', 'kubeconfig', 'profiling'],
};

/** Words of a component's whole command line on a host. */
function commandLine(component: ComponentRow, plan: (typeof manyPlans)[number][1]): string[] {
  const facts = factsOf(plan.cluster, plan.host);
  const { own, overrides } = componentVariables(component, facts, plan.host.components[component.key]);
  const variables = { ...sharedDefaults([component], facts), ...overrides, ...own };
  return component.variables.flatMap((variable) => variables[variable] ?? []);
}

test('shared variables have the same words whichever component they come from', () => {
  for (const [title, plan] of manyPlans) {
    const facts = factsOf(plan.cluster, plan.host);
    for (const variable of sharedVariables) {
      const users = components.filter((component) => component.variables.includes(variable));
      const words = users.map((component) => sharedDefaults([component], facts)[variable]);
      expect(new Set(words.map(String)).size, `${title} ${variable}`).toBe(1);
    }
  }
});

const binaries = kubeBinaries();
const accepts = (name: string, words: readonly string[]) =>
  spawnSync(`${binaries}/${name}`, [...words, '--help'], { encoding: 'utf8' });

/** `--help` at the end makes a binary parse everything before it, and then only print. */
describe.skipIf(!canRun('flags against real binaries', { 'Kubernetes binaries': binaries !== undefined }))(
  'the real v1.20.2 binaries',
  () => {
    test.each(byName)('%s takes the command line of every host', (name, component) => {
      const lines = new Set(
        plansOf(clustersAt('1.20'))
          .filter(([, plan]) => plan.host.roles.includes(component.role))
          .map(([, plan]) => commandLine(component, plan).join('\n')),
      );
      expect(lines.size).toBeGreaterThan(1);
      for (const line of lines) {
        const { status, stderr } = accepts(name, line.split('\n'));
        expect(stderr.split('\n').filter((text) => /unknown flag|invalid argument/.test(text))).toEqual([]);
        expect(status).toBe(0);
      }
    });

    test.each(byName)('%s refuses what it does not know', (name) => {
      expect(accepts(name, ['--no-such-flag=1']).status).not.toBe(0);
      expect(accepts(name, ['--v=much']).status).not.toBe(0);
    });

    test.each(byName)('%s calls the same flags deprecated', (name, component) => {
      const { stdout } = accepts(name, []);
      const deprecated = component.flags
        .map(({ flag }) => flag)
        .filter((flag) => new RegExp(`^ +(-\\w, )?--${flag} .*DEPRECATED`, 'm').test(stdout));
      expect(deprecated.sort()).toEqual([...(knownDeprecated[component.key] ?? [])].sort());
    });
  },
);
