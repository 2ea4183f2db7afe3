import { describe, expect, test } from 'vitest';
import { type ComponentRow, componentOf } from '../../../src/catalog/components.ts';
import type { ComponentKey } from '../../../src/model/cluster.ts';
import { factsOf, holds } from '../../../src/plan/facts.ts';
import { componentVariables, sharedDefaults } from '../../../src/plan/flags.ts';
import { clusterOf, fiveHosts, hostOf, oneHost, planOf, renderedTexts } from '../../support/clusters.ts';

function variablesOf(key: ComponentKey, ...inventory: string[]) {
  const cluster = clusterOf(...inventory);
  const host = hostOf(cluster);
  return componentVariables(componentOf(key), factsOf(cluster, host), host.components[key]);
}

const v120 = 'kubernetes: { version: "1.20" }';
const args = (component: string, flags: string) => `components: { ${component}: { args: { ${flags} } } }`;

describe('defaults', () => {
  test('the scheduler, whole and in order', () => {
    expect(variablesOf('scheduler', v120, oneHost)).toEqual({
      own: {
        KUBE_SCHEDULER_ARGS: [
          '--bind-address=127.0.0.1',
          '--port=0',
          '--authentication-kubeconfig=/etc/kubernetes/auth/scheduler.conf',
          '--authorization-kubeconfig=/etc/kubernetes/auth/scheduler.conf',
          '--kubeconfig=/etc/kubernetes/auth/scheduler.conf',
          '--client-ca-file=/etc/kubernetes/pki/ca.crt',
          '--requestheader-client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt',
          '--leader-elect=true',
          '--tls-min-version=VersionTLS12',
          `--tls-cipher-suites=${['ECDSA', 'RSA']
            .flatMap((key) =>
              ['AES_128_GCM_SHA256', 'AES_256_GCM_SHA384', 'CHACHA20_POLY1305_SHA256'].map(
                (suite) => `TLS_ECDHE_${key}_WITH_${suite}`,
              ),
            )
            .join()}`,
          '--profiling=false',
        ],
      },
      overrides: {},
    });
  });

  test('two flags may share a variable', () => {
    expect(variablesOf('apiserver', oneHost).own.KUBE_API_ADDRESS).toEqual([
      '--advertise-address=192.0.2.1',
      '--bind-address=0.0.0.0',
    ]);
  });

  test('shared variables are in none of the own ones', () => {
    for (const key of ['apiserver', 'controllerManager', 'scheduler', 'kubelet', 'proxy'] as const)
      expect(Object.values(variablesOf(key, oneHost).own).flat().join()).not.toMatch(/--(v|logtostderr)=/);
  });
});

describe('flags of the inventory', () => {
  test('one that is known replaces the default in its place', () => {
    const { own } = variablesOf(
      'scheduler',
      args('scheduler', 'profiling: true, bind-address: 0.0.0.0'),
      oneHost,
    );
    expect(own.KUBE_SCHEDULER_ARGS?.[0]).toBe('--bind-address=0.0.0.0');
    expect(own.KUBE_SCHEDULER_ARGS?.at(-1)).toBe('--profiling=true');
    expect(own.KUBE_SCHEDULER_ARGS).toHaveLength(10);
  });

  test('one with a variable of its own stays in that variable', () => {
    const plugins = args('apiserver', 'enable-admission-plugins: "NodeRestriction,AlwaysPullImages"');
    const { own } = variablesOf('apiserver', plugins, oneHost);
    expect(own.KUBE_ADMISSION_CONTROL).toEqual([
      '--enable-admission-plugins=NodeRestriction,AlwaysPullImages',
    ]);
    expect(own.KUBE_API_ARGS?.join()).not.toContain('admission-plugins');
  });

  test('null removes one', () => {
    const { own } = variablesOf('scheduler', args('scheduler', 'profiling: null'), oneHost);
    expect(own.KUBE_SCHEDULER_ARGS?.join()).not.toContain('profiling');
    expect(own.KUBE_SCHEDULER_ARGS).toHaveLength(9);
  });

  test('null for one that is not there does nothing', () => {
    expect(variablesOf('scheduler', args('scheduler', 'leader-elect-resource-name: null'), oneHost)).toEqual(
      variablesOf('scheduler', oneHost),
    );
  });

  test('new ones come last, in the order written', () => {
    const { own } = variablesOf(
      'apiserver',
      args('apiserver', 'max-requests-inflight: 800, goaway-chance: "0.001"'),
      oneHost,
    );
    expect(own.KUBE_API_ARGS?.slice(-2)).toEqual(['--max-requests-inflight=800', '--goaway-chance=0.001']);
  });

  test('one whose default is off by its condition is added', () => {
    const { own } = variablesOf(
      'apiserver',
      'security: { audit: false }',
      args('apiserver', 'audit-log-maxage: 7'),
      oneHost,
    );
    expect(own.KUBE_API_ARGS?.at(-1)).toBe('--audit-log-maxage=7');
    expect(own.KUBE_API_ARGS?.join()).not.toContain('audit-policy-file');
  });

  test('the host wins over its role, the role over the cluster', () => {
    const inventory = [
      args('kubelet', 'max-pods: 1, event-qps: 1, serialize-image-pulls: true'),
      'roleDefaults: { worker: { components: { kubelet: { args: { max-pods: 2, event-qps: 2 } } } } }',
      'hosts: [{ name: a, address: 192.0.2.1, roles: [etcd, control-plane, worker], components: { kubelet: { args: { max-pods: 3 } } } }]',
    ];
    const words = variablesOf('kubelet', ...inventory).own.KUBELET_ARGS?.slice(-3);
    expect(words?.sort()).toEqual(['--event-qps=2', '--max-pods=3', '--serialize-image-pulls=true']);
  });
});

