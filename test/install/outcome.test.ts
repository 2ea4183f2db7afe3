// What a run says and ends with, and what it asks of the host before it begins.
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_FILES,
  DEFAULT_STATEMENTS,
  HOSTS_BLOCK,
  killedWhen,
  makeBundle,
  makeRoot,
  run,
  temporaryFolder,
  tree,
} from './bundle.ts';
import { canMount, makeLiveHost } from './live.ts';

const bundle = makeBundle();
const units = fileURLToPath(new URL('../../templates/etc/systemd/system', import.meta.url));

/** A script in a mount namespace of its own: what it prints, and lines of its making. */
const mounted = (script: string): string => {
  const { stdout, stderr } = spawnSync('unshare', ['--mount', 'bash', '-c', script], { encoding: 'utf8' });
  return stdout + stderr;
};

it('units wait without an end in words that systemd 219 knows', () => {
  for (const name of readdirSync(units).filter((file) => file.endsWith('.hbs')))
    expect(readFileSync(join(units, name), 'utf8'), name).not.toMatch(/^Timeout\w+=infinity/m);
});

it('a host called "host" is as good as any', () => {
  const root = makeRoot();
  writeFileSync(join(root, 'etc/hostname'), 'host\n');
  const { status, out } = run(makeBundle({ host: 'host' }), ['--root', root]);
  expect(status, out).toBe(0);
});

