/** `hardway audit --dir`: the defects of each layout, with host and file, and none where there is none. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { auditCluster } from '../../src/audit/audit.ts';
import type { Audit } from '../../src/audit/result.ts';
import { authorityOf } from '../../src/model/certificate.ts';
import { auditTree } from '../../src/tree/audit.ts';
import { readTree } from '../../src/tree/cluster.ts';
import { defectRows } from '../../src/tree/defects.ts';
import { findHosts } from '../../src/tree/find-hosts.ts';
import { clusterOf, fiveHosts } from '../support/clusters.ts';
import { worldOf } from '../unit/audit/world.ts';
import { temporaryFolder, writeBundles, writeHosts } from './folder.ts';
import { kubeadmInit, whyNoKubeadm } from './kubeadm.ts';
import { generated, guide, kubeasz } from './layouts.ts';
import { both, client, issue, kubeconfig, newKey, publicHalf } from './openssl.ts';

function audited(path: string, given?: string): Audit {
  return auditTree(readTree(findHosts(path), { path, now: new Date(), given }), 'all');
}

/** What fails of defects, certificates and keys: `check host file`; settings are another matter. */
function faultsIn({ results }: Audit): string[] {
  return results
    .filter(({ check, status }) => status === 'fail' && ['defect', 'certificate'].includes(check.kind))
    .map(({ check, host, file }) => `${check.id} ${host} ${file}`)
    .sort();
}

/** The same line for several hosts. */
const on = (hosts: string, ...lines: readonly string[]) =>
  hosts.split(' ').flatMap((host) => lines.map((line) => line.replace(' ', ` ${host} `)));

const statusOf = ({ results }: Audit, id: string, host: string) =>
  results.filter(({ check, host: own }) => check.id === id && own === host).map(({ status }) => status);

describe('a cluster of kubeasz', () => {
  const hosts = kubeasz();
  const audit = audited(writeHosts(temporaryFolder(), hosts), '1.28.2');

  test('has exactly these faults in its certificates and keys', () => {
    const ssl = '/etc/kubernetes/ssl';
    expect(faultsIn(audit)).toEqual(
      [
        ...on(
          'master-01 master-02',
          `authority-shared ${ssl}/ca.pem`,
          'etcd-url-plaintext /etc/systemd/system/etcd.service',
          `etcd-ca-key-offline ${ssl}/ca-key.pem`,
          `front-proxy-ca-key-offline ${ssl}/ca-key.pem`,
          `sa-key-dedicated ${ssl}/ca-key.pem`,
          `apiserver-cert-not-reused ${ssl}/kubernetes.pem`,
          'cert-leaf-validity /etc/etcd/ssl/etcd.pem',
          'client-cert-no-server-eku /etc/kubernetes/kube-controller-manager.kubeconfig',
          'admin-cert-validity /root/.kube/config',
        ),
        ...on(
          'worker-01',
          'administrator-on-node /root/.kube/config',
          'admin-kubeconfig-not-on-nodes /root/.kube/config',
          `cert-leaf-validity ${ssl}/kubelet.pem`,
          'client-cert-no-server-eku /etc/kubernetes/kube-proxy.kubeconfig',
        ),
        ...on(
          'master-01 master-02 worker-01',
          'key-on-several-hosts /root/.kube/config',
          `cert-ca-validity ${ssl}/ca.pem`,
          `kubelet-serving-san ${ssl}/kubelet.pem`,
          'no-user-client-certificates /root/.kube/config',
        ),
      ].sort(),
    );
  });

  test('names the line of a flag among lines that are continued', () => {
    const plaintext = audit.results.find(
      ({ check, host }) => check.id === 'etcd-url-plaintext' && host === 'master-01',
    );
    const unit = hosts['master-01']?.['/etc/systemd/system/etcd.service'] ?? '';
    expect(unit.split('\n')[(plaintext?.line ?? 0) - 1]).toContain('http://127.0.0.1:2379');
    expect(plaintext?.message).toBe('--listen-client-urls has http://127.0.0.1:2379');
  });
});

