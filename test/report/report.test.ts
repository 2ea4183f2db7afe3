import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import { readInstallScript } from '../../src/assembly/pack.ts';
import { auditCluster } from '../../src/audit/audit.ts';
import { certificates } from '../../src/catalog/certificates.ts';
import { connections } from '../../src/catalog/connections.ts';
import { templatesDir } from '../../src/lib/package-root.ts';
import { hostClasses } from '../../src/report/classes.ts';
import type { ReportData } from '../../src/report/html.ts';
import { createNotes } from '../../src/report/notes.ts';
import { listenersOf } from '../../src/verify/checks/ports.ts';
import { clusterOf, fiveHosts, manyClusters, oneHost } from '../support/clusters.ts';
import { pageOf, reportFor } from '../support/report.ts';

const read = (name: string) => readFileSync(join(templatesDir, '_report', name), 'utf8');

const tokens = clusterOf(
  'bootstrap: { method: token-file }',
  'runtime: { proxy: { https: "http://user:s3cret@proxy.example:3128" } }',
  fiveHosts,
);

/** What the page's script would read. */
function dataIn(html: string): ReportData {
  return JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)?.[1] ?? '');
}

describe('connections', () => {
  test('the table names certificates that there are, and each row once', () => {
    const known = certificates.map(({ name }) => name);
    const named = connections.flatMap((row) => [
      ...row.clientCertificates,
      row.serverCertificate ?? known[0],
    ]);
    expect(named.filter((name) => name === undefined || !known.includes(name))).toEqual([]);
    expect(new Set(connections.map(({ name }) => name)).size).toBe(connections.length);
  });

  test('stacked control planes: who dials whom, with which certificates', async () => {
    const { report } = await reportFor(clusterOf('bootstrap: { method: signed }', fiveHosts));
    const edges = report.connections.map(
      ({ name, port, protocol, clientCertificates, serverCertificate }) =>
        `${name} ${port}/${protocol} ${clientCertificates.map((one) => one.commonName).join(',')} > ${serverCertificate?.commonName ?? ''}`,
    );
    expect(edges).toEqual(
      expect.arrayContaining([
        'etcd-peers 2380/TCP kube-etcd-peer > kube-etcd-peer',
        'apiserver-own-etcd 2379/TCP kube-apiserver-etcd-client > kube-etcd',
        'etcdctl-members 2379/TCP kube-etcd-healthcheck-client > kube-etcd',
        'local-apiserver 6443/TCP system:kube-controller-manager,system:kube-scheduler > kube-apiserver',
        'apiserver-kubelet 10250/TCP kube-apiserver-kubelet-client > system:node:{node}',
        'node-endpoint 6443/TCP system:node:{node},system:kube-proxy > kube-apiserver',
        'operator 6443/TCP kubernetes-admin > kube-apiserver',
        'aggregation any/TCP front-proxy-client > ',
        'overlay 8472/UDP  > ',
      ]),
    );
    const drawn = report.picture.arrows.map(({ name }) => name);
    expect(drawn).toEqual(
      expect.arrayContaining([
        'etcd-peers',
        'apiserver-own-etcd',
        'apiserver-kubelet',
        'node-endpoint',
        'operator',
      ]),
    );
  });

  test.each(Object.entries(manyClusters))(
    '%s: every arrow is a row, every port that is listened on too',
    async (_, cluster) => {
      const { report, input } = await reportFor(cluster);
      const names = new Set(report.connections.map(({ name }) => name));
      for (const { name, path } of report.picture.arrows) {
        expect(names).toContain(name);
        expect(path).not.toMatch(/NaN|undefined|Infinity/);
      }
      const listened = input.view.hosts.flatMap((host) => listenersOf(host).map(({ port }) => String(port)));
      const listed = new Set(report.ports.map(({ port }) => port));
      expect(listened.length).toBeGreaterThan(0);
      expect(listened.filter((port) => !listed.has(port))).toEqual([]);
      // What is open to the network is a rule, what is not is none.
      for (const host of input.view.hosts)
        for (const { port, address } of listenersOf(host)) {
          const reach = /^127\.|^::1$/.test(address) ? 'host' : 'network';
          expect(report.ports.some((row) => row.port === String(port) && row.reach === reach)).toBe(true);
        }
    },
  );

  test('images and binaries come from where the inventory says', async () => {
    const outgoing = async (...sections: string[]) => {
      const { report } = await reportFor(clusterOf(...sections, fiveHosts));
      return report.ports
        .filter(({ to }) => to === 'registries')
        .map(({ from, port, protocol }) => `${from} ${port}/${protocol}`)
        .sort();
    };
    expect(await outgoing()).toEqual(['worker 443/TCP']);
    expect(
      await outgoing(
        'runtime: { registryMirrors: { docker.io: ["http://10.0.0.5:5000"], "other.example:5443": ["http://10.0.0.6"] } }',
      ),
    ).toEqual(['worker 443/TCP', 'worker 5000/TCP', 'worker 5443/TCP', 'worker 80/TCP']);
    expect(await outgoing('binaries: { source: download }')).toEqual([
      'control-plane 443/TCP',
      'etcd 443/TCP',
      'worker 443/TCP',
    ]);
    expect(
      await outgoing('binaries: { source: download, mirror: "https://mirror.example:8443/files" }'),
    ).toEqual(['control-plane 8443/TCP', 'etcd 8443/TCP', 'worker 443/TCP', 'worker 8443/TCP']);
  });

  test('a daemon that the inventory opens to the network is a rule too', async () => {
    const { report } = await reportFor(
      clusterOf(
        'components: { scheduler: { args: { bind-address: "0.0.0.0" } }, kubelet: { config: { readOnlyPort: 10255 } } }',
        fiveHosts,
      ),
    );
    const open = report.ports.filter(({ reach }) => reach === 'network').map(({ port }) => port);
    expect(open).toEqual(expect.arrayContaining(['10259', '10255']));
  });
});

