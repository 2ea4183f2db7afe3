// What install.sh must not touch: the host's own files, users and data, other clusters' data, whatever
// is interrupted, and what lies outside of --root.
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_FILES,
  DEFAULT_STATEMENTS,
  isRoot,
  killedWhen,
  makeBundle,
  makeRoot,
  put,
  read,
  run,
  stamps,
  temporaryFolder,
  tree,
} from './bundle.ts';
import { canMount, makeLiveHost } from './live.ts';

const CERTIFICATE = '/var/lib/kubelet/pki/current.pem';
const CONFIG = '/etc/kubernetes/auth/kubelet.conf';
const withGenerated = makeBundle({
  statements: [
    ...DEFAULT_STATEMENTS,
    'dir 0755 root:root /etc/kubernetes',
    'dir 0700 root:root /etc/kubernetes/auth',
    `generated ${CONFIG}`,
    `generated ${CERTIFICATE}`,
  ],
});

describe('what a daemon of the host’s own had made', () => {
  const ownKubelet = (): string => {
    const root = makeRoot();
    put(root, CONFIG, 'of the host\n');
    // As our bundle wants it: the mode of a folder comes back with rollback only.
    chmodSync(join(root, dirname(CONFIG)), 0o700);
    put(root, '/var/lib/kubelet/pki/old.pem', 'a key\n');
    symlinkSync('old.pem', join(root, CERTIFICATE));
    return root;
  };

  it('comes back with the rollback of the first install, also when ours has written there since', () => {
    const root = ownKubelet();
    const before = tree(root);
    run(withGenerated, ['--root', root]);
    put(root, CONFIG, 'of our daemon\n');
    expect(run(withGenerated, ['rollback', '--dry-run', '--root', root]).out).not.toContain(
      `remove ${CONFIG}`,
    );
    expect(run(withGenerated, ['rollback', '--root', root]).status).toBe(0);
    expect(tree(root)).toEqual(before);
  });

  it.each(['rollback', 'uninstall'])('is left alone by the %s of an install that was interrupted', (verb) => {
    const root = ownKubelet();
    const before = tree(root);
    const env = killedWhen(`[[ -e ${root}/etc/default/etcd ]]`);
    expect(run(withGenerated, ['--root', root], env).signal).toBe('SIGKILL');
    expect(run(withGenerated, [verb, '--yes', '--root', root]).status).toBe(0);
    expect(tree(root)).toEqual(before);
  });

  it('is left alone by the rollback of an install that was killed before its journal said anything', () => {
    const root = ownKubelet();
    const before = tree(root);
    // No user to make: the first change is among the folders, which are gathered.
    const bundle = makeBundle({
      statements: [
        'role worker',
        'dir 0755 root:root /etc/kubernetes/addons',
        `generated ${CONFIG}`,
        `generated ${CERTIFICATE}`,
      ],
      files: DEFAULT_FILES.filter(({ path }) => path.startsWith('/etc/kubernetes/')),
    });
    const env = killedWhen(`[[ -e ${root}/var/lib/hardway/backups/0001/state ]]`);
    expect(run(bundle, ['--root', root], env).signal).toBe('SIGKILL');
    expect(run(bundle, ['rollback', '--root', root]).status).toBe(0);
    expect(tree(root)).toEqual(before);
  });

  it('is backed up as well by another bundle that ends an interrupted install', () => {
    const root = ownKubelet();
    const before = tree(root);
    run(makeBundle(), ['--root', root], killedWhen(`[[ -e ${root}/etc/default/etcd ]]`));
    expect(run(withGenerated, ['--root', root]).status).toBe(0);
    put(root, CONFIG, 'of our daemon\n');
    expect(run(withGenerated, ['rollback', '--root', root]).status).toBe(0);
    expect(tree(root)).toEqual(before);
  });

  it('what only ours has made goes away', () => {
    const root = makeRoot();
    const before = tree(root);
    run(withGenerated, ['--root', root]);
    put(root, CONFIG, 'of our daemon\n');
    run(withGenerated, ['rollback', '--root', root]);
    expect(tree(root)).toEqual(before);
  });
});

