/** Units, environment files, ports and configuration files as rendered, against one another and against the tables. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { components, sharedVariables } from '../../src/catalog/components.ts';
import { type ConfigurableKey, configFieldsOf, isAccepted } from '../../src/catalog/flags/flags.ts';
import * as paths from '../../src/catalog/paths.ts';
import { binaries, ports, units } from '../../src/catalog/requirements.ts';
import type { HostPlan } from '../../src/model/plan.ts';
import { flagRowsOf } from '../../src/plan/flags.ts';
import { manyPlans, renderedTexts } from '../support/clusters.ts';
import { canRun, kubeBinaries } from '../support/requirements.ts';

const sharedFile = `${paths.kubernetesDir}/config`;
const rendered = new Map<HostPlan, Promise<ReadonlyMap<string, string>>>();

const configFiles: readonly (readonly [ConfigurableKey, string])[] = [
  ['kubelet', `${paths.kubeletDir}/config.yaml`],
  ['proxy', `${paths.kubeProxyDir}/config.yaml`],
];

/** The text of a file of a host; every host is rendered once. */
async function textOf(plan: HostPlan, path: string): Promise<string> {
  const texts = rendered.get(plan) ?? renderedTexts(plan);
  rendered.set(plan, texts);
  const text = (await texts).get(path);
  if (text === undefined) throw new Error(`${plan.host.name} has no ${path}`);
  return text;
}

/** `NAME=` of an environment file. */
const variablesSet = (text: string) => [...text.matchAll(/^([A-Z_]+)=/gm)].map(([, name = '']) => name);
const execStart = (unit: string) => /^ExecStart=((?:.*\\\n)*.*)$/m.exec(unit)?.[1] ?? '';
/** Those of the bundle: one with a minus is made on the host. */
const environmentFiles = (unit: string) =>
  [...unit.matchAll(/^EnvironmentFile=([^-].*)$/gm)].map(([, path = '']) => path);

describe.each(components.map((row) => [row.name, row] as const))('%s', (name, component) => {
  const plans = manyPlans.filter(([, plan]) => plan.host.roles.includes(component.role));

  test.each(plans)('its variables are set and used, %s', async (_, plan) => {
    const unit = await textOf(plan, `${paths.systemdDir}/${component.unit}`);
    expect(environmentFiles(unit)).toEqual([sharedFile, component.envFile]);
    const used = [...execStart(unit).matchAll(/\$(\w+)/g)].map(([, variable = '']) => variable);
    // A variable goes with the last flag that a version has for it.
    const { minor } = plan.cluster.kubernetes;
    const filled = new Set(
      components.flatMap((row) => flagRowsOf(row, minor).map(({ variable }) => variable)),
    );
    const isThere = (variable: string) => variable === component.argsVariable || filled.has(variable);
    expect(used).toEqual(component.variables.filter(isThere));
    const own = variablesSet(await textOf(plan, component.envFile));
    const shared = variablesSet(await textOf(plan, sharedFile));
    expect([...shared, ...own]).toEqual(expect.arrayContaining(used));
    expect(used).toEqual(expect.arrayContaining(own));
    expect(shared).toEqual(sharedVariables.filter(isThere));
  });

  test('its unit runs its binary, which its role needs', async () => {
    const [, plan] = plans[0] ?? [];
    if (plan === undefined) throw new Error(`no host runs ${name}`);
    const unit = await textOf(plan, `${paths.systemdDir}/${component.unit}`);
    expect(execStart(unit).split(/\s/)[0]).toBe(`/usr/local/bin/${name}`);
    expect(binaries).toContainEqual({
      role: component.role,
      name,
      version: 'kubernetes',
      unit: component.unit,
    });
  });

  test('its unit is enabled with its role', () => {
    expect(units).toContainEqual({ role: component.role, name: component.unit, start: 'enable' });
  });
});

test('every shared variable is used by some component', () => {
  for (const variable of sharedVariables)
    expect(
      components.some((component) => component.variables.includes(variable)),
      variable,
    ).toBe(true);
});