describe('the guide by hand, with the files of k8s-certs-generator', () => {
  const hosts = guide();
  const audit = audited(writeHosts(temporaryFolder(), hosts), '1.20.2');

  test('has exactly these faults in its certificates and keys', () => {
    const pki = '/etc/kubernetes/pki';
    expect(faultsIn(audit).filter((line) => !line.startsWith('cert-not-outliving-issuer'))).toEqual(
      [
        ...on(
          'master01 master02 master03',
          `service-account-key-unknown ${pki}/sa.pub`,
          `sa-key-same-on-all-control-planes ${pki}/sa.key`,
          'etcd-peer-san-missing /etc/etcd/pki/peer.crt',
          `apiserver-san-host-missing ${pki}/apiserver.crt`,
          'etcd-server-san /etc/etcd/pki/server.crt',
          'cert-no-wildcard-san /etc/etcd/pki/peer.crt',
          ...['apiserver-etcd-client', 'client', 'peer', 'server'].map(
            (name) => `key-on-several-hosts /etc/etcd/pki/${name}.key`,
          ),
          `key-on-several-hosts ${pki}/front-proxy-client.key`,
          `front-proxy-ca-key-offline ${pki}/front-proxy-ca.key`,
          `apiserver-kubelet-client-not-masters ${pki}/apiserver-kubelet-client.crt`,
          `component-cert-not-system-masters ${pki}/apiserver-kubelet-client.crt`,
          'cert-leaf-validity /etc/etcd/pki/apiserver-etcd-client.crt',
          'admin-cert-validity /etc/kubernetes/auth/admin.conf',
          'no-user-client-certificates /etc/kubernetes/auth/admin.conf',
          'unreferenced-private-keys /etc/etcd/pki/client.key',
        ),
        ...on(
          'node01 node02 node03',
          'cgroup-drivers-differ /var/lib/kubelet/config.yaml',
          `key-on-several-hosts ${pki}/kube-proxy.key`,
          'key-on-several-hosts /etc/kubernetes/auth/kube-proxy.conf',
          `cert-leaf-validity ${pki}/kube-proxy.crt`,
          `unreferenced-private-keys ${pki}/kube-proxy.key`,
        ),
      ].sort(),
    );
  });

  test('has a static token, in a file that others may read', () => {
    for (const id of ['apiserver-no-token-auth-file', 'token-file-mode', 'bootstrap-token-expires'])
      expect(statusOf(audit, id, 'master02')).toEqual(['fail']);
  });

  test('reads flags out of env files of units in /lib, with lines', () => {
    const results = audit.results.filter(
      ({ check, host }) => check.id === 'apiserver-no-token-auth-file' && host === 'master01',
    );
    const text = hosts.master01?.['/etc/kubernetes/apiserver'] ?? '';
    expect(results.map(({ file }) => file)).toEqual(['/etc/kubernetes/apiserver']);
    expect(text.split('\n')[(results[0]?.line ?? 0) - 1]).toContain('--token-auth-file=');
  });
});

test('the output of k8s-certs-generator tells of keys, and of no flag', () => {
  const path = temporaryFolder();
  const { folders, etcd } = generated();
  writeHosts(path, { etcd });
  writeHosts(join(path, 'kubernetes'), folders);
  const audit = audited(path);
  expect(faultsIn(audit)).toEqual(
    expect.arrayContaining(
      on('master01 master02 master03', 'service-account-key-unknown /etc/kubernetes/pki/sa.pub'),
    ),
  );
  const ofFlags = audit.results.filter(({ check }) => check.kind === 'flag' && check.component !== 'any');
  expect(new Set(ofFlags.map(({ status }) => status))).toEqual(new Set(['notApplicable']));
  expect(statusOf(audit, 'etcd-callers-unchecked', 'master01')).toEqual(['notApplicable']);
  expect(statusOf(audit, 'unreferenced-private-keys', 'kubelet')).toEqual(['notApplicable']);
});

