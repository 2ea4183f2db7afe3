import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { HostPlan } from '../../../src/model/plan.ts';
import { clusterOf, fileOf, fiveHosts, oneHost, planOf, renderedTexts } from '../../support/clusters.ts';

const pathsOf = (plan: HostPlan) => plan.files.map((file) => file.path);
const unitsOf = (plan: HostPlan) => plan.units.map((unit) => unit.name);
const kubeletConfig = '/var/lib/kubelet/config.yaml';

/** The text of one file of a host. */
async function textOf(path: string, name: string | undefined, ...inventory: string[]): Promise<string> {
  const text = (await renderedTexts(planOf(clusterOf(...inventory), name))).get(path);
  if (text === undefined) throw new Error(`no ${path}`);
  return text;
}

describe('roles in every mix', () => {
  const unitsByRole = {
    etcd: ['etcd.service'],
    'control-plane': [
      'kube-apiserver.service',
      'kube-controller-manager.service',
      'kube-scheduler.service',
      'kube-addons.service',
      'hardway-label-nodes.timer',
    ],
    worker: ['containerd.service', 'kubelet.service', 'kube-proxy.service'],
  };
  const others = `
  - { name: e, address: 192.0.2.101, roles: [etcd] }
  - { name: f, address: 192.0.2.102, roles: [etcd] }
  - { name: c, address: 192.0.2.103, roles: [control-plane] }
  - { name: w, address: 192.0.2.104, roles: [worker] }`;
  type RoleName = keyof typeof unitsByRole;
  const mixes: readonly RoleName[][] = [
    ['etcd'],
    ['control-plane'],
    ['worker'],
    ['etcd', 'control-plane'],
    ['etcd', 'worker'],
    ['control-plane', 'worker'],
    ['etcd', 'control-plane', 'worker'],
  ];

  test.each(mixes.map((roles) => [roles.join(), roles] as const))('%s', (_, roles) => {
    const hosts = `hosts:\n  - { name: x, address: 192.0.2.1, roles: [${roles}] }${others}`;
    const plan = planOf(clusterOf(hosts), 'x');
    const has = (role: RoleName) => roles.includes(role);
    expect(unitsOf(plan)).toEqual(roles.flatMap((role) => unitsByRole[role]));
    expect(plan.users.map((user) => user.name)).toEqual([
      ...(has('etcd') ? ['etcd'] : []),
      ...(has('control-plane') ? ['kube'] : []),
    ]);
    expect(pathsOf(plan).includes('/etc/default/etcd')).toBe(has('etcd'));
    expect(pathsOf(plan).includes('/etc/kubernetes/pki/apiserver.key')).toBe(has('control-plane'));
    expect(pathsOf(plan).includes('/etc/kubernetes/auth/kube-proxy.conf')).toBe(has('worker'));
    expect(pathsOf(plan).includes('/etc/kubernetes/config')).toBe(has('control-plane') || has('worker'));
    expect(pathsOf(plan)).toEqual([...pathsOf(plan)].sort());
    expect(plan.requiresSwapOff).toBe(has('worker'));
    expect(plan.runtime?.type).toBe(has('worker') ? 'containerd' : undefined);
    expect(plan.data).toEqual([
      ...(has('etcd') ? ['/var/lib/etcd/k8s-etcd'] : []),
      ...(has('control-plane') ? ['/var/log/kubernetes/audit'] : []),
      ...(has('worker') ? ['/var/lib/kubelet/pki'] : []),
    ]);
    expect(plan.directories.find(({ path }) => path === '/etc/kubernetes/pki')?.mode).toBe(
      has('control-plane') ? 0o750 : has('worker') ? 0o700 : undefined,
    );
  });

  test('files that roles share restart only what runs here', () => {
    const cluster = clusterOf(fiveHosts);
    const servicesOf = (name: string, path: string) => fileOf(planOf(cluster, name), path).services;
    expect(servicesOf('m1', '/etc/kubernetes/pki/ca.crt')).toEqual([
      'kube-apiserver.service',
      'kube-controller-manager.service',
      'kube-scheduler.service',
    ]);
    expect(servicesOf('w1', '/etc/kubernetes/pki/ca.crt')).toEqual(['kubelet.service']);
    expect(servicesOf('w1', '/etc/kubernetes/config')).toEqual(['kubelet.service', 'kube-proxy.service']);
  });
});

