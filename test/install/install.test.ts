import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  DEFAULT_FILES,
  DEFAULT_STATEMENTS,
  type FileEntry,
  HOSTS_BLOCK,
  isRoot,
  makeBundle,
  makeRoot,
  read,
  run,
  stamps,
  sumUp,
  tree,
} from './bundle.ts';

const changed: readonly FileEntry[] = DEFAULT_FILES.map((f) =>
  f.path === '/etc/default/etcd' ? { ...f, content: 'ETCD_NAME=other\n', mode: '0640' } : f,
);
const without = (path: string): readonly FileEntry[] => DEFAULT_FILES.filter((f) => f.path !== path);

let bundle = '';
beforeAll(() => {
  bundle = makeBundle();
});

describe('command line', () => {
  it.each([
    [['frobnicate']],
    [['--frobnicate']],
    [['install', 'verify']],
    [['--root']],
    [['--root', '/no/such/folder']],
    [['--root', '/']],
    [['status', '--root', '/tmp']],
    [['install', '--purge-data']],
    [['uninstall', '--purge-data']],
  ])('%j is wrong usage', (args) => {
    const { status, out } = run(bundle, args);
    expect(out).toMatch(/^error: /);
    expect(status).toBe(2);
  });

  it('--help prints every verb and option', () => {
    const { status, out } = run(bundle, ['--help']);
    expect(status).toBe(0);
    for (const word of [
      'preflight',
      'rollback',
      '--dry-run',
      '--purge-data',
      '--install-packages',
      '--root',
    ]) {
      expect(out).toContain(word);
    }
  });

  it('a wait that is no number is wrong usage', () => {
    expect(run(bundle, ['preflight'], { HARDWAY_WAIT_SECONDS: '$(id)' }).status).toBe(2);
  });
});