describe('files that an interrupted install never reached', () => {
  // /etc/default/etcd comes first, and /etc/kubernetes/config after it.
  const interrupted = (): { root: string; before: Record<string, string> } => {
    const root = makeRoot();
    put(root, '/etc/default/etcd', 'of the host: replaced\n');
    put(root, '/etc/kubernetes/config', 'of the host: not reached\n');
    put(root, '/etc/modules-load.d/11-k8s-modules-local.conf', 'of the host\n');
    const before = tree(root);
    const env = killedWhen(`read -r __line <${root}/etc/default/etcd && [[ $__line == ETCD_NAME* ]]`);
    expect(run(makeBundle(), ['--root', root], env).signal).toBe('SIGKILL');
    expect(read(root, '/etc/default/etcd')).toContain('ETCD_NAME');
    return { root, before };
  };

  it('stay when it is uninstalled, and what it had replaced comes back', () => {
    const { root, before } = interrupted();
    const { status, out } = run(makeBundle(), ['uninstall', '--yes', '--root', root]);
    expect(status, out).toBe(0);
    expect(tree(root)).toEqual(before);
    expect(existsSync(join(root, 'var/lib/hardway'))).toBe(false);
  });

  it('stay when that uninstall is killed while it takes the backups away', () => {
    const { root, before } = interrupted();
    const env = killedWhen(`[[ ! -d ${root}/var/lib/hardway/backups ]]`);
    expect(run(makeBundle(), ['uninstall', '--yes', '--root', root], env).signal).toBe('SIGKILL');
    expect(run(makeBundle(), ['uninstall', '--yes', '--root', root]).status).toBe(0);
    expect(tree(root)).toEqual(before);
  });

  it('stay when a bundle without them is installed next', () => {
    const { root } = interrupted();
    const smaller = makeBundle({ files: DEFAULT_FILES.filter((f) => f.path !== '/etc/kubernetes/config') });
    expect(run(smaller, ['--root', root]).status).toBe(0);
    expect(read(root, '/etc/kubernetes/config')).toBe('of the host: not reached\n');
    expect(run(smaller, ['rollback', '--root', root]).status).toBe(0);
    expect(read(root, '/etc/default/etcd')).toBe('of the host: replaced\n');
  });

  it.runIf(canMount)('neither is a unit of the distribution’s own stopped or disabled', () => {
    const host = makeLiveHost();
    put(host.root, '/etc/systemd/system/etcd.service', 'of the distribution\n');
    host.set('enabled.etcd.service', '');
    host.set('state.etcd.service', 'active\n');
    const bundle = makeBundle();
    const env = killedWhen('read -r __line </etc/default/etcd && [[ $__line == ETCD_NAME* ]]');
    expect(host.run(bundle, [], { env }).status).not.toBe(0);
    host.calls();
    expect(host.run(bundle, ['uninstall', '--yes']).status).toBe(0);
    expect(host.calls()).toEqual(['daemon-reload']);
    expect(read(host.root, '/etc/systemd/system/etcd.service')).toBe('of the distribution\n');
  });
});

describe('folders that a link makes one', () => {
  it('take the files of both, also the second time', () => {
    const root = makeRoot();
    mkdirSync(join(root, 'etc/kubernetes/pki'), { recursive: true });
    symlinkSync('pki', join(root, 'etc/kubernetes/auth'));
    const bundle = makeBundle({
      files: [
        { path: '/etc/kubernetes/auth/admin.conf', content: 'a\n' },
        { path: '/etc/kubernetes/pki/ca.crt', content: 'b\n' },
      ],
      statements: ['role control-plane'],
    });
    const first = run(bundle, ['--root', root]);
    expect(first.status, first.out).toBe(0);
    expect(read(root, '/etc/kubernetes/pki/admin.conf')).toBe('a\n');
    expect(read(root, '/etc/kubernetes/auth/ca.crt')).toBe('b\n');
    const before = stamps(root);
    expect(run(bundle, ['--root', root]).status).toBe(0);
    expect(stamps(root)).toEqual(before);
  });
});