describe('what a host waits for', () => {
  const peersOf = (name: string, ...inventory: string[]) =>
    planOf(clusterOf(...inventory), name).peers.map(
      ({ name, address, port }) => `${name} ${address}:${port}`,
    );

  test('a member of etcd waits for the others, not for itself', () => {
    expect(peersOf('m2', fiveHosts)).toEqual(['m1 192.0.2.1:2380', 'm3 192.0.2.3:2380']);
  });

  test('a control plane without etcd waits for etcd, a worker for the API', () => {
    const hosts = `hosts:
  - { name: e, address: 192.0.2.1, roles: [etcd] }
  - { name: c, address: 192.0.2.2, roles: [control-plane] }
  - { name: w, address: 192.0.2.3, roles: [worker] }`;
    expect(peersOf('c', hosts)).toEqual(['e 192.0.2.1:2379']);
    expect(peersOf('w', 'endpoint: { port: 8443 }', hosts)).toEqual(['c 192.0.2.2:8443']);
    expect(peersOf('e', hosts)).toEqual([]);
  });

  test('a worker waits for the load balancers too, where there are any', () => {
    const balancers = `${fiveHosts}
  - { name: b1, address: 192.0.2.6, roles: [load-balancer] }`;
    const endpoint = 'endpoint: { mode: haproxy, port: 8443 }';
    expect(peersOf('w1', endpoint, balancers)).toEqual([
      'm1 192.0.2.1:6443',
      'm2 192.0.2.2:6443',
      'm3 192.0.2.3:6443',
      'b1 192.0.2.6:8443',
    ]);
    expect(peersOf('b1', endpoint, balancers)).toEqual([]);
    expect(peersOf('w1', 'endpoint: { mode: node-local }', fiveHosts)).toHaveLength(3);
  });

  test('a host that is everything waits for nobody', () => {
    expect(peersOf('a', oneHost)).toEqual([]);
  });
});