describe('hosts that are alike', () => {
  test.each([
    'one host, the newest version',
    'signed, external endpoint and runtime, no extras',
    'load balancers with a floating address',
    'token file, dockershim behind a proxy',
  ])('%s: an audit of each class comes to what an audit of all hosts comes to', async (title) => {
    const cluster = manyClusters[title];
    if (cluster === undefined) throw new Error(`no cluster ${title}`);
    const { report, input } = await reportFor(cluster);
    const { kubernetesMinor, etcdMinor } = input.view.facts;
    const bundles = input.view.hosts.map(({ bundle }, index) => ({
      bundle,
      directories: input.notes.hosts[index]?.directories ?? [],
    }));
    const installScript = readInstallScript().toString();
    const whole = auditCluster({ kubernetesMinor, etcdMinor, bundles, installScript }, 'all');
    const classes = hostClasses(cluster);
    for (const { id, outcomes } of report.audit.checks) {
      const results = whole.results.filter(({ check }) => check.id === id);
      for (const { hosts } of classes) {
        const statuses = results.filter(({ host }) => hosts.some(({ name }) => name === host));
        expect(new Set(statuses.map(({ status }) => status)).size).toBeLessThanOrEqual(1);
      }
      expect(outcomes.map(({ status }) => status).sort()).toEqual(
        classes
          .flatMap(({ hosts }) => results.find(({ host }) => host === hosts[0]?.name)?.status ?? [])
          .sort(),
      );
    }
  });

  test('hosts with settings or waivers of their own are a class of their own', () => {
    const cluster = clusterOf(
      'audit: { waivers: [{ check: kubelet-serving-cert, hosts: [w1], reason: soon, expires: "2099-01-01" }] }',
      fiveHosts.replace('roles: [worker] }', 'roles: [worker], labels: { zone: a } }'),
    );
    expect(hostClasses(cluster).map(({ hosts }) => hosts.map(({ name }) => name))).toEqual([
      ['m1', 'm2', 'm3'],
      ['w1'],
      ['w2'],
    ]);
  });
});