describe('install', () => {
  it('puts every file in place with mode, and enables the unit', () => {
    const root = makeRoot();
    const { status, out } = run(bundle, ['--root', root]);
    expect(out).toContain('nothing was started');
    expect(status).toBe(0);
    for (const file of DEFAULT_FILES.filter((f) => f.kind !== 'block')) {
      expect(read(root, file.path)).toBe(file.content);
      expect(statSync(join(root, file.path)).mode & 0o777).toBe(Number.parseInt(file.mode ?? '0644', 8));
    }
    expect(read(root, '/etc/hosts')).toBe(`127.0.0.1 localhost\n${HOSTS_BLOCK}`);
    expect(existsSync(join(root, 'etc/systemd/system/multi-user.target.wants'))).toBe(true);
    expect(statSync(join(root, 'var/lib/hardway/receipt')).mode & 0o777).toBe(0o600);
    expect(read(root, '/var/lib/hardway/receipt')).toContain('0600 etcd:etcd /etc/etcd/pki/server.key');
    expect(run(bundle, ['verify', '--root', root]).status).toBe(0);
  });

  it.runIf(isRoot)('gives files to the users it makes', () => {
    const root = makeRoot();
    run(bundle, ['--root', root]);
    expect(read(root, '/etc/passwd')).toMatch(/^etcd:x:999:999::\/var\/lib\/etcd:\/usr\/sbin\/nologin$/m);
    expect(statSync(join(root, 'etc/etcd/pki/server.key')).uid).toBe(999);
    expect(statSync(join(root, 'etc/etcd/pki')).gid).toBe(999);
  });

  it('twice is once: no inode and no time changes', () => {
    const root = makeRoot();
    run(bundle, ['--root', root]);
    const before = stamps(root);
    const { status, out } = run(bundle, ['--root', root]);
    expect(status).toBe(0);
    expect(out).toContain('0 created, 0 changed, 0 removed');
    expect(stamps(root)).toEqual(before);
  });

  it('touches only the file that changed', () => {
    const root = makeRoot();
    run(bundle, ['--root', root]);
    const before = stamps(root);
    run(makeBundle({ files: changed }), ['--root', root]);
    const after = stamps(root);
    const touched = Object.keys(before).filter(
      (path) =>
        before[path] !== after[path] && !path.startsWith('/var/lib/hardway') && path !== '/etc/default',
    );
    expect(touched).toEqual(['/etc/default/etcd']);
  });

  it('removes what the new bundle no longer has, and a rollback brings it back', () => {
    const root = makeRoot();
    run(bundle, ['--root', root]);
    const before = tree(root);
    const smaller = makeBundle({
      files: without('/etc/systemd/system/etcd.service')
        .filter((f) => f.path !== '/etc/hosts')
        .map((f) => ({ ...f, units: '-' })),
      statements: DEFAULT_STATEMENTS.filter((s) => !s.startsWith('unit etcd')),
    });
    expect(run(smaller, ['--root', root]).status).toBe(0);
    expect(existsSync(join(root, 'etc/systemd/system/etcd.service'))).toBe(false);
    expect(readdirSync(join(root, 'etc/systemd/system/multi-user.target.wants'))).toEqual([]);
    expect(read(root, '/etc/hosts')).toBe('127.0.0.1 localhost\n');
    expect(run(smaller, ['rollback', '--root', root]).status).toBe(0);
    expect(tree(root)).toEqual(before);
  });

  it('repairs mode and content that somebody changed', () => {
    const root = makeRoot();
    run(bundle, ['--root', root]);
    const before = tree(root);
    chmodSync(join(root, 'etc/etcd/pki/server.key'), 0o644);
    chmodSync(join(root, 'etc/etcd/pki'), 0o777);
    appendFileSync(join(root, 'etc/kubernetes/config'), 'x');
    const verify = run(bundle, ['verify', '--root', root]);
    expect(verify.status).toBe(1);
    expect(verify.out.match(/^verify: \//gm)).toHaveLength(3);
    expect(verify.out).not.toContain('a key');
    run(bundle, ['--root', root]);
    expect(tree(root)).toEqual(before);
  });

  it('--dry-run says what would change and changes nothing', () => {
    const root = makeRoot();
    const before = stamps(root);
    const { status, out } = run(bundle, ['--dry-run', '--root', root]);
    expect(status).toBe(0);
    expect(out).toContain('create /etc/default/etcd');
    expect(out).toContain('would restart etcd.service');
    expect(stamps(root)).toEqual(before);
    run(bundle, ['--root', root]);
    const installed = stamps(root);
    for (const verb of ['install', 'rollback', 'uninstall']) {
      expect(run(makeBundle({ files: changed }), [verb, '--dry-run', '--root', root]).status).toBe(0);
    }
    expect(stamps(root)).toEqual(installed);
  });

  it('--set-hostname names the host, and a rollback gives the old name back', () => {
    const root = makeRoot();
    writeFileSync(join(root, 'etc/hostname'), 'template\n');
    const before = tree(root);
    expect(run(bundle, ['--root', root]).status).toBe(1);
    expect(run(bundle, ['--set-hostname', '--root', root]).status).toBe(0);
    expect(read(root, '/etc/hostname')).toBe('node01\n');
    run(bundle, ['rollback', '--root', root]);
    expect(tree(root)).toEqual(before);
  });
});

describe('rollback', () => {
  it('restores bytes, mode and absence, one transaction after the other', () => {
    const root = makeRoot('127.0.0.1 localhost');
    mkdirSync(join(root, 'etc/default'));
    writeFileSync(join(root, 'etc/default/etcd'), 'of the host\r\n\0\xff', 'latin1');
    chmodSync(join(root, 'etc/default/etcd'), 0o604);
    const original = tree(root);
    run(bundle, ['--root', root]);
    const first = tree(root);
    run(makeBundle({ files: changed }), ['--root', root]);
    expect(tree(root)).not.toEqual(first);
    expect(run(bundle, ['rollback', '--root', root]).status).toBe(0);
    expect(tree(root)).toEqual(first);
    expect(run(bundle, ['rollback', '--root', root]).status).toBe(0);
    expect(tree(root)).toEqual(original);
    expect(run(bundle, ['rollback', '--root', root]).out).toContain('nothing to roll back');
  });

  it('keeps what was edited in the file of a block since', () => {
    const root = makeRoot();
    run(bundle, ['--root', root]);
    appendFileSync(join(root, 'etc/hosts'), '10.9.9.9 mine\n');
    run(bundle, ['rollback', '--root', root]);
    expect(read(root, '/etc/hosts')).toBe('127.0.0.1 localhost\n10.9.9.9 mine\n');
  });

  it('restores a link that a file of ours had replaced', () => {
    const root = makeRoot();
    mkdirSync(join(root, 'etc/default'));
    symlinkSync('../hostname', join(root, 'etc/default/etcd'));
    const before = tree(root);
    run(bundle, ['--root', root]);
    expect(read(root, '/etc/hostname')).toBe('node01\n');
    run(bundle, ['rollback', '--root', root]);
    expect(tree(root)).toEqual(before);
  });

  it('refuses another host’s bundle', () => {
    const root = makeRoot();
    run(bundle, ['--root', root]);
    for (const verb of ['rollback', 'uninstall']) {
      expect(run(makeBundle({ host: 'node02' }), [verb, '--yes', '--root', root]).status).toBe(2);
    }
    expect(run(bundle, ['verify', '--root', root]).status).toBe(0);
  });
});

describe('uninstall', () => {
  it('asks, so it refuses without a terminal and without --yes', () => {
    const root = makeRoot();
    run(bundle, ['--root', root]);
    const before = stamps(root);
    const { status, out } = run(bundle, ['uninstall', '--root', root]);
    expect(status).toBe(2);
    expect(out).toContain('--yes');
    expect(stamps(root)).toEqual(before);
  });

  it('leaves nothing of ours when there is no data', () => {
    const root = makeRoot();
    const before = tree(root);
    run(bundle, ['--root', root]);
    expect(run(bundle, ['uninstall', '--yes', '--root', root]).status).toBe(0);
    expect(tree(root)).toEqual(before);
    expect(existsSync(join(root, 'var/lib/hardway'))).toBe(false);
    expect(read(root, '/etc/passwd')).toBe('root:x:0:0:root:/root:/bin/bash\n');
    expect(run(bundle, ['uninstall', '--yes', '--root', root]).out).toContain('nothing is installed');
  });

  it('keeps data and its owner until --purge-data --yes', () => {
    const root = makeRoot();
    run(bundle, ['--root', root]);
    mkdirSync(join(root, 'var/lib/etcd/k8s-etcd/member'));
    const { out } = run(bundle, ['uninstall', '--yes', '--root', root]);
    expect(out).toContain('kept: /var/lib/etcd/k8s-etcd');
    expect(existsSync(join(root, 'var/lib/etcd/k8s-etcd/member'))).toBe(true);
    expect(existsSync(join(root, 'etc/default/etcd'))).toBe(false);
    expect(run(bundle, ['uninstall', '--purge-data', '--yes', '--root', root]).status).toBe(0);
    expect(existsSync(join(root, 'var/lib/etcd/k8s-etcd'))).toBe(false);
    expect(existsSync(join(root, 'var/lib/hardway'))).toBe(false);
  });

  it('removes what a daemon made when the manifest says so', () => {
    const root = makeRoot();
    const other = makeBundle({
      statements: [
        ...DEFAULT_STATEMENTS,
        'dir 0700 root:root /etc/kubernetes',
        'dir 0700 root:root /etc/kubernetes/auth',
        'generated /etc/kubernetes/auth/kubelet.conf',
      ],
    });
    run(other, ['--root', root]);
    writeFileSync(join(root, 'etc/kubernetes/auth/kubelet.conf'), 'x');
    run(other, ['uninstall', '--yes', '--root', root]);
    expect(existsSync(join(root, 'etc/kubernetes'))).toBe(false);
  });
});

describe('blocks', () => {
  const old = '# BEGIN hardway\nold\n# END hardway\n';
  it.each([
    ['no newline at the end', 'a', `a\n${HOSTS_BLOCK}`],
    ['an empty file', '', HOSTS_BLOCK],
    ['one in the middle', `a\n${old}b`, `a\n${HOSTS_BLOCK}b`],
    ['several', `a\n${old}b\n${old}c\n`, `a\n${HOSTS_BLOCK}b\nc\n`],
    ['CRLF', `a\r\n${old.replaceAll('\n', '\r\n')}b\r\n`, `a\r\n${HOSTS_BLOCK}b\r\n`],
    ['bytes that are no text', 'a\xff\xfe\tb \n', `a\xff\xfe\tb \n${HOSTS_BLOCK}`],
    ['a word that only begins like a mark', '# BEGIN hardways\n', `# BEGIN hardways\n${HOSTS_BLOCK}`],
  ])('%s', (_name, hosts, wanted) => {
    const root = makeRoot();
    writeFileSync(join(root, 'etc/hosts'), hosts, 'latin1');
    chmodSync(join(root, 'etc/hosts'), 0o664);
    expect(run(bundle, ['--root', root]).status).toBe(0);
    expect(read(root, '/etc/hosts')).toBe(wanted);
    expect(statSync(join(root, 'etc/hosts')).mode & 0o777).toBe(0o664);
    expect(run(bundle, ['--root', root]).out).toContain('0 changed');
    run(bundle, ['rollback', '--root', root]);
    expect(read(root, '/etc/hosts')).toBe(hosts);
  });

  it.each(['# BEGIN hardway\n', '# END hardway\n', '# BEGIN hardway\n# BEGIN hardway\n# END hardway\n'])(
    'refuses half a block: %j',
    (hosts) => {
      const root = makeRoot(hosts);
      const before = stamps(root);
      const { status, out } = run(bundle, ['--root', root]);
      expect(out).toContain('without its other end');
      expect(status).toBe(1);
      expect(stamps(root)).toEqual(before);
    },
  );

  it('makes the file when there is none, and edits what a link names', () => {
    const bare = makeRoot();
    rmSync(join(bare, 'etc/hosts'));
    const before = tree(bare);
    run(bundle, ['--root', bare]);
    expect(read(bare, '/etc/hosts')).toBe(HOSTS_BLOCK);
    run(bundle, ['rollback', '--root', bare]);
    expect(tree(bare)).toEqual(before);

    const linked = makeRoot();
    rmSync(join(linked, 'etc/hosts'));
    writeFileSync(join(linked, 'etc/hosts.real'), 'a\n');
    symlinkSync('hosts.real', join(linked, 'etc/hosts'));
    run(bundle, ['--root', linked]);
    expect(tree(linked)['/etc/hosts']).toBe('link hosts.real');
    expect(read(linked, '/etc/hosts.real')).toBe(`a\n${HOSTS_BLOCK}`);
  });

  it('never follows a link out of --root', () => {
    const outside = makeRoot();
    const before = tree(outside);
    const root = makeRoot();
    rmSync(join(root, 'etc/hosts'));
    symlinkSync(join(outside, 'etc/hosts'), join(root, 'etc/hosts'));
    expect(run(bundle, ['--root', root]).status).toBe(3);
    rmSync(join(root, 'etc/hosts'));
    symlinkSync(outside, join(root, 'etc/default'));
    expect(run(bundle, ['--root', root]).status).toBe(3);
    expect(tree(outside)).toEqual(before);
  });
});

describe('preflight', () => {
  it('lists every problem at once, each with a fix, and changes nothing', () => {
    const root = makeRoot('10.9.9.9 node01\n127.0.1.1 node01\n');
    writeFileSync(join(root, 'etc/hostname'), 'other\n');
    mkdirSync(join(root, 'var/lib/etcd/k8s-etcd/member'), { recursive: true });
    mkdirSync(join(root, 'etc/default/etcd'), { recursive: true });
    const before = stamps(root);
    const wrong = makeBundle({
      arch: 'arm64',
      statements: [...DEFAULT_STATEMENTS, 'space /var/lib 999999999'],
    });
    for (const verb of ['preflight', 'install']) {
      const { status, out } = run(wrong, [verb, '--root', root]);
      expect(status).toBe(1);
      for (const text of [
        "wrong host: this machine is called 'other'",
        'wrong architecture',
        'too little space',
        '/etc/default/etcd is a folder',
        'line 1 gives node01 the address 10.9.9.9',
        'warning: /etc/hosts, line 2 gives node01',
        'holds etcd data of an unknown cluster',
      ]) {
        expect(out).toContain(text);
      }
      expect(out.match(/problem: /g)?.length).toBe(out.match(/problem: .*\n {2}fix: /g)?.length);
    }
    expect(stamps(root)).toEqual(before);
  });

  it('accepts the etcd data of its own cluster, and refuses another cluster’s', () => {
    const root = makeRoot();
    run(bundle, ['--root', root]);
    mkdirSync(join(root, 'var/lib/etcd/k8s-etcd/member'));
    expect(run(bundle, ['preflight', '--root', root]).status).toBe(0);
    const other = makeBundle({ statements: [...DEFAULT_STATEMENTS, 'cluster-id other'] });
    const { status, out } = run(other, ['--root', root]);
    expect(status).toBe(1);
    expect(out).toContain('etcd data of kubernetes, and this is other');
  });

  it('names missing programs and binaries with the command that installs them', () => {
    const root = makeRoot();
    const lacking = makeBundle({
      statements: [...DEFAULT_STATEMENTS, 'command ipset ipset ipset', 'binary /usr/local/bin/etcd 3.4.13'],
    });
    const { out } = run(lacking, ['preflight', '--root', root]);
    expect(out).toMatch(/programs are missing: ipset\n {2}fix: (apt-get|dnf|yum) install -y ipset/);
    expect(out).toContain('/usr/local/bin/etcd is missing');
  });
});

describe('integrity', () => {
  const refused = (forge: (dir: string) => void): string => {
    const forged = makeBundle();
    forge(forged);
    const root = makeRoot();
    const before = stamps(root);
    const { status, out } = run(forged, ['--root', root]);
    expect(out).toContain('this bundle is not whole');
    expect(status).toBe(2);
    expect(stamps(root)).toEqual(before);
    return out;
  };
  const edit = (path: string, change: (text: string) => string) => (dir: string) =>
    writeFileSync(join(dir, path), change(readFileSync(join(dir, path), 'latin1')), 'latin1');

  it('refuses one flipped byte in any file', () => {
    for (const path of ['manifest', ...DEFAULT_FILES.map((f) => `rootfs${f.path}`)]) {
      refused(edit(path, (text) => `${text.slice(0, -2)}${text.at(-2) === '0' ? '1' : '0'}\n`));
    }
  });

  it.each<[string, (dir: string) => void]>([
    ['no sums', (dir) => rmSync(join(dir, 'SHA256SUMS'))],
    ['no manifest', (dir) => rmSync(join(dir, 'manifest'))],
    ['a missing file', (dir) => rmSync(join(dir, 'rootfs/etc/default/etcd'))],
    ['a surplus file', (dir) => writeFileSync(join(dir, 'rootfs/etc/surplus'), '')],
    [
      'a surplus file that is summed up',
      (dir) => {
        writeFileSync(join(dir, 'rootfs/etc/surplus'), '');
        sumUp(dir);
      },
    ],
    ['a link', (dir) => symlinkSync('/etc/passwd', join(dir, 'rootfs/etc/passwd'))],
    ['a path with ..', edit('SHA256SUMS', (t) => t.replace('rootfs/etc', 'rootfs/../etc'))],
    ['a sum of something else', edit('SHA256SUMS', (t) => `${t}${'0'.repeat(64)}  install.sh\n`)],
    [
      'half a block',
      (dir) => {
        edit('rootfs/etc/hosts', (t) => t.replace('# END hardway', ''))(dir);
        sumUp(dir);
      },
    ],
  ])('refuses %s', (_name, forge) => {
    refused(forge);
  });

  it.each([
    'frobnicate x',
    'role',
    'role $(id)',
    'role `id`',
    "role 'x'",
    'role "x"',
    'role a\\b',
    'role a  b',
    'role a ',
    'role a\tb',
    'role *',
    'role --help',
    'unit --now.service enable',
    'unit $(id).service enable',
    'unit etcd2.service sometimes',
    'data /',
    'data /var/lib',
    'data /usr/bin',
    'data /var/../etc',
    'data /var/lib/hardway',
    'dir 0755 root:root /etc/../root',
    'dir 0755 root:root relative',
    'dir 4755 root:root /etc/x',
    'dir 755 root:root /etc/x',
    'dir 0755 root /etc/x',
    'dir 0755 root:root /etc//x',
    'dir 0755 root:root /etc/./x',
    'dir 0755 root:root /etc/x/',
    'file 0644 root:root /etc/none -',
    'file 0644 root:root /etc/kubernetes/config -',
    'file 0644 root:root /etc/kubernetes/../config -',
    'port tcp 65536 etcd.service',
    'port udp 53 etcd.service',
    'user Root /root',
    'user root;id /root',
    'binary ../../bin/sh -',
    'module ../x required',
    'module -r required',
    'peer e2 10.0.0.2;id 2380',
    'host node02',
  ])('refuses the statement %j', (statement) => {
    refused((dir) => {
      appendFileSync(join(dir, 'manifest'), `${statement}\n`);
      sumUp(dir);
    });
  });

  it('refuses a file that names a unit without a statement, and another format', () => {
    refused((dir) => {
      edit('manifest', (t) => t.replace('/etc/kubernetes/config -', '/etc/kubernetes/config nobody.service'))(
        dir,
      );
      sumUp(dir);
    });
    refused((dir) => {
      edit('manifest', (t) => t.replace('hardway-manifest 1', 'hardway-manifest 2'))(dir);
      sumUp(dir);
    });
  });
});