describe('bootstrap methods', () => {
  const rbac = '/etc/kubernetes/addons/10-rbac.yaml';
  const tokenFile = '/etc/kubernetes/token.csv';
  const tokenSecret = '/etc/kubernetes/bootstrap-token.yaml';
  const bootstrapConf = '/etc/kubernetes/auth/bootstrap.conf';
  const kubeletConf = '/etc/kubernetes/auth/kubelet.conf';

  async function cluster(method: string) {
    const cluster = clusterOf(`bootstrap: { method: ${method} }`, fiveHosts);
    const master = planOf(cluster, 'm1');
    const worker = planOf(cluster, 'w1');
    const [onMaster, onWorker] = await Promise.all([renderedTexts(master), renderedTexts(worker)]);
    return { master, worker, onMaster, onWorker };
  }

  const rolesBound = (text: string | undefined) =>
    [...(text ?? '').matchAll(/kind: ClusterRole\n +name: (\S+)/g)].map(([, name = '']) => name);

  test('token-file', async () => {
    const { master, worker, onMaster, onWorker } = await cluster('token-file');
    expect(pathsOf(master)).toContain(tokenFile);
    expect(pathsOf(master)).not.toContain(tokenSecret);
    expect(onMaster.get(tokenFile)).toMatch(
      /^[a-z0-9]{6}\.[a-z0-9]{16},"system:bootstrapper",10001,"system:bootstrappers"\n$/,
    );
    expect(onMaster.get('/etc/kubernetes/apiserver')).toContain(`--token-auth-file=${tokenFile}`);
    expect(pathsOf(worker)).toContain(bootstrapConf);
    expect(pathsOf(worker)).not.toContain(kubeletConf);
    expect(onWorker.get('/etc/kubernetes/kubelet')).toContain(`--bootstrap-kubeconfig=${bootstrapConf}`);
    expect(rolesBound(onMaster.get(rbac))).toContain('system:node-bootstrapper');
    expect(worker.generated).toContain(kubeletConf);
  });

  test('token-secret', async () => {
    const { master, worker, onMaster, onWorker } = await cluster('token-secret');
    expect(pathsOf(master)).toContain(tokenSecret);
    expect(pathsOf(master)).not.toContain(tokenFile);
    const secret = parse(onMaster.get(tokenSecret) ?? '');
    expect(secret.type).toBe('bootstrap.kubernetes.io/token');
    expect(secret.metadata.name).toBe(`bootstrap-token-${secret.stringData['token-id']}`);
    expect(onMaster.get('/etc/kubernetes/apiserver')).toContain('--enable-bootstrap-token-auth=true');
    expect(onMaster.get('/etc/kubernetes/apiserver')).not.toContain('--token-auth-file');
    expect(parse(onWorker.get(bootstrapConf) ?? '').users[0].user.token).toMatch(
      /^[a-z0-9]{6}\.[a-z0-9]{16}$/,
    );
    expect(rolesBound(onMaster.get(rbac))).toContain('system:node-bootstrapper');
    expect(worker.generated).toContain(kubeletConf);
  });

  test('signed', async () => {
    const { master, worker, onMaster, onWorker } = await cluster('signed');
    expect(pathsOf(master)).not.toContain(tokenFile);
    expect(pathsOf(master)).not.toContain(tokenSecret);
    expect(onMaster.get('/etc/kubernetes/apiserver')).not.toMatch(/bootstrap-token|token-auth-file/);
    expect(pathsOf(worker)).not.toContain(bootstrapConf);
    expect(pathsOf(worker)).toContain(kubeletConf);
    expect(onWorker.get('/etc/kubernetes/kubelet')).not.toContain('--bootstrap-kubeconfig');
    expect(parse(onWorker.get(kubeletConf) ?? '').users[0].name).toBe('system:node:w1');
    expect(rolesBound(onMaster.get(rbac))).toEqual([
      'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
      'system:kubelet-api-admin',
    ]);
    expect(worker.generated).not.toContain(kubeletConf);
  });

  test.each(['token-file', 'token-secret', 'signed'])(
    'with %s kubelets serve a certificate that API servers verify',
    async (method) => {
      const { worker, onMaster, onWorker } = await cluster(method);
      expect(onMaster.get('/etc/kubernetes/apiserver')).toContain(
        '--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt',
      );
      expect(parse(onWorker.get(kubeletConfig) ?? '')).toMatchObject({
        tlsCertFile: '/etc/kubernetes/pki/kubelet.crt',
        tlsPrivateKeyFile: '/etc/kubernetes/pki/kubelet.key',
      });
      for (const part of ['crt', 'key'])
        expect(fileOf(worker, `/etc/kubernetes/pki/kubelet.${part}`).services).toEqual(['kubelet.service']);
    },
  );

  test('null ends the verification, for kubelets that others brought', async () => {
    const own = 'components: { apiserver: { args: { kubelet-certificate-authority: null } } }';
    const plan = planOf(clusterOf(own, fiveHosts), 'm1');
    expect((await renderedTexts(plan)).get('/etc/kubernetes/apiserver')).not.toContain(
      '--kubelet-certificate-authority',
    );
  });
});

