// Two runs at once, and kills in the moments that spread ones rarely meet.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_FILES, DEFAULT_STATEMENTS, killedWhen, makeBundle, makeRoot, run, tree } from './bundle.ts';
import { canMount, makeLiveHost } from './live.ts';

const bundle = makeBundle();
const changed = makeBundle({
  files: DEFAULT_FILES.map((f) => (f.path === '/etc/default/etcd' ? { ...f, content: 'ETCD_NAME=x\n' } : f)),
});

describe('the lock', () => {
  it.runIf(canMount)('whoever waits for it goes on when its holder has ended', () => {
    const host = makeLiveHost();
    // The holder removes the file at its end, as install.sh does.
    const before =
      "flock /run/hardway.lock sh -c ': >/run/fake/held; /bin/sleep 2; rm /run/hardway.lock' & until [[ -e /run/fake/held ]]; do /bin/sleep 0.1; done";
    const { status, out } = host.run(bundle, ['--no-start'], { before });
    expect(out).toContain('nothing was started');
    expect(status).toBe(0);
    expect(existsSync(join(host.root, 'run/hardway.lock'))).toBe(false);
  });

  it('a rollback that waits for it undoes what its holder has just committed', async () => {
    const root = makeRoot();
    run(bundle, ['--root', root]);
    const lock = join(root, 'var/lib/hardway/lock');
    // A transaction that appears while the rollback waits.
    const later = makeRoot();
    cpSync(root, later, { recursive: true, verbatimSymlinks: true });
    run(changed, ['--root', later]);
    const holder = spawn('flock', [lock, 'bash', '-c', `echo held; sleep 3; cp -a ${later}/. ${root}/`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const { status, out } = run(changed, ['rollback', '--root', root]);
    expect(status, out).toBe(0);
    expect(readFileSync(join(root, 'etc/default/etcd'), 'utf8')).toBe('ETCD_NAME=node01\n');
    expect(existsSync(join(root, 'var/lib/hardway/backups/0001'))).toBe(true);
    expect(existsSync(join(root, 'var/lib/hardway/backups/0002'))).toBe(false);
  });

  it.runIf(canMount)('what a rollback left half removed waits for the lock as well', () => {
    const host = makeLiveHost();
    host.run(bundle, ['--no-start']);
    mkdirSync(join(host.root, 'var/lib/hardway/backups/.gone'));
    const before =
      "flock /run/hardway.lock sh -c ': >/run/fake/held; exec /bin/sleep 20' >/dev/null 2>&1 & until [[ -e /run/fake/held ]]; do /bin/sleep 0.1; done";
    const { status, out } = host.run(bundle, ['rollback'], { before });
    expect(out).toContain('another install.sh is at work');
    expect(status).toBe(3);
    expect(existsSync(join(host.root, 'var/lib/hardway/backups/.gone'))).toBe(true);
  });

  it('a rollback with nothing to do leaves no trace below --root', () => {
    const root = makeRoot();
    mkdirSync(join(root, 'var/lib/hardway/backups'), { recursive: true });
    writeFileSync(join(root, 'var/lib/hardway/data'), 'other /var/lib/other\n');
    expect(run(bundle, ['rollback', '--root', root]).out).toContain('nothing to roll back');
    expect(existsSync(join(root, 'var/lib/hardway/backups'))).toBe(false);
    expect(readFileSync(join(root, 'var/lib/hardway/data'), 'utf8')).toBe('other /var/lib/other\n');
  });
});

describe('killed', () => {
  it('right after it made a parent folder, that has its mode nevertheless', () => {
    const root = makeRoot();
    const parent = join(root, 'etc/kubernetes');
    expect(run(bundle, ['--root', root], killedWhen(`[[ -d ${parent} ]]`)).signal).toBe('SIGKILL');
    expect(run(bundle, ['--root', root]).status).toBe(0);
    expect(statSync(parent).mode & 0o777).toBe(0o755);
  });

  it.runIf(canMount)('right after it took the lock, uninstall leaves nothing of that either', () => {
    const host = makeLiveHost();
    const lock = join(host.root, 'run/hardway.lock');
    writeFileSync(lock, '', { mode: 0o600 });
    expect(host.run(bundle, ['uninstall', '--yes']).out).toContain('nothing is installed here');
    expect(existsSync(lock)).toBe(false);
  });

  it('while a list is written, uninstall leaves nothing of it', () => {
    const root = makeRoot();
    const before = tree(root);
    const half = join(root, 'var/lib/hardway/data.new');
    expect(run(bundle, ['--root', root], killedWhen(`[[ -e ${half} ]]`)).signal).toBe('SIGKILL');
    expect(existsSync(half)).toBe(true);
    expect(run(bundle, ['uninstall', '--yes', '--purge-data', '--root', root]).status).toBe(0);
    expect(existsSync(join(root, 'var/lib/hardway'))).toBe(false);
    expect(Object.keys(tree(root))).toEqual(expect.arrayContaining(Object.keys(before)));
  });

  const smaller = makeBundle({
    files: DEFAULT_FILES.filter((f) => !f.path.includes('etcd')),
    statements: DEFAULT_STATEMENTS.filter((s) => !s.startsWith('unit etcd')),
  });

  it.runIf(canMount)('right after a rollback enabled a unit, the next run starts it', () => {
    const host = makeLiveHost();
    host.run(bundle);
    // The unit file stays, so that nothing but the journal says what has to be started.
    host.run(smaller, ['--no-start']);
    expect(existsSync(join(host.root, 'run/fake/enabled.etcd.service'))).toBe(false);
    cpSync(join(bundle, 'rootfs/etc'), join(host.root, 'etc'), { recursive: true });
    const env = killedWhen('[[ -e /run/fake/enabled.etcd.service ]]');
    expect(host.run(smaller, ['rollback'], { env }).status).not.toBe(0);
    host.calls();
    expect(host.run(smaller, ['rollback']).status).toBe(0);
    expect(host.calls()).toContain('restart --no-block -- etcd.service');
  });

  it.runIf(canMount)('right after a rollback disabled a unit, it has been stopped', () => {
    const host = makeLiveHost();
    mkdirSync(join(host.root, 'etc/systemd/system'), { recursive: true });
    // The host's own unit file is the same as ours, and stays.
    cpSync(join(bundle, 'rootfs/etc/systemd'), join(host.root, 'etc/systemd'), { recursive: true });
    host.run(bundle);
    host.calls();
    const env = killedWhen('[[ ! -e /run/fake/enabled.etcd.service ]]');
    host.run(bundle, ['rollback'], { env });
    host.run(bundle, ['rollback']);
    expect(host.calls()).toContain('stop -- etcd.service');
  });
});

describe.runIf(canMount)('where sync knows no files (RHEL 7)', () => {
  it('each file is on the disk nevertheless before it is renamed into place', () => {
    const host = makeLiveHost();
    host.tool('sync', '#!/bin/sh\n[ $# = 0 ] || [ "$1" = --help ]\n');
    host.tool('dd', '#!/bin/sh\necho "$*" >>/run/fake/dd\nexec /bin/dd "$@"\n');
    const { status, out } = host.run(bundle, ['--no-start']);
    expect(status, out).toBe(0);
    const flushed = readFileSync(join(host.root, 'run/fake/dd'), 'utf8');
    for (const { path, kind } of DEFAULT_FILES) {
      const made =
        kind === 'block'
          ? `${dirname(path)}/\\.${basename(path)}\\.hardway\\.\\w+`
          : `${dirname(path)}/\\.hardway\\.new/${basename(path)}`;
      expect(flushed).toMatch(new RegExp(`of=${made} conv=notrunc,fsync`));
    }
    expect(readFileSync(join(host.root, 'etc/default/etcd'), 'utf8')).toBe('ETCD_NAME=node01\n');
  });
});