describe('data', () => {
  const DATA = 'var/lib/etcd/k8s-etcd';
  const kept = (): string => {
    const root = makeRoot();
    run(makeBundle(), ['--root', root]);
    mkdirSync(join(root, DATA, 'member'));
    expect(run(makeBundle(), ['uninstall', '--yes', '--root', root]).status).toBe(0);
    return root;
  };

  it('of another cluster, kept by an earlier uninstall, is not purged', () => {
    const root = kept();
    const other = makeBundle({ statements: [...DEFAULT_STATEMENTS, 'cluster-id other'] });
    const { out } = run(other, ['uninstall', '--purge-data', '--yes', '--root', root]);
    expect(out).toContain('belongs to cluster kubernetes');
    expect(existsSync(join(root, DATA, 'member'))).toBe(true);
    expect(run(makeBundle(), ['uninstall', '--purge-data', '--yes', '--root', root]).status).toBe(0);
    expect(existsSync(join(root, DATA))).toBe(false);
    expect(existsSync(join(root, 'var/lib/hardway'))).toBe(false);
  });

  it('is not purged by another host’s bundle', () => {
    const root = kept();
    const before = stamps(root);
    const { status } = run(makeBundle({ host: 'node02' }), [
      'uninstall',
      '--purge-data',
      '--yes',
      '--root',
      root,
    ]);
    expect(status).toBe(2);
    expect(stamps(root)).toEqual(before);
  });

  it('that only an interrupted install named is not purged', () => {
    const root = makeRoot();
    mkdirSync(join(root, DATA), { recursive: true });
    writeFileSync(join(root, DATA, 'of the host'), '');
    run(makeBundle(), ['--root', root], killedWhen(`[[ -e ${root}/etc/default/etcd ]]`));
    expect(run(makeBundle(), ['uninstall', '--purge-data', '--yes', '--root', root]).status).toBe(0);
    expect(existsSync(join(root, DATA, 'of the host'))).toBe(true);
  });
});