describe('runtimes', () => {
  const flags = '/etc/kubernetes/kubelet';
  const worker = (...inventory: string[]) => planOf(clusterOf(...inventory, fiveHosts), 'w1');
  const at = (version: string) => `kubernetes: { version: "${version}" }`;

  test('containerd', async () => {
    const plan = worker(
      at('1.20'),
      'runtime: { cgroupDriver: cgroupfs, sandboxImage: "mirror.example/pause:3.2" }',
    );
    const texts = await renderedTexts(plan);
    expect(plan.runtime).toEqual({
      type: 'containerd',
      unit: 'containerd.service',
      socket: '/run/containerd/containerd.sock',
    });
    expect(texts.get(flags)).toContain('--container-runtime=remote');
    expect(texts.get(flags)).toContain('--container-runtime-endpoint=unix:///run/containerd/containerd.sock');
    expect(texts.get(flags)).not.toContain('--network-plugin');
    expect(texts.get('/etc/containerd/config.toml')).toContain('SystemdCgroup = false');
    expect(texts.get('/etc/containerd/config.toml')).toContain('sandbox_image = "mirror.example/pause:3.2"');
    expect(parse(texts.get(kubeletConfig) ?? '').cgroupDriver).toBe('cgroupfs');
    expect(fileOf(plan, '/etc/containerd/config.toml').services).toEqual(['containerd.service']);
  });

  test('docker through dockershim, up to 1.23', async () => {
    const plan = worker(at('1.23'), 'runtime: { type: docker }');
    const texts = await renderedTexts(plan);
    expect(plan.runtime).toEqual({ type: 'docker', unit: 'docker.service', socket: undefined });
    expect(unitsOf(plan)).toContain('docker.service');
    expect(unitsOf(plan)).not.toContain('containerd.service');
    expect(texts.get(flags)).toContain('--network-plugin=cni');
    expect(texts.get(flags)).not.toContain('--container-runtime');
    expect(JSON.parse(texts.get('/etc/docker/daemon.json') ?? '')['exec-opts']).toEqual([
      'native.cgroupdriver=systemd',
    ]);
    expect(texts.has('/etc/containerd/config.toml')).toBe(false);
    expect(texts.get('/etc/systemd/system/kubelet.service')).toContain(
      '\nAfter=network-online.target docker.service\n',
    );
  });

  test('docker through cri-dockerd, from 1.24 on', async () => {
    const plan = worker(at('1.24'), 'runtime: { type: docker, sandboxImage: mirror.example/pause:9 }');
    const texts = await renderedTexts(plan);
    expect(plan.runtime).toEqual({ type: 'docker', unit: 'docker.service', socket: undefined });
    expect(unitsOf(plan)).toEqual([
      'docker.service',
      'cri-dockerd.service',
      'kubelet.service',
      'kube-proxy.service',
    ]);
    expect(plan.binaries).toContainEqual(expect.objectContaining({ path: '/usr/local/bin/cri-dockerd' }));
    const unit = texts.get('/etc/systemd/system/cri-dockerd.service');
    expect(unit).toContain('--container-runtime-endpoint=unix:///run/cri-dockerd.sock ');
    expect(unit).toContain('--pod-infra-container-image=mirror.example/pause:9\n');
    expect(unit).not.toContain('dual-stack');
    expect(texts.get(flags)).toContain('--container-runtime-endpoint=unix:///run/cri-dockerd.sock');
    expect(texts.get(flags)).not.toMatch(/--network-plugin|--container-runtime=/);
    expect(texts.get('/etc/systemd/system/kubelet.service')).toContain(
      '\nAfter=network-online.target docker.service cri-dockerd.service\n',
    );
  });

  test('the socket stands in the configuration file from 1.27 on', async () => {
    const socket = 'unix:///run/containerd/containerd.sock';
    const before = await renderedTexts(worker(at('1.26')));
    expect(before.get(flags)).toContain(`--container-runtime-endpoint=${socket}`);
    expect(parse(before.get(kubeletConfig) ?? '')).not.toHaveProperty('containerRuntimeEndpoint');
    const after = await renderedTexts(worker(at('1.27')));
    expect(after.get(flags)).not.toContain('--container-runtime-endpoint');
    expect(parse(after.get(kubeletConfig) ?? '').containerRuntimeEndpoint).toBe(socket);
  });

  test('mirrors of containerd: a file for each registry, which needs no restart', async () => {
    const mirrors =
      '{ docker.io: ["https://a.example", "http://b.example:5000"], "registry.example:5000": ["https://c.example/k8s"] }';
    const plan = worker(`runtime: { registryMirrors: ${mirrors} }`);
    const texts = await renderedTexts(plan);
    const hub = '/etc/containerd/certs.d/docker.io/hosts.toml';
    expect(texts.get(hub)).toContain('\nserver = "https://registry-1.docker.io"\n');
    expect([...(texts.get(hub) ?? '').matchAll(/^\[host\."(.*)"\]$/gm)].map(([, url]) => url)).toEqual([
      'https://a.example',
      'http://b.example:5000',
    ]);
    expect(fileOf(plan, hub)).toMatchObject({ mode: 0o644, services: [] });
    expect(texts.get('/etc/containerd/certs.d/registry.example_5000_/hosts.toml')).toContain(
      'server = "https://registry.example:5000"',
    );
    expect(texts.get('/etc/containerd/config.toml')).toContain('config_path = "/etc/containerd/certs.d"');
    const without = await renderedTexts(worker());
    expect(without.get('/etc/containerd/config.toml')).not.toContain('config_path');
    const onMaster = planOf(clusterOf(`runtime: { registryMirrors: ${mirrors} }`, fiveHosts), 'm1');
    expect(pathsOf(onMaster).join()).not.toContain('certs.d');
  });

  test('mirrors of Docker: those of Docker Hub, in its own file', async () => {
    const plan = worker('runtime: { type: docker, registryMirrors: { docker.io: ["https://a.example"] } }');
    const texts = await renderedTexts(plan);
    expect(JSON.parse(texts.get('/etc/docker/daemon.json') ?? '')['registry-mirrors']).toEqual([
      'https://a.example',
    ]);
    expect(pathsOf(plan).join()).not.toContain('certs.d');
  });

  test('external: its socket, and no file and no unit of it', async () => {
    const plan = worker(at('1.26'), 'runtime: { type: external, socket: /run/crio/crio.sock }');
    const texts = await renderedTexts(plan);
    expect(plan.runtime).toEqual({ type: 'external', unit: undefined, socket: '/run/crio/crio.sock' });
    expect(unitsOf(plan)).toEqual(['kubelet.service', 'kube-proxy.service']);
    expect(texts.get(flags)).toContain('--container-runtime-endpoint=unix:///run/crio/crio.sock');
    expect([...texts.keys()].join()).not.toMatch(/docker|containerd/);
    expect(texts.get('/etc/systemd/system/kubelet.service')).toContain('\nAfter=network-online.target\n');
  });
});