describe.runIf(canMount)('on a running system', () => {
  const more = [...DEFAULT_FILES, { path: '/etc/default/etcd-proxy', content: 'x\n', units: 'etcd.service' }];
  const restart = 'restart --no-block -- etcd.service';

  it('a file that goes away restarts the units it was for, and so does its return', () => {
    const host = makeLiveHost();
    host.run(makeBundle({ files: more }));
    host.calls();
    const noHosts = more.map((f) => (f.path === '/etc/hosts' ? { ...f, units: 'etcd.service' } : f));
    expect(host.run(bundle, ['--dry-run']).out).toContain('would restart etcd.service');
    host.run(bundle);
    expect(host.calls()).toEqual([restart]);
    host.run(bundle, ['rollback']);
    expect(host.calls()).toContain(restart);
    host.run(makeBundle({ files: noHosts }));
    host.calls();
    host.run(makeBundle({ files: more.filter((f) => f.path !== '/etc/hosts') }));
    expect(host.calls()).toContain(restart);
  });

  it('a clock that is set right does not end the wait', () => {
    const host = makeLiveHost();
    host.set('becomes.etcd.service', 'activating\n');
    const trap = join(temporaryFolder(), 'clock.sh');
    writeFileSync(trap, "set -T; trap '[[ -z ${WAITING-} ]] || SECONDS=999999' DEBUG\n");
    const before =
      '(until grep -q "^restart.*etcd" /run/fake/calls; do /bin/sleep 0.2; done; /bin/sleep 3; echo active >/run/fake/state.etcd.service) >/dev/null 2>&1 &';
    const { out } = host.run(bundle, [], { before, waitSeconds: 60, env: { BASH_ENV: trap } });
    expect(out).toContain('all units are active');
  });

  it('packages are installed with words that every package manager knows, and patience', () => {
    const host = makeLiveHost();
    host.tool('apt-get', '#!/bin/sh\necho "$*" >>/run/fake/apt\n');
    const lacking = makeBundle({ statements: [...DEFAULT_STATEMENTS, 'command no-such-program pkg pkg'] });
    const { status, out } = host.run(lacking, ['--install-packages', '--no-start']);
    expect(status, out).toBe(0);
    const [update, install] = readFileSync(join(host.root, 'run/fake/apt'), 'utf8').split('\n');
    expect(update).toContain('-o DPkg::Lock::Timeout=120 update');
    expect(install).toMatch(/^install -y .*-o DPkg::Lock::Timeout=120 pkg$/);
  });

  it('asks for all units, also behind one that systemd refuses, and ends in an error', () => {
    const host = makeLiveHost();
    const systemctl = readFileSync(join(host.root, 'tools/systemctl'), 'utf8');
    const refusing =
      'case "$*" in *"--no-block -- etcd.service"*) echo "Unit etcd.service is masked." >&2; exit 1 ;; esac\n';
    host.tool('systemctl', systemctl.replace('\n', `\n${refusing}`));
    const { status, out } = host.run(bundle);
    expect(status, out).toBe(3);
    expect(out).toContain('Unit etcd.service is masked.');
    expect(out).toContain('systemd refused one of etcd.service');
    expect(out).toContain('start kubernetes-addons.service');
  });

  it('a rollback restarts nothing when the install had changed nothing yet', () => {
    const host = makeLiveHost();
    expect(host.run(bundle).status).toBe(0);
    const changed = makeBundle({
      files: DEFAULT_FILES.map((file) =>
        file.path === '/etc/default/etcd' ? { ...file, content: 'ETCD_NAME=other\n' } : file,
      ),
    });
    const env = killedWhen('[[ -s /var/lib/hardway/backups/0002/entries ]]');
    expect(host.run(changed, [], { env }).status).not.toBe(0);
    expect(readFileSync(join(host.root, 'var/lib/hardway/pending'), 'utf8')).toContain('unit etcd.service');
    host.calls();
    const { status, out } = host.run(changed, ['rollback']);
    expect(status, out).toBe(0);
    expect(host.calls().filter((call) => /^(?:re)?start/.test(call))).toEqual([]);
  });

  it('flushes the file systems it wrote to, and no other', () => {
    const host = makeLiveHost();
    host.tool('sync', '#!/bin/sh\necho "sync $*" >>/run/fake/sync\nexec /bin/sync "$@"\n');
    host.run(bundle, ['--no-start']);
    host.run(bundle, ['rollback']);
    const calls = readFileSync(join(host.root, 'run/fake/sync'), 'utf8').split('\n');
    expect(calls).not.toContain('sync ');
    // Files before they are renamed into place, the end of the install, the end of the rollback.
    expect(calls.filter((call) => call.startsWith('sync -f -- /'))).toHaveLength(3);
  });

  it('labels what it puts in place where SELinux is on', () => {
    const host = makeLiveHost();
    host.tool('selinuxenabled', '#!/bin/sh\n');
    host.tool('restorecon', '#!/bin/sh\necho "$2" >>/run/fake/labels\n');
    host.run(bundle, ['--no-start']);
    const labels = readFileSync(join(host.root, 'run/fake/labels'), 'utf8').split('\n');
    for (const path of [...DEFAULT_FILES.map((f) => f.path), '/var/lib/etcd']) expect(labels).toContain(path);
  });

  it('a unit of one time that ended well after install.sh is remembered by status', () => {
    const host = makeLiveHost();
    host.run(bundle);
    rmSync(join(host.root, 'var/lib/hardway/once'));
    expect(host.run(bundle, ['status']).status).toBe(0);
    host.set('state.kubernetes-addons.service', 'inactive\n');
    expect(host.run(bundle, ['status']).status).toBe(0);
  });

  it('a wait of 090 seconds is one of 90', () => {
    const { status, out } = makeLiveHost().run(bundle, [], { env: { HARDWAY_WAIT_SECONDS: '090' } });
    expect(out).toContain('all units are active');
    expect(status).toBe(0);
  });

  it('names a peer that does not answer once', () => {
    const host = makeLiveHost();
    const waiting = makeBundle({
      statements: [
        ...DEFAULT_STATEMENTS,
        'unit other.service enable',
        'peer e2 127.0.0.1 1',
        'awaited etcd.service /var/lib/etcd/certificate',
      ],
    });
    host.set('becomes.other.service', 'activating\n');
    const { out } = host.run(waiting);
    expect(out).toContain('has no /var/lib/etcd/certificate yet');
    expect(out).toContain('not active yet: other.service');
    expect(out.match(/peer e2 .* does not answer/g)).toHaveLength(1);
  });
});