describe.runIf(isRoot)('users and groups', () => {
  it('a group that was there before us stays, with its number and members', () => {
    const root = makeRoot();
    appendFileSync(join(root, 'etc/group'), 'etcd:x:500:alice,bob\n');
    const before = read(root, '/etc/group');
    run(makeBundle(), ['--root', root]);
    expect(read(root, '/etc/passwd')).toContain('etcd:x:500:500:');
    expect(run(makeBundle(), ['uninstall', '--yes', '--root', root]).status).toBe(0);
    expect(read(root, '/etc/group')).toBe(before);
    expect(read(root, '/etc/passwd')).not.toContain('etcd');
  });

  it.runIf(canMount)('userdel does not take an empty group along that was there before us', () => {
    const host = makeLiveHost();
    appendFileSync(join(host.root, 'etc/group'), 'etcd:x:500:\n');
    put(host.root, '/etc/login.defs', 'USERGROUPS_ENAB yes\n');
    const bundle = makeBundle();
    expect(host.run(bundle, ['--no-start']).status).toBe(0);
    expect(read(host.root, '/etc/passwd')).toMatch(/^etcd:[^:]*:\d+:500:/m);
    expect(host.run(bundle, ['uninstall', '--yes']).status).toBe(0);
    expect(read(host.root, '/etc/group')).toMatch(/^etcd:x:500:$/m);
    expect(read(host.root, '/etc/passwd')).not.toContain('etcd');
  });

  it.each([
    ['a group that was made', '^etcd:', 'etc/group'],
    ['a user that was noted, and was not made', '^user.etcd', 'var/lib/hardway/created'],
  ])('%s goes with an uninstall after an interrupted install', (_, pattern, file) => {
    const root = makeRoot();
    const before = [read(root, '/etc/passwd'), read(root, '/etc/group')];
    const seen = `grep -qs ${pattern} ${join(root, file)}`;
    run(makeBundle(), ['--root', root], killedWhen(seen));
    expect(read(root, '/etc/group')).toMatch(/^etcd:/m);
    expect(read(root, '/etc/passwd')).not.toContain('etcd');
    expect(run(makeBundle(), ['uninstall', '--yes', '--root', root]).status).toBe(0);
    expect([read(root, '/etc/passwd'), read(root, '/etc/group')]).toEqual(before);
    expect(existsSync(join(root, 'var/lib/hardway'))).toBe(false);
  });

  it('a user without the group of that name gets it, and keeps all else', () => {
    const root = makeRoot();
    appendFileSync(join(root, 'etc/passwd'), 'etcd:x:500:100::/:/bin/false\n');
    const before = [read(root, '/etc/passwd'), read(root, '/etc/group')];
    const { status, out } = run(makeBundle(), ['--root', root]);
    expect(status, out).toBe(0);
    expect(read(root, '/etc/group')).toMatch(/^etcd:x:\d+:$/m);
    expect(statSync(join(root, 'etc/etcd/pki/server.key')).uid).toBe(500);
    run(makeBundle(), ['uninstall', '--yes', '--root', root]);
    expect([read(root, '/etc/passwd'), read(root, '/etc/group')]).toEqual(before);
  });

  it.runIf(canMount)('an image’s users survive a full $TMPDIR', () => {
    const root = makeRoot();
    const many = Array.from({ length: 4000 }, (_, i) => `user${i}:x:${i + 2000}:1::/home/user${i}:/bin/sh\n`);
    appendFileSync(join(root, 'etc/passwd'), many.join(''));
    const before = read(root, '/etc/passwd');
    run(makeBundle(), ['--root', root]);
    const small = temporaryFolder();
    const bundle = makeBundle();
    const { status, stderr } = spawnSync(
      'unshare',
      [
        '--mount',
        'bash',
        '-c',
        `mount -t tmpfs -o size=64k none ${small}; TMPDIR=${small} exec bash ${bundle}/install.sh uninstall --yes --root ${root}`,
      ],
      { encoding: 'utf8' },
    );
    expect(status).toBe(3);
    expect(stderr).toContain('error: ');
    expect(read(root, '/etc/passwd')).toContain(before);
    expect(run(bundle, ['uninstall', '--yes', '--root', root]).status).toBe(0);
    expect(read(root, '/etc/passwd')).toBe(before);
  });
});

describe('--root', () => {
  it.each(['var', 'var/lib', 'var/lib/hardway', 'var/log'])('a link out of it at %s is refused', (at) => {
    const outside = temporaryFolder();
    const root = temporaryFolder();
    put(root, 'etc/hostname', 'node01\n');
    mkdirSync(dirname(join(root, at)), { recursive: true });
    symlinkSync(outside, join(root, at));
    const { status, out } = run(makeBundle(), ['--root', root]);
    expect(out).toContain('leads out of');
    expect(status).toBe(3);
    expect(tree(outside)).toEqual({});
  });

  it('a folder’s link out of it does not lend our mode to what is outside', () => {
    const outside = temporaryFolder();
    mkdirSync(join(outside, 'x'), { mode: 0o755 });
    const root = makeRoot();
    mkdirSync(join(root, 'var/lib/etcd'));
    symlinkSync(join(outside, 'x'), join(root, 'var/lib/etcd/k8s-etcd'));
    expect(run(makeBundle(), ['--root', root]).status).toBe(3);
    expect(statSync(join(outside, 'x')).mode & 0o777).toBe(0o755);
  });
});