describe('a proxy for image pulls', () => {
  const proxy =
    'proxy: { http: "http://user:pw@proxy.example:3128", noProxy: [registry.example, 10.0.0.0/8] }';
  const dropIn = (runtime: string) => `/etc/systemd/system/${runtime}.service.d/10-hardway-proxy.conf`;

  test.each(['containerd', 'docker'])('is a drop-in of %s, for its owner only', async (type) => {
    const plan = planOf(
      clusterOf('cluster: { domain: lab.example }', `runtime: { type: ${type}, ${proxy} }`, fiveHosts),
      'w1',
    );
    expect(fileOf(plan, dropIn(type))).toMatchObject({ mode: 0o600, services: [`${type}.service`] });
    const text = (await renderedTexts(plan)).get(dropIn(type)) ?? '';
    expect(text).toContain('Environment="HTTP_PROXY=http://user:pw@proxy.example:3128"');
    expect(text).not.toContain('HTTPS_PROXY');
    const [, list = ''] = /"NO_PROXY=(.*)"/.exec(text) ?? [];
    expect(list.split(',')).toEqual([
      'registry.example',
      '10.0.0.0/8',
      'localhost',
      '127.0.0.0/8',
      '10.96.0.0/12',
      '10.244.0.0/16',
      '192.0.2.1',
      '192.0.2.2',
      '192.0.2.3',
      '192.0.2.4',
      '192.0.2.5',
      '.svc',
      '.cluster.local',
      '.lab.example',
    ]);
    expect(pathsOf(plan)).not.toContain(dropIn(type === 'docker' ? 'containerd' : 'docker'));
  });

  test('is on workers only', () => {
    const plan = planOf(clusterOf(`runtime: { ${proxy} }`, fiveHosts), 'm1');
    expect(pathsOf(plan).join()).not.toContain('proxy.conf');
  });
});