/** A daemon's flags, environment and configuration against the files of its host. */
describe('files that a daemon is told to read', () => {
  const told: readonly (readonly [string, string, readonly string[]])[] = [
    ...components.map(
      ({ unit, role, envFile, name }) =>
        [
          unit,
          role,
          [envFile, ...configFiles.flatMap(([key, path]) => (name.endsWith(key) ? [path] : []))],
        ] as const,
    ),
    ['etcd.service', 'etcd', [paths.etcdEnv]],
  ];

  describe.each(told)('%s', (unit, role, sources) => {
    test.each(manyPlans.filter(([, plan]) => plan.host.roles.some((one) => one === role)))(
      'are there, readable for its user, and restart it, %s',
      async (_, plan) => {
        const texts = await Promise.all(sources.map((path) => textOf(plan, path)));
        const named = [
          ...new Set(
            texts.flatMap(
              (text) => text.match(/\/(?:etc|var)\/[\w./-]+\.(?:crt|key|pub|conf|csv|yaml)\b/g) ?? [],
            ),
          ),
        ];
        expect(named.length).toBeGreaterThan(0);
        const user = /^User=(.*)$/m.exec(await textOf(plan, `${paths.systemdDir}/${unit}`))?.[1] ?? 'root';
        for (const path of named.filter((one) => !plan.generated.includes(one))) {
          const file = plan.files.find((one) => one.path === path);
          expect(file, path).toBeDefined();
          expect(file?.services, path).toContain(unit);
          const isReadable = user === 'root' || file?.owner === user || ((file?.mode ?? 0) & 0o004) !== 0;
          expect(isReadable, `${user} reads ${path}`).toBe(true);
        }
        for (const path of sources)
          expect(plan.files.find((file) => file.path === path)?.services, path).toContain(unit);
      },
    );
  });
});

const workers = manyPlans.filter(([, plan]) => plan.host.roles.includes('worker'));

describe.each(configFiles)('the configuration file of %s', (key, path) => {
  test.each(workers)('has fields that its Kubernetes version knows, %s', async (_, plan) => {
    const fields = Object.keys(parse(await textOf(plan, path))).filter(
      (field) => !['apiVersion', 'kind'].includes(field),
    );
    expect(fields.length).toBeGreaterThan(8);
    for (const field of fields) {
      const option = configFieldsOf(key)[field];
      expect(option !== undefined && isAccepted(option, plan.cluster.kubernetes.minor), field).toBe(true);
    }
  });
});

/** Ports that install.sh checks are those that the daemons are told to listen on. */
describe('ports', () => {
  const portsOf = (unit: string) => ports.filter((row) => row.unit === unit).map((row) => row.port);
  const flagPort = (text: string, flag: string) => Number(new RegExp(`--${flag}=(\\d+)`).exec(text)?.[1]);
  const lastPort = (text: string) => Number(/:(\d+)$/.exec(text)?.[1]);

  test('each stands once for a role, with a unit that its role runs', () => {
    expect(new Set(ports.map((row) => `${row.role} ${row.port}`)).size).toBe(ports.length);
    for (const { role, unit } of ports)
      expect(
        units.some((row) => row.role === role && row.name === unit),
        unit,
      ).toBe(true);
  });

  test.each(manyPlans)('%s', async (_, plan) => {
    const has = (role: HostPlan['host']['roles'][number]) => plan.host.roles.includes(role);
    const planned = (unit: string) => plan.ports.filter((row) => row.unit === unit).map((row) => row.port);
    if (has('etcd')) {
      const env = await textOf(plan, paths.etcdEnv);
      const urls = [...env.matchAll(/^ETCD_LISTEN_\w+_URLS="(.*)"$/gm)].flatMap(([, list = '']) =>
        list.split(','),
      );
      expect([...new Set(urls.map(lastPort))].sort()).toEqual([...planned('etcd.service')].sort());
    }
    if (has('control-plane')) {
      const env = await textOf(plan, `${paths.kubernetesDir}/apiserver`);
      expect(planned('kube-apiserver.service')).toEqual([flagPort(env, 'secure-port')]);
    }
    for (const [unit, path] of [
      ['haproxy.service', paths.haproxyConfig],
      ['hardway-api-balancer.service', paths.apiBalancerConfig],
    ] as const) {
      if (!plan.units.some(({ name }) => name === unit)) continue;
      const binds = [...(await textOf(plan, path)).matchAll(/^ +bind (\S+)/gm)];
      expect(planned(unit)).toEqual(binds.map(([, bind = '']) => lastPort(bind)));
    }
    if (has('worker')) {
      const kubelet = parse(await textOf(plan, `${paths.kubeletDir}/config.yaml`));
      expect([kubelet.healthzPort, kubelet.port]).toEqual(planned('kubelet.service'));
      expect(kubelet.readOnlyPort).toBe(0);
      const proxy = parse(await textOf(plan, `${paths.kubeProxyDir}/config.yaml`));
      expect([proxy.metricsBindAddress, proxy.healthzBindAddress].map(lastPort)).toEqual(
        planned('kube-proxy.service'),
      );
    }
  });

  const folder = kubeBinaries();
  describe.skipIf(!canRun('default ports', { 'Kubernetes binaries': folder !== undefined }))(
    'of the real v1.20.2 binaries, where no flag says otherwise',
    () => {
      test.each(['kube-controller-manager', 'kube-scheduler'])('%s', (name) => {
        const { stdout } = spawnSync(`${folder}/${name}`, ['--help'], { encoding: 'utf8' });
        const [, port] = /--secure-port int .*\(default (\d+)\)/.exec(stdout) ?? [];
        expect(portsOf(`${name}.service`)).toEqual([Number(port)]);
      });
    },
  );
});