describe.runIf(canMount)('free space', () => {
  const place = makeBundle({ statements: [...DEFAULT_STATEMENTS, 'space /var/lib/kubelet 100'] });

  it('is measured where it is wanted, be it a mount point, or one with a blank', () => {
    const root = join(temporaryFolder(), 'a b');
    spawnSync('cp', ['-a', makeRoot(), root]);
    mkdirSync(join(root, 'var/lib/kubelet'));
    const out = mounted(
      `mount -t tmpfs -o size=1m none '${root}/var/lib/kubelet'; bash ${place}/install.sh preflight --root '${root}'; echo "status $?"`,
    );
    expect(out).toContain(`too little space on ${root}/var/lib/kubelet: 1 MiB free, 101 MiB wanted`);
    expect(out).toContain('status 1');
  });

  it('a run that would change nothing wants none', () => {
    const root = temporaryFolder();
    const small = makeBundle({ statements: [...DEFAULT_STATEMENTS, 'space /var/lib 1'] });
    const out = mounted(`mount -t tmpfs -o size=4m none ${root}; cp -a ${makeRoot()}/. ${root}
bash ${small}/install.sh --root ${root} | tail -n 1
head -c 8m /dev/zero >${root}/full 2>/dev/null; truncate -s -16k ${root}/full
bash ${small}/install.sh --root ${root}; echo "status $?"
bash ${place}/install.sh preflight --root ${root} | grep 'too little'`);
    expect(out).toContain('0 created, 0 changed, 0 removed');
    expect(out).toContain('status 0');
    expect(out).toContain('too little space');
  });
});

describe('preflight', () => {
  it('names what stands where a folder or a block goes, each once', () => {
    const root = makeRoot();
    rmSync(join(root, 'etc/hosts'));
    mkdirSync(join(root, 'etc/hosts'));
    writeFileSync(join(root, 'var/lib/etcd'), '');
    writeFileSync(join(root, 'etc/kubernetes'), '');
    const before = tree(root);
    const { status, out } = run(bundle, ['--root', root]);
    expect(status).toBe(1);
    for (const text of [
      '/etc/hosts is a folder, and a block goes into a file there',
      '/var/lib/etcd is not a folder',
      '/etc/kubernetes is not a folder',
    ])
      expect(out.split(text)).toHaveLength(2);
    expect(tree(root)).toEqual(before);
  });
});

describe('the end of a run', () => {
  it('that nobody foresaw is status 3 and says so', () => {
    const root = makeRoot();
    const { status, stderr } = spawnSync(
      'bash',
      ['-c', `exec bash ${bundle}/install.sh --root ${root} >/dev/full`],
      { encoding: 'utf8' },
    );
    expect(status).toBe(3);
    expect(stderr).toMatch(/^error: ended unexpectedly/m);
  });

  it('of a dry run says that it was one', () => {
    const root = makeRoot();
    run(bundle, ['--root', root]);
    const { out } = run(bundle, ['uninstall', '--dry-run', '--root', root]);
    expect(out).toMatch(/^dry run: 0 created, \d+ changed, [1-9]/m);
    expect(out).not.toContain('uninstalled');
  });

  it('--purge-data does not claim to have deleted what a link leads to', () => {
    const root = makeRoot();
    const disk = join(root, 'srv/disk');
    mkdirSync(join(root, 'srv/disk/member'), { recursive: true });
    mkdirSync(join(root, 'var/lib/etcd'));
    mkdirSync(join(root, 'var/lib/hardway'));
    appendFileSync(join(root, 'var/lib/hardway/data'), 'kubernetes /var/lib/etcd/k8s-etcd\n');
    symlinkSync('../../../srv/disk', join(root, 'var/lib/etcd/k8s-etcd'));
    expect(run(bundle, ['--root', root]).status).toBe(0);
    const { status, out } = run(bundle, ['uninstall', '--purge-data', '--yes', '--root', root]);
    expect(status, out).toBe(0);
    expect(out).toContain('kept /var/lib/etcd/k8s-etcd: it is a link to ../../../srv/disk');
    expect(out).not.toContain('(data)');
    expect(existsSync(join(disk, 'member'))).toBe(true);
  });

  it('a rollback gives /etc/hostname back byte for byte', () => {
    const root = makeRoot(`127.0.0.1 localhost\n${HOSTS_BLOCK}`);
    writeFileSync(join(root, 'etc/hostname'), 'Template', { mode: 0o640 });
    const before = tree(root);
    expect(run(bundle, ['--set-hostname', '--root', root]).status).toBe(0);
    expect(run(bundle, ['rollback', '--root', root]).status).toBe(0);
    expect(tree(root)).toEqual(before);
  });
});