describe('fields of configuration files', () => {
  test('of the inventory are merged: maps field by field, the rest replaced, null removed', async () => {
    const config = 'config: { maxPods: 42, evictionHard: { memory.available: 200Mi }, eventBurst: null }';
    const text = await textOf(kubeletConfig, 'w1', `components: { kubelet: { ${config} } }`, fiveHosts);
    const fields = parse(text);
    expect(fields).toMatchObject({ maxPods: 42, port: 10250 });
    expect(fields.evictionHard).toMatchObject({ 'memory.available': '200Mi', 'nodefs.available': '10%' });
    expect(fields).not.toHaveProperty('eventBurst');
    expect(text).toContain("# The kubelet's configuration.");
  });

  test('of one host are on that host only', () => {
    const hosts = `${fiveHosts}\n  - { name: w3, address: 192.0.2.6, roles: [worker], components: { kubelet: { config: { maxPods: 9 } } } }`;
    const cluster = clusterOf(hosts);
    expect(fileOf(planOf(cluster, 'w3'), kubeletConfig).source).toMatchObject({ overlay: { maxPods: 9 } });
    expect(fileOf(planOf(cluster, 'w1'), kubeletConfig).source).not.toHaveProperty('overlay');
  });

  test('of kube-proxy do not land at the kubelet', () => {
    const plan = planOf(
      clusterOf('components: { proxy: { config: { configSyncPeriod: 5m } } }', fiveHosts),
      'w1',
    );
    expect(fileOf(plan, '/var/lib/kube-proxy/config.yaml').source).toHaveProperty('overlay');
    expect(fileOf(plan, kubeletConfig).source).not.toHaveProperty('overlay');
  });

  test.each(['config: { failSwapOn: false }', 'args: { fail-swap-on: "false" }'])(
    'a kubelet that bears swap (%s) wants none off',
    (setting) => {
      const plan = planOf(clusterOf(`components: { kubelet: { ${setting} } }`, oneHost));
      expect(plan.requiresSwapOff).toBe(false);
    },
  );
});

describe('etcd', () => {
  const env = '/etc/default/etcd';

  test('on arm64 is told that it may start', async () => {
    const hosts =
      'hosts: [{ name: a, address: 192.0.2.1, arch: arm64, roles: [etcd, control-plane, worker] }]';
    const v120 = 'kubernetes: { version: "1.20" }';
    expect(await textOf(env, undefined, v120, hosts)).toContain('\nETCD_UNSUPPORTED_ARCH="arm64"\n');
    expect(await textOf(env, undefined, hosts)).not.toContain('UNSUPPORTED');
    expect(await textOf(env, undefined, v120, oneHost)).not.toContain('UNSUPPORTED');
  });

  test('keeps its data where the inventory says', async () => {
    const cluster = clusterOf(
      'etcd: { dataDir: /data/etcd, env: { ETCD_QUOTA_BACKEND_BYTES: 8589934592 } }',
      oneHost,
    );
    const plan = planOf(cluster);
    expect(plan.data[0]).toBe('/data/etcd');
    expect(plan.directories).toContainEqual({
      path: '/data/etcd',
      mode: 0o700,
      owner: 'etcd',
      group: 'etcd',
    });
    expect(plan.space).toContainEqual({ path: '/data/etcd', mebibytes: 512 });
    const texts = await renderedTexts(plan);
    expect(texts.get(env)).toContain('ETCD_DATA_DIR="/data/etcd"');
    expect(texts.get(env)).toContain('ETCD_QUOTA_BACKEND_BYTES="8589934592"');
    expect(texts.get('/etc/systemd/system/etcd.service')).toContain('ReadWritePaths=/data/etcd');
  });

  test('names members alike on every host', async () => {
    for (const name of ['m1', 'm3'])
      expect(await textOf(env, name, 'cluster: { domain: lab.example }', fiveHosts)).toContain(
        'ETCD_INITIAL_CLUSTER="m1=https://192.0.2.1:2380,m2=https://192.0.2.2:2380,m3=https://192.0.2.3:2380"',
      );
  });
});

