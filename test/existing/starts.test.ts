/** How daemons are started: units, drop-ins, environment, static pods, and how systemd reads all that. */
import { describe, expect, test } from 'vitest';
import { flagsIn } from '../../src/tree/flags.ts';
import { startsOf } from '../../src/tree/starts.ts';
import { openTree } from '../../src/tree/tree.ts';
import { temporaryFolder, writeFiles } from './folder.ts';

function startsIn(files: Record<string, string>) {
  const folder = temporaryFolder();
  writeFiles(folder, files);
  return startsOf(openTree([{ at: '/', folder }]), 'node1.example');
}

/** `name=value file:line` of each flag of the only daemon. */
function flagsOf(files: Record<string, string>) {
  const [start, ...more] = startsIn(files);
  expect(more).toEqual([]);
  if (start === undefined) throw new Error('nothing is started');
  return flagsIn(start.program, start.words).map(
    ({ name, value, file, line }) => `${name}=${value} ${file.split('/').at(-1)}:${line}`,
  );
}

const kubelet = '/etc/systemd/system/kubelet.service';
const unit = (...lines: string[]) => ['[Service]', ...lines].join('\n');

describe('words of a unit', () => {
  test('stand on lines of their own, with comments between them', () => {
    const text = unit(
      'ExecStart=/usr/bin/kubelet \\',
      '  --v=2 \\',
      '# an explanation',
      '  --node-ip=192.0.2.1 \\',
      '',
      'Restart=always',
    );
    expect(flagsOf({ [kubelet]: text })).toEqual([
      'v=2 kubelet.service:3',
      'node-ip=192.0.2.1 kubelet.service:5',
    ]);
  });

  test('may be quoted, and flags may have their value in the next word', () => {
    const text = unit(
      `ExecStart=-/opt/kube/bin/kubelet "--node-labels=a=b c" '--v=3' --node-ip 192.0.2.1 --fail-swap-on --cloud_provider=none`,
    );
    expect(flagsOf({ [kubelet]: text }).map((flag) => flag.split(' kubelet')[0])).toEqual([
      'node-labels=a=b c',
      'v=3',
      'node-ip=192.0.2.1',
      'fail-swap-on=true',
      'cloud-provider=none',
    ]);
  });

  test('may stand in a command of a shell', () => {
    expect(flagsOf({ [kubelet]: unit(`ExecStart=/bin/sh -c "exec /usr/bin/kubelet --v=4"`) })).toEqual([
      'v=4 kubelet.service:2',
    ]);
  });
});

describe('variables', () => {
  const environment = [
    'A="--v=1 \\',
    '   --node-ip=192.0.2.1"',
    "B='--fail-swap-on=false'",
    'C=host',
    '',
  ].join('\n');

  test('alone become words, and in braces one; each says where its own text stands', () => {
    const text = unit(
      'EnvironmentFile=-/etc/default/kubelet',
      'ExecStart=/usr/bin/kubelet $A ${B} --hostname-override=${C} $D --root-dir=$C-$$x',
    );
    expect(flagsOf({ [kubelet]: text, '/etc/default/kubelet': environment })).toEqual([
      'v=1 kubelet:1',
      'node-ip=192.0.2.1 kubelet:2',
      'fail-swap-on=false kubelet:3',
      'hostname-override=host kubelet.service:3',
      'root-dir=host-$x kubelet.service:3',
    ]);
  });

  test('of files go before those of the unit, and files may be named by specifiers', () => {
    const text = unit(
      'EnvironmentFile=-/etc/default/%p',
      'Environment="C=unit" "A=--v=9"',
      'Environment=H=%H',
      'ExecStart=/usr/bin/kubelet $A --hostname-override=$C --node-labels=n=$H',
    );
    expect(
      flagsOf({ [kubelet]: text, '/etc/default/kubelet': 'C=file\n' }).map((flag) => flag.split(' ')[0]),
    ).toEqual(['v=9', 'hostname-override=file', 'node-labels=n=node1.example']);
  });
});

describe('units', () => {
  test('in /etc go before those of packages, and drop-ins change them', () => {
    const files = {
      '/usr/lib/systemd/system/kubelet.service': unit('ExecStart=/usr/bin/kubelet --v=1'),
      '/lib/systemd/system/kubelet.service': unit('ExecStart=/usr/bin/kubelet --v=2'),
      '/usr/lib/systemd/system/kubelet.service.d/10-a.conf': unit('Environment=X=--v=3'),
      '/etc/systemd/system/kubelet.service.d/20-b.conf': unit(
        'ExecStart=',
        'ExecStart=/usr/bin/kubelet $X --node-ip=192.0.2.1',
      ),
    };
    expect(flagsOf(files)).toEqual(['v=3 10-a.conf:2', 'node-ip=192.0.2.1 20-b.conf:3']);
  });

  test('are known by the program they start, whatever they are called', () => {
    const [start] = startsIn({
      '/etc/systemd/system/k8s-api.service': unit('ExecStart=/opt/kube/bin/kube-apiserver --v=2'),
    });
    expect(start?.program).toBe('kube-apiserver');
    expect(start?.units.map(({ name }) => name)).toEqual(['kube-apiserver.service']);
  });
});

describe('static pods', () => {
  const pod = [
    'apiVersion: v1',
    'kind: Pod',
    'spec:',
    '  containers:',
    '  - command:',
    '    - kube-apiserver',
    '    - --client-ca-file=/pki/ca.crt',
    '    args: [--v=2]',
    '    image: registry.k8s.io/kube-apiserver:v1.30.1',
    '    volumeMounts: [{ name: certs, mountPath: /pki }]',
    '  volumes: [{ name: certs, hostPath: { path: /etc/kubernetes/pki } }]',
  ].join('\n');

  test('have their flags line by line, with paths of the host', () => {
    expect(flagsOf({ '/etc/kubernetes/manifests/a.yaml': pod })).toEqual([
      'client-ca-file=/etc/kubernetes/pki/ca.crt a.yaml:7',
      'v=2 a.yaml:8',
    ]);
  });

  test('stand where the kubelet is told to look', () => {
    const files = {
      [kubelet]: unit('ExecStart=/usr/bin/kubelet --config=/etc/k.yaml'),
      '/etc/k.yaml': 'kind: KubeletConfiguration\nstaticPodPath: /srv/pods\n',
      '/srv/pods/a.yaml': pod,
    };
    expect(startsIn(files).map(({ program, kind }) => `${program} ${kind}`)).toEqual([
      'kube-apiserver static-pod',
      'kubelet unit',
    ]);
  });
});

test("kubeadm's kubelet is known without its unit, and that is said", () => {
  const [start] = startsIn({
    '/var/lib/kubelet/kubeadm-flags.env': 'KUBELET_KUBEADM_ARGS="--v=5"\n',
    '/etc/default/kubelet': 'KUBELET_EXTRA_ARGS=--node-ip=192.0.2.9\n',
  });
  expect(start?.kind).toBe('packaged');
  expect(start?.assumption).toMatch(/taken for granted/);
  expect(start?.words.map(({ text }) => text)).toEqual(
    expect.arrayContaining(['--v=5', '--node-ip=192.0.2.9', '--config=/var/lib/kubelet/config.yaml']),
  );
});
