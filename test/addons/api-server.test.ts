/** What control planes apply, given to a real API server v1.20.2: taken, and taken again without a change. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/cli.ts';
import { canRun, findProgram, isRoot, kubeBinaries } from '../support/requirements.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';

const folder = temporaryFolder('api-server');
const isReady = canRun('addons given to an API server', {
  'Kubernetes v1.20.2 binaries (KUBE_BIN_DIR)': kubeBinaries() !== undefined,
  'root privileges': isRoot,
  'etcd (Debian: etcd-server)': findProgram('etcd') !== undefined,
  'ip (Debian: iproute2)': findProgram('ip') !== undefined,
});

interface Family {
  readonly networks: string;
  readonly addresses: string;
  readonly dns: readonly string[];
  readonly backend: 'vxlan' | 'host-gw';
}

const families: Readonly<Record<string, Family>> = {
  IPv4: {
    networks: '{ serviceCIDR: 10.64.0.0/12 }',
    addresses: '192.0.2.1',
    dns: ['10.64.0.10'],
    backend: 'vxlan',
  },
  'IPv6 alone': {
    networks: '{ serviceCIDR: "fd00:96::/112", podCIDR: "fd00:244::/56" }',
    addresses: '"2001:db8::1"',
    dns: ['fd00:96::a'],
    backend: 'host-gw',
  },
  'IPv4 and IPv6': {
    networks: '{ serviceCIDR: [10.96.0.0/12, "fd00:96::/112"], podCIDR: [10.244.0.0/16, "fd00:244::/56"] }',
    addresses: '192.0.2.1, "2001:db8::1"',
    dns: ['10.96.0.10', 'fd00:96::a'],
    backend: 'host-gw',
  },
  'IPv6 first': {
    networks: '{ serviceCIDR: ["fd00:96::/112", 10.96.0.0/12], podCIDR: ["fd00:244::/56", 10.244.0.0/16] }',
    addresses: '"2001:db8::1", 192.0.2.1',
    dns: ['fd00:96::a', '10.96.0.10'],
    backend: 'vxlan',
  },
};

function inventory({ networks, addresses }: Family, addons: string): string {
  return `apiVersion: hardway/v1
kubernetes: { version: 1.20.2 }
network: ${networks}
addons: ${addons}
hosts: [{ name: a, addresses: [${addresses}], roles: [etcd, control-plane, worker] }]
`;
}

async function start(name: string, text: string): Promise<ControlPlane> {
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'inventory.yaml'), text);
  return startControlPlane(place);
}

/** Arguments that name the manifests on the host, in the order in which they are applied. */
function manifestsOf({ root }: ControlPlane, pattern = /\.yaml$/): string[] {
  const place = join(root, 'etc/kubernetes/addons');
  const names = readdirSync(place).filter((name) => pattern.test(name));
  return names.sort().flatMap((name) => ['-f', join(place, name)]);
}

interface Stored {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly clusterIP?: string; readonly clusterIPs?: readonly string[] };
}

/** Every object of the manifests, as the API server has it. */
function storedOf(plane: ControlPlane, files = manifestsOf(plane)): Stored[] {
  const { stdout, stderr, status } = plane.kubectl(['get', '-o', 'json', ...files]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return (JSON.parse(stdout) as { items: Stored[] }).items;
}

const versionsOf = (stored: readonly Stored[]) =>
  stored.map(({ kind, metadata }) => [kind, metadata.name, metadata.resourceVersion, metadata.generation]);

const startTimeout = 300_000;

describe.skipIf(!isReady).each(Object.entries(families))('a cluster with %s', (name, family) => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await start(
      name.replaceAll(' ', '-'),
      inventory(family, `{ flannel: { backend: ${family.backend} } }`),
    );
  }, startTimeout);
  afterAll(() => plane?.stop());

  const ways = {
    'by the server': ['--server-side', '--dry-run=server'],
    'by kubectl': ['--dry-run=server'],
  };
  test.each(Object.entries(ways))('its manifests are accepted when merged %s', (_, way) => {
    plane.kubectl(['create', 'namespace', 'kube-flannel']);
    const { status, stderr } = plane.kubectl(['apply', ...way, ...manifestsOf(plane)]);
    expect({ status, stderr: withoutAnnotationWarning(stderr) }).toEqual({ status: 0, stderr: '' });
  });

  test('applied twice, nothing changes; cluster DNS has its address', () => {
    expect(plane.applyAddons()).toMatchObject({ status: 0 });
    const first = storedOf(plane);
    expect(first.length).toBeGreaterThan(12);
    expect(plane.applyAddons()).toMatchObject({ status: 0 });
    expect(versionsOf(storedOf(plane))).toEqual(versionsOf(first));
    const dns = first.find(({ kind, metadata }) => kind === 'Service' && metadata.name === 'kube-dns');
    expect(dns?.spec).toMatchObject({ clusterIP: family.dns[0], clusterIPs: family.dns });
  });

  test.each<[string, object, RegExp]>([
    ['that asks for nothing is taken', {}, /created/],
    [
      "with the runtime's filter of system calls is taken",
      { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
      /created/,
    ],
    [
      'with a volume of the network is taken',
      { volumes: [{ name: 'v', nfs: { server: 'a', path: '/' } }] },
      /created/,
    ],
    [
      'with a folder of the host is refused',
      { volumes: [{ name: 'v', hostPath: { path: '/' } }] },
      /hostPath volumes are not allowed/,
    ],
    ['on the network of the host is refused', { hostNetwork: true }, /Host network is not allowed/],
  ])('a pod of a controller %s', (_, asked, answer) => {
    plane.kubectl(['create', 'serviceaccount', 'default']);
    const container = { name: 'c', image: 'example/c' };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'default' },
      spec: { automountServiceAccountToken: false, containers: [container], ...asked },
    };
    const controller = [
      '--as=system:serviceaccount:kube-system:replicaset-controller',
      '--as-group=system:serviceaccounts',
      '--as-group=system:serviceaccounts:kube-system',
      '--as-group=system:authenticated',
    ];
    const { stdout, stderr } = plane.kubectl(
      ['create', '--dry-run=server', ...controller, '-f', '-'],
      JSON.stringify(pod),
    );
    expect(stdout + stderr).toMatch(answer);
  });
});