describe.skipIf(whyNoKubeadm !== undefined)(
  `control planes of kubeadm${whyNoKubeadm === undefined ? '' : `: skipped, ${whyNoKubeadm}`}`,
  () => {
    test('have what kubeadm does, and not what it does not', { timeout: 120_000 }, () => {
      const path = temporaryFolder();
      kubeadmInit(join(path, 'cp1'), { name: 'cp1', address: '10.0.0.1' });
      const audit = audited(path);
      expect(audit.kubernetes).toBe('1.20');
      expect(faultsIn(audit)).toEqual(
        on(
          'cp1',
          'etcd-ca-key-offline /etc/kubernetes/pki/etcd/ca.key',
          'front-proxy-ca-key-offline /etc/kubernetes/pki/front-proxy-ca.key',
          'unreferenced-private-keys /etc/kubernetes/pki/etcd/ca.key',
          'cert-ca-key-strength /etc/kubernetes/pki/ca.crt',
          'component-cert-not-system-masters /etc/kubernetes/pki/apiserver-etcd-client.crt',
          'apiserver-kubelet-client-not-masters /etc/kubernetes/pki/apiserver-kubelet-client.crt',
          'no-user-client-certificates /etc/kubernetes/admin.conf',
        ).sort(),
      );
      for (const id of ['unit-kube-apiserver-user', 'kubelet-unit-mode', 'unit-protect-system'])
        expect(statusOf(audit, id, 'cp1')).toEqual(['notApplicable']);
      expect(statusOf(audit, 'kube-apiserver-unit-mode', 'cp1')).toEqual(['pass']);
    });

    test('that were made apart have different keys and authorities', { timeout: 120_000 }, () => {
      const path = temporaryFolder();
      for (const number of [1, 2])
        kubeadmInit(join(path, `cp${number}`), { name: `cp${number}`, address: `10.0.0.${number}` });
      expect(faultsIn(audited(path))).toEqual(
        expect.arrayContaining(
          on(
            'cp1 cp2',
            'service-account-key-unknown /etc/kubernetes/pki/sa.pub',
            'sa-key-same-on-all-control-planes /etc/kubernetes/pki/sa.key',
          ),
        ),
      );
    });
  },
);