describe('the port of the API server', () => {
  const unit = '/etc/systemd/system/kube-apiserver.service';

  test('below 1024 needs a capability, and only that one', async () => {
    const text = await textOf(unit, undefined, 'endpoint: { host: api.example, port: 443 }', oneHost);
    expect(text).toContain(
      '\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n',
    );
    const other = await textOf(unit, undefined, oneHost);
    expect(other).toContain('\nCapabilityBoundingSet=\n');
    expect(other).not.toContain('CAP_NET_BIND_SERVICE');
  });

  test('of a load balancer below 1024 needs none', async () => {
    const external = 'endpoint: { host: lb.example, port: 443, mode: external }';
    expect(await textOf(unit, undefined, external, oneHost)).not.toContain('CAP_NET_BIND_SERVICE');
    const plan = planOf(clusterOf(external, oneHost));
    expect(plan.ports).toContainEqual({ port: 6443, unit: 'kube-apiserver.service' });
  });
});

describe('the rest of the inventory', () => {
  test.each([
    ['security: { audit: false }', ['/etc/kubernetes/audit-policy.yaml']],
    ['security: { encryptionAtRest: false }', ['/etc/kubernetes/encryption-config.yaml']],
    ['addons: { coredns: false }', ['/etc/kubernetes/addons/30-coredns.yaml']],
    ['addons: { flannel: false }', ['/etc/kubernetes/addons/20-flannel.yaml']],
    ['hostsFile: { manage: false }', ['/etc/hosts']],
  ])('%s leaves out its file and nothing else', (setting, missing) => {
    const before = pathsOf(planOf(clusterOf(oneHost)));
    expect(pathsOf(planOf(clusterOf(setting, oneHost)))).toEqual(
      before.filter((path) => !missing.includes(path)),
    );
    expect(before).toEqual(expect.arrayContaining(missing));
  });

  test('binaries are looked for where the inventory says, components at its version', () => {
    const plan = planOf(
      clusterOf('kubernetes: { version: 1.20.2 }', 'binaries: { dir: /opt/k8s/bin }', oneHost),
    );
    expect(plan.binaries).toContainEqual({
      name: 'kubelet',
      role: 'worker',
      path: '/opt/k8s/bin/kubelet',
      version: '1.20.2',
      unit: 'kubelet.service',
    });
    expect(plan.binaries).toContainEqual(
      expect.objectContaining({ path: '/opt/k8s/bin/etcd', version: undefined }),
    );
  });

  test.each([
    ['rr', ['ip_vs', 'ip_vs_rr', 'ip_vs_wrr', 'ip_vs_sh']],
    ['lc', ['ip_vs', 'ip_vs_rr', 'ip_vs_wrr', 'ip_vs_sh', 'ip_vs_lc']],
  ])('the scheduler %s loads its module, each once', (scheduler, modules) => {
    const plan = planOf(
      clusterOf(`network: { proxy: { mode: ipvs, ipvsScheduler: ${scheduler} } }`, oneHost),
    );
    expect(plan.modules.map(({ name }) => name).filter((name) => name.startsWith('ip_vs'))).toEqual(modules);
  });
});