describe('shared variables', () => {
  test('an override is that of one component only', () => {
    const inventory = [args('scheduler', 'v: 5'), oneHost];
    expect(variablesOf('scheduler', ...inventory).overrides).toEqual({ KUBE_LOG_LEVEL: ['--v=5'] });
    expect(variablesOf('apiserver', ...inventory).overrides).toEqual({});
  });

  test('null leaves the variable empty', () => {
    expect(variablesOf('apiserver', args('apiserver', 'allow-privileged: null'), oneHost).overrides).toEqual({
      KUBE_ALLOW_PRIV: [],
    });
  });

  test('the same value as the default is no override', () => {
    expect(variablesOf('scheduler', args('scheduler', 'v: 2'), oneHost).overrides).toEqual({});
  });

  test("an override lands in the component's own file, which its unit reads last", async () => {
    const texts = await renderedTexts(planOf(clusterOf(args('scheduler', 'v: 5'), oneHost)));
    expect(texts.get('/etc/kubernetes/scheduler')).toContain('\nKUBE_LOG_LEVEL="--v=5"\n');
    expect(texts.get('/etc/kubernetes/config')).toContain('\nKUBE_LOG_LEVEL="--v=2"\n');
    expect(texts.get('/etc/kubernetes/apiserver')).not.toContain('KUBE_LOG_LEVEL');
    const files = texts.get('/etc/systemd/system/kube-scheduler.service')?.match(/^EnvironmentFile=.*$/gm);
    expect(files?.at(-1)).toBe('EnvironmentFile=/etc/kubernetes/scheduler');
  });

  test('a worker gets those of its own components', () => {
    const cluster = clusterOf('kubernetes: { version: "1.20", logLevel: 4 }', fiveHosts);
    const facts = factsOf(cluster, hostOf(cluster, 'w1'));
    const shared = sharedDefaults([componentOf('kubelet')], facts);
    expect(shared).toEqual({
      KUBE_LOGTOSTDERR: ['--logtostderr=true'],
      KUBE_LOG_LEVEL: ['--v=4'],
      KUBE_ALLOW_PRIV: [],
    });
  });
});

describe('mistakes in tables', () => {
  const cluster = clusterOf(oneHost);
  const facts = factsOf(cluster, hostOf(cluster));

  test('an unknown condition throws', () => {
    expect(() => holds(facts, 'isSunday')).toThrow('no such condition: isSunday');
    expect(holds(facts, undefined)).toBe(true);
  });

  test('an unknown placeholder throws', () => {
    const row: ComponentRow = { ...componentOf('proxy'), flags: [{ flag: 'config', value: '{weather}' }] };
    expect(() => componentVariables(row, facts, { args: {}, config: {} })).toThrow('no such fact: weather');
  });
});