describe('bundles of hardway', async () => {
  const world = await worldOf(clusterOf('bootstrap: { method: signed }', fiveHosts));
  const good = writeBundles(temporaryFolder(), world.cluster, world.pki);
  const faults = ({ results }: Audit) => results.filter(({ status }) => status === 'fail');

  test('fail the checks that an audit of the inventory fails, at the same places, and have no defect', () => {
    const place = ({ check, host, file, line, message }: Audit['results'][number]) =>
      [check.id, host, file, line, message].join(' ');
    const found = faults(audited(good));
    expect(found.map(place)).toEqual(faults(auditCluster(world.input, 'all')).map(place));
    expect(found.length).toBeGreaterThan(3);
    expect(found.filter(({ check }) => check.kind === 'defect')).toEqual([]);
  });

  test('pass the checks that an audit of the inventory passes, but for those of install.sh', () => {
    const passing = ({ results }: Audit) =>
      results
        .filter(({ check, status }) => status === 'pass' && check.kind !== 'defect')
        .map(({ check, host }) => `${check.id} ${host}`);
    const lost = new Set(passing(auditCluster(world.input, 'all')));
    for (const one of passing(audited(good))) lost.delete(one);
    expect([...lost].filter((one) => !one.startsWith('install-'))).toEqual([]);
  });

  interface Fault {
    /** Changes the tree at a folder. */
    readonly make: (
      at: (host: string, path: string) => string,
      edit: (file: string, change: (text: string) => string) => void,
    ) => void;
    /** `host file` of what is found. */
    readonly found: readonly string[];
  }

  const pem = (authority: 'kubernetes-ca' | 'etcd-ca') => {
    const { certificatePem: certificate, privateKeyPem: key } = authorityOf(world.pki, authority);
    return { certificate, key };
  };
  const apiserver = '/etc/kubernetes/apiserver';
  const pki = '/etc/kubernetes/pki';

  const rows: Readonly<Record<string, Fault>> = {
    'authority-shared': {
      make: (at) => cpSync(at('m1', `${pki}/ca.crt`), at('m1', `${pki}/front-proxy-ca.crt`)),
      found: [
        'm1 /etc/kubernetes/pki/ca.crt',
        'm1 /etc/kubernetes/pki/front-proxy-ca.crt',
        'm2 /etc/kubernetes/pki/ca.crt',
        'm3 /etc/kubernetes/pki/ca.crt',
      ],
    },
    'service-account-key-unknown': {
      make: (at) => {
        const key = newKey();
        writeFileSync(at('m2', `${pki}/sa.key`), key);
        writeFileSync(at('m2', `${pki}/sa.pub`), publicHalf(key));
      },
      found: ['m1', 'm2', 'm3'].map((host) => `${host} ${pki}/sa.pub`),
    },
    'certificate-expired': {
      make: (at) =>
        writeFileSync(
          at('m3', `${pki}/front-proxy-client.crt`),
          issue({ subject: '/CN=front-proxy-client', days: -1 }, pem('kubernetes-ca')).certificate,
        ),
      found: [`m3 ${pki}/front-proxy-client.crt`],
    },
    'certificate-due': {
      make: (at) =>
        writeFileSync(
          at('m3', `${pki}/front-proxy-client.crt`),
          issue({ subject: '/CN=front-proxy-client', days: 20 }, pem('kubernetes-ca')).certificate,
        ),
      found: [`m3 ${pki}/front-proxy-client.crt`],
    },
    'etcd-url-plaintext': {
      make: (at, edit) =>
        edit(at('m1', '/etc/default/etcd'), (text) =>
          text.replace('ETCD_LISTEN_CLIENT_URLS="', 'ETCD_LISTEN_CLIENT_URLS="http://127.0.0.1:2377,'),
        ),
      found: ['m1 /etc/default/etcd'],
    },
    'etcd-callers-unchecked': {
      make: (at, edit) =>
        edit(at('m2', '/etc/default/etcd'), (text) =>
          text.replace(/^ETCD_(?:CLIENT_CERT_AUTH|TRUSTED_CA_FILE)=.*\n/gm, ''),
        ),
      found: ['m2 /etc/default/etcd'],
    },
    'apiserver-san-host-missing': {
      make: (at) =>
        writeFileSync(
          at('m1', `${pki}/apiserver.crt`),
          issue(
            {
              subject: '/CN=kube-apiserver',
              days: 300,
              sans: 'DNS:kubernetes',
              key: readFileSync(at('m1', `${pki}/apiserver.key`), 'utf8'),
            },
            pem('kubernetes-ca'),
          ).certificate,
        ),
      found: [`m1 ${pki}/apiserver.crt`],
    },
    'etcd-peer-san-missing': {
      make: (at) =>
        writeFileSync(
          at('m1', '/etc/etcd/pki/peer.crt'),
          issue(
            {
              subject: '/CN=kube-etcd-peer',
              days: 300,
              usages: both,
              sans: 'DNS:*.example',
              key: readFileSync(at('m1', '/etc/etcd/pki/peer.key'), 'utf8'),
            },
            pem('etcd-ca'),
          ).certificate,
        ),
      found: ['m1 /etc/etcd/pki/peer.crt'],
    },
    'key-on-several-hosts': {
      make: (at) => {
        for (const half of ['crt', 'key'])
          cpSync(at('w1', `${pki}/kubelet.${half}`), at('w2', `${pki}/kubelet.${half}`));
      },
      found: [`w1 ${pki}/kubelet.key`, `w2 ${pki}/kubelet.key`],
    },
    'administrator-on-node': {
      make: (at) => {
        const admin = issue(
          { subject: '/O=system:masters/CN=me', days: 30, usages: client },
          pem('kubernetes-ca'),
        );
        writeFileSync(
          at('w1', '/etc/kubernetes/auth/me.conf'),
          kubeconfig('https://192.0.2.1:6443', pem('kubernetes-ca').certificate, 'me', admin),
        );
      },
      found: ['w1 /etc/kubernetes/auth/me.conf'],
    },
    'pair-broken': {
      make: (at) => cpSync(at('m2', `${pki}/apiserver-kubelet-client.key`), at('m2', `${pki}/apiserver.key`)),
      found: [`m2 ${pki}/apiserver.key`],
    },
    'signing-pair-broken': {
      make: (at) => writeFileSync(at('m1', `${pki}/ca.key`), newKey()),
      found: [`m1 ${pki}/ca.key`],
    },
    'front-proxy-refused': {
      make: (at, edit) =>
        edit(at('m3', apiserver), (text) =>
          text.replace(
            '--requestheader-allowed-names=front-proxy-client',
            '--requestheader-allowed-names=somebody',
          ),
        ),
      found: [`m3 ${apiserver}`],
    },
    'etcd-untrusted': {
      make: (at) => cpSync(at('m1', `${pki}/ca.crt`), at('m1', '/etc/etcd/pki/ca.crt')),
      found: ['m1', 'm2', 'm3'].map((host) => `${host} ${apiserver}`),
    },
    'networks-differ': {
      make: (at, edit) =>
        edit(at('w2', '/var/lib/kubelet/config.yaml'), (text) =>
          text.replace('clusterDomain: cluster.local', 'clusterDomain: other.local'),
        ),
      found: ['w2 /var/lib/kubelet/config.yaml'],
    },
    'cgroup-drivers-differ': {
      make: (at, edit) =>
        edit(at('w2', '/var/lib/kubelet/config.yaml'), (text) =>
          text.replace('cgroupDriver: systemd', 'cgroupDriver: cgroupfs'),
        ),
      found: ['w2 /var/lib/kubelet/config.yaml'],
    },
  };

  test('every defect of the table has a fault here', () => {
    expect(Object.keys(rows).sort()).toEqual(defectRows.map(({ id }) => id).sort());
  });

  test.each(Object.entries(rows))('with one fault: %s', (id, { make, found }) => {
    const path = temporaryFolder();
    cpSync(good, path, { recursive: true });
    const at = (host: string, file: string) => join(path, host, 'rootfs', file);
    make(at, (file, change) => {
      const before = readFileSync(file, 'utf8');
      const after = change(before);
      expect(after).not.toBe(before);
      writeFileSync(file, after);
    });
    const own = faults(audited(path)).filter(({ check }) => check.id === id);
    const places = [...new Set(own.map(({ host, file }) => `${host} ${file}`))];
    rmSync(path, { recursive: true });
    expect(places.sort()).toEqual([...found].sort());
    for (const { message } of own) expect(message).not.toMatch(/PRIVATE KEY/);
  });
});