/** kubectl says it of the namespace that the test before it has made. */
function withoutAnnotationWarning(text: string): string {
  return text.replace(/^Warning: resource namespaces\/kube-flannel is missing the .* annotation .*\n/m, '');
}

describe.skipIf(!isReady)('manifests of the operator', () => {
  let plane: ControlPlane;
  const write = (name: string, text: string) => {
    mkdirSync(join(folder, 'extra'), { recursive: true });
    writeFileSync(join(folder, 'extra', name), text);
  };
  beforeAll(async () => {
    write('1-widget.yaml', widget);
    write('2-refused.yaml', refused);
    write('3-definition.yaml', definition);
    write('4-workload.yaml', workload);
    const files = ['1-widget.yaml', '2-refused.yaml', '3-definition.yaml', '4-workload.yaml'].map(
      (name) => `../extra/${name}`,
    );
    const family = families.IPv4 as Family;
    plane = await start(
      'extra',
      inventory(family, `{ flannel: { backend: host-gw }, extra: [${files.join(', ')}] }`),
    );
  }, startTimeout);
  afterAll(() => plane?.stop());

  test('arrive, whatever one of them is refused for, and definitions may come later', {
    timeout: 180_000,
  }, async () => {
    plane.keepApplyingAddons();
    const wanted = [
      ['widgets', 'w'],
      ['secret/s', 'service/p', 'deployment.apps/p'],
      ['service/kube-dns', '--namespace=kube-system'],
    ];
    const missing = () => wanted.filter((names) => plane.kubectl(['get', ...names]).status !== 0);
    for (let tries = 0; tries < 60 && missing().length > 0; tries++) await sleep(500);
    expect(missing()).toEqual([]);
    expect(plane.kubectl(['get', 'configmap', 'in-no-namespace', '--namespace=nowhere']).status).toBe(1);
  });

  test('leave no copy of a Secret in an annotation', () => {
    const [secret] = storedOf(plane, ['secret/s', 'service/p']);
    expect(secret?.metadata.annotations ?? {}).toEqual({});
  });

  test('applied again, nothing changes', () => {
    const files = manifestsOf(plane, /^50-00[134]/);
    // The server itself writes into a definition once it serves it.
    const versions = () =>
      versionsOf(storedOf(plane, files).filter(({ kind }) => !kind.startsWith('Custom')));
    const before = versions();
    expect(before).toHaveLength(4);
    const how = ['--server-side', '--force-conflicts', '--field-manager=hardway'];
    expect(plane.kubectl(['apply', ...how, ...files])).toMatchObject({ status: 0, stderr: '' });
    expect(versions()).toEqual(before);
  });
});

const widget = `apiVersion: example.org/v1
kind: Widget
metadata: { name: w }
spec: { size: 3 }
`;
const refused = `apiVersion: v1
kind: ConfigMap
metadata: { name: in-no-namespace, namespace: nowhere }
`;
/** As large as some are: more than fits into an annotation. */
const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.example.org }
spec:
  group: example.org
  names: { kind: Widget, plural: widgets, singular: widget, listKind: WidgetList }
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          description: ${'long '.repeat(60_000)}
          properties:
            spec: { type: object, properties: { size: { type: integer } } }
`;
const workload = `apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Secret, metadata: { name: s }, data: { password: aHVudGVyMg== } }
  - apiVersion: v1
    kind: Service
    metadata: { name: p }
    spec: { selector: { app: p }, ports: [{ port: 80, protocol: TCP }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: p }
spec:
  selector: { matchLabels: { app: p } }
  template:
    metadata: { labels: { app: p } }
    spec: { containers: [{ name: p, image: "example/p:1", ports: [{ containerPort: 80 }] }] }
`;