describe('the page', () => {
  test('notes stand at their hosts, in whatever order they come', async () => {
    const { assembled } = await reportFor(tokens);
    const notes = createNotes();
    for (const [index, host] of [...assembled.entries()].reverse()) notes.add(host, index);
    const units = assembled.map((host) => host.units.map(({ name }) => name));
    expect(new Set(units.map(String)).size).toBeGreaterThan(1);
    expect(notes.hosts.map((note) => note.units)).toEqual(units);
    const kinds = notes.texts.hosts.map(({ kind }) => notes.texts.kinds[kind]?.files.length);
    const files = assembled.map((host) =>
      host.files.reduce((sum, { certificateText }) => sum + (certificateText === undefined ? 1 : 2), 1),
    );
    expect(kinds).toEqual(files);
  });

  test('has the files of every host as the review tree has them', async () => {
    const { report, assembled } = await reportFor(tokens);
    const context = vm.createContext({ page: pageOf(report) });
    vm.runInContext(
      `const document = { getElementById: () => ({ textContent: /id="data">(.*?)<\\/script>/s.exec(page)[1] }) };
      ${read('page/dom.js')}\n${read('page/data.js')}
      globalThis.textsOf = (name) => JSON.stringify(filesOf(hostsByName.get(name)).map(([path], index) => [path, textOf(hostsByName.get(name), index).lines.join('\\n')]));`,
      context,
    );
    for (const [index, host] of tokens.hosts.entries()) {
      const { files = [], manifest = '' } = assembled[index] ?? {};
      const expected = files.flatMap(({ path, review, certificateText }) => [
        [path, review.toString()],
        ...(certificateText === undefined ? [] : [[`${path}.txt`, certificateText]]),
      ]);
      const shown = JSON.parse(context.textsOf(host.name));
      expect(shown).toEqual([...expected, ['manifest', manifest]]);
    }
  });

  test('holds no secret', async () => {
    const { report, pki } = await reportFor(tokens);
    const html = pageOf(report);
    const pairs = [...Object.values(pki.authorities), ...pki.certificates.values(), pki.serviceAccount];
    const pems = pairs.map(({ privateKeyPem }) => privateKeyPem);
    const secrets = [
      ...pems.flatMap((pem) => pem.split('\n').filter((line) => line.length > 20 && !line.startsWith('-'))),
      // As kubeconfigs have them.
      ...pems.map((pem) => Buffer.from(pem).toString('base64').slice(40, 120)),
      ...pki.bootstrapToken.split('.'),
      pki.encryptionKey,
      's3cret',
      'PRIVATE KEY',
    ];
    expect(secrets.length).toBeGreaterThan(60);
    expect(secrets.filter((secret) => html.includes(secret))).toEqual([]);
    expect(html).toContain('REDACTED');
  });

  test('has nothing from elsewhere, and a policy that allows no more than its own script and style', async () => {
    const { report } = await reportFor(tokens);
    const html = pageOf(report);
    expect(html).not.toMatch(
      /<link(?! rel="icon" href="data:,")|<img|<iframe|\ssrc=|@import|javascript:|\son[a-z]+="/i,
    );
    const [policy = ''] = /default-src 'none'[^"]*/.exec(html) ?? [];
    const parts = (element: string) => [...html.matchAll(new RegExp(`<${element}>(.*?)</${element}>`, 'gs'))];
    for (const [element, of, count] of [
      ['style', 'style-src', 1],
      ['script', 'script-src', 2],
    ] as const) {
      const own = policy.split('; ').find((one) => one.startsWith(of));
      const texts = parts(element).map(([, text = '']) => text);
      expect(texts).toHaveLength(count);
      for (const text of texts)
        expect(own).toContain(`'sha256-${createHash('sha256').update(text).digest('base64')}'`);
    }
    expect(html).not.toMatch(/\sstyle="/);
    const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, target = '']) => target);
    expect(
      links.filter((target) => !/^(?:#|https:\/\/(?:kubernetes|etcd)\.io\/|data:,$)/.test(target)),
    ).toEqual([]);
  });

  test('escapes what comes from the inventory, in markup and in data', async () => {
    const evil = `</script><img src=x onerror=alert(1)>"'\`{{this}}<!--`;
    const { report } = await reportFor(clusterOf(oneHost));
    const [host] = report.hosts;
    const html = pageOf({
      ...report,
      name: evil,
      hosts: host === undefined ? [] : [{ ...host, labels: [evil], fqdn: evil }],
      facts: [{ name: evil, value: evil }],
      texts: { ...report.texts, texts: report.texts.texts.map(() => evil) },
    });
    expect(html).not.toContain('<img');
    expect(html.match(/<\/script/g)).toHaveLength(3);
    expect(html).not.toContain('<!--');
    const data = dataIn(html);
    expect(data.hosts[0]?.labels).toEqual([evil]);
    expect(data.texts[0]).toBe(evil);
  });

  test('is the same each time', async () => {
    const { report, pki } = await reportFor(tokens);
    const again = await reportFor(tokens, pki);
    expect(pageOf(again.report)).toBe(pageOf(report));
  });

  test('names every private key of this way to join, and no other', async () => {
    const { report } = await reportFor(tokens);
    const paths = report.keys.map(({ path }) => path);
    for (const { bootstrap, delivery } of certificates) {
      const path = delivery.kind === 'files' ? `${delivery.path}.key` : delivery.path;
      expect(paths.includes(path)).toBe(bootstrap === undefined);
    }
  });

  test('settings say where they come from, and link to their documentation', async () => {
    const { report } = await reportFor(
      clusterOf(
        'network: { serviceCIDR: 10.80.0.0/12 }',
        'components: { kubelet: { config: { maxPods: 50 } }, apiserver: { args: { v: "5", event-ttl: 2h } } }',
        fiveHosts,
      ),
    );
    const found = (table: string, name: string) =>
      report.settings.find((one) => one.name === table)?.settings.find((one) => one.name === name);
    expect(found('kube-apiserver', '--service-cluster-ip-range')).toMatchObject({
      source: 'network.serviceCIDR',
      isOverridden: false,
      url: 'https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/#:~:text=%2D%2Dservice%2Dcluster%2Dip%2Drange',
    });
    expect(found('kube-apiserver', '--event-ttl')).toMatchObject({
      source: 'components.apiserver.args',
      isOverridden: true,
    });
    expect(found('KubeletConfiguration', 'maxPods')).toMatchObject({
      isOverridden: true,
      values: [{ value: '50', hosts: '' }],
    });
    expect(found('etcd', 'ETCD_DATA_DIR')).toMatchObject({ source: 'etcd.dataDir' });
    expect(found('kubelet', '--node-ip')).toMatchObject({
      values: [{ isOwn: true }],
      source: 'hosts[].address',
    });
  });

  test('an API server beside a member of etcd has its own, others have all', async () => {
    const hosts = `hosts:
  - { name: m1, address: 192.0.2.1, roles: [etcd, control-plane] }
  - { name: m2, address: 192.0.2.2, roles: [etcd, control-plane] }
  - { name: e3, address: 192.0.2.3, roles: [etcd] }
  - { name: m4, address: 192.0.2.4, roles: [control-plane] }
  - { name: m5, address: 192.0.2.5, roles: [control-plane] }`;
    const { report } = await reportFor(clusterOf(hosts));
    const table = report.settings.find(({ name }) => name === 'kube-apiserver');
    const servers = table?.settings.find(({ name }) => name === '--etcd-servers');
    expect(servers?.values).toMatchObject([
      { value: 'https://192.0.2.1:2379', isOwn: true, hosts: 'm1, m2' },
      {
        value: 'https://192.0.2.1:2379,https://192.0.2.2:2379,https://192.0.2.3:2379',
        isOwn: false,
        hosts: 'm4, m5',
      },
    ]);
    const toEtcd = report.connections.filter(({ to, port }) => to === 'etcd' && port === '2379');
    expect(toEtcd.map(({ name, reach }) => `${name} ${reach}`)).toEqual([
      'apiserver-etcd network',
      'etcdctl host',
      'etcdctl-members network',
    ]);
  });
});