describe('what was not copied', () => {
  const hosts = kubeasz() as Readonly<Record<string, Readonly<Record<string, string>>>>;
  const without = (host: string, left: RegExp) => {
    const kept = Object.entries(hosts[host] ?? {}).filter(([path]) => !left.test(path));
    expect(kept.length).toBeLessThan(Object.keys(hosts[host] ?? {}).length);
    return audited(writeHosts(temporaryFolder(), { ...hosts, [host]: Object.fromEntries(kept) }), '1.28.2');
  };
  const whole = audited(writeHosts(temporaryFolder(), hosts), '1.28.2');

  test.each([
    ['networks-differ', 'worker-01', /kubelet\/config\.yaml|kubelet-config\.yaml/],
    ['no-all-alpha-feature-gates', 'worker-01', /kubelet\/config\.yaml|kubelet-config\.yaml/],
    ['etcd-untrusted', 'master-01', /\/ca\.pem$/],
    ['signing-pair-broken', 'master-01', /\/ca-key\.pem$/],
  ])('lets %s pass no more', (id, host, left) => {
    expect(statusOf(whole, id, host)).toEqual(['pass']);
    expect(statusOf(without(host, left), id, host)).toEqual(['notApplicable']);
  });

  test('an API server that has no front proxy is not one that lets it in', () => {
    expect(statusOf(whole, 'front-proxy-refused', 'master-01')).toEqual(['notApplicable']);
  });

  test('of two cgroup drivers leaves nothing to compare', () => {
    const own = { ...hosts['worker-01'], '/etc/containerd/config.toml': 'SystemdCgroup = true\n' };
    const told = writeHosts(temporaryFolder(), { ...hosts, 'worker-01': own });
    expect(statusOf(audited(told, '1.28.2'), 'cgroup-drivers-differ', 'worker-01')).toEqual(['pass']);
    expect(
      statusOf(
        without('worker-01', /kubelet\/config\.yaml|kubelet-config\.yaml/),
        'cgroup-drivers-differ',
        'worker-01',
      ),
    ).toEqual(['notApplicable']);
  });
});
