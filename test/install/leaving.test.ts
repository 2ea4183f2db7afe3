// What a node leaves behind on its host when its kubelet goes: mounts, pods, their folders and packet rules.
import { existsSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ETCD_UNIT, makeBundle, put, read } from './bundle.ts';
import { canMount, hurry, type LiveHost, makeLiveHost } from './live.ts';

describe.runIf(canMount)('mounted volumes', () => {
  const withUnit = (unit: string): string =>
    makeBundle({
      files: [{ path: `/etc/systemd/system/${unit}`, content: ETCD_UNIT, units: unit }],
      statements: [`unit ${unit} enable`],
    });
  it.each([
    ['kubelet.service', true],
    ['etcd.service', false],
  ])('with %s installed, uninstall unmounts them: %s', (unit, unmounts) => {
    const host = makeLiveHost();
    host.tool('umount', '#!/bin/sh\necho "$*" >>/run/fake/umounted\n');
    const bundle = withUnit(unit);
    expect(host.run(bundle).status).toBe(0);
    const before = 'mkdir -p /var/lib/kubelet/pods/x; mount -t tmpfs none /var/lib/kubelet/pods/x';
    expect(host.run(bundle, ['uninstall', '--yes'], { before }).status).toBe(0);
    expect(existsSync(join(host.root, 'run/fake/umounted'))).toBe(unmounts);
  });

  it.each(['uninstall', 'rollback'])('%s finds them where the folder of the kubelet is a link', (verb) => {
    const host = makeLiveHost();
    host.tool('umount', '#!/bin/sh\necho "$*" >>/run/fake/umounted\n');
    const bundle = withUnit('kubelet.service');
    mkdirSync(join(host.root, 'var/volumes'));
    symlinkSync('/var/volumes', join(host.root, 'var/lib/kubelet'));
    expect(host.run(bundle).status).toBe(0);
    const before = 'mkdir -p /var/lib/kubelet/pods/x; mount -t tmpfs none /var/lib/kubelet/pods/x';
    const { status, out } = host.run(bundle, [verb, ...(verb === 'uninstall' ? ['--yes'] : [])], { before });
    expect(status, out).toBe(0);
    expect(read(host.root, 'run/fake/umounted')).toBe('-- /var/volumes/pods/x\n');
    expect(readlinkSync(join(host.root, 'var/lib/kubelet'))).toBe('/var/volumes');
  });

  it('one that does not let go is taken off lazily', () => {
    const host = makeLiveHost();
    host.tool('umount', '#!/bin/sh\necho "$*" >>/run/fake/umounted\n[ "$1" = -l ]\n');
    const bundle = withUnit('kubelet.service');
    host.run(bundle);
    const before = 'mkdir -p /var/lib/kubelet/pods/x; mount -t tmpfs none /var/lib/kubelet/pods/x';
    expect(host.run(bundle, ['uninstall', '--yes'], { before }).out).not.toContain('cannot unmount');
    expect(read(host.root, 'run/fake/umounted')).toContain('-l -- /var/lib/kubelet/pods/x');
  });
});

describe.runIf(canMount)('what a node leaves behind', () => {
  const files = [
    { path: '/etc/systemd/system/kubelet.service', content: ETCD_UNIT, units: 'kubelet.service' },
  ];
  const bundleOf = (...more: readonly string[]): string =>
    makeBundle({
      files,
      statements: ['role worker', 'binary /run/fake/kube-proxy -', 'unit kubelet.service enable', ...more],
    });
  // The numbers in pods, as the control group of the pods tells them: of those that live still.
  const find = `#!/bin/bash
case "$*" in
  */kubepods*) for pid in $(</run/fake/pods); do [[ ! -e /proc/$pid ]] || echo "$pid"; done ;;
  *) exec /usr/bin/find "$@" ;;
esac
`;
  // Orphans, so that somebody reaps them; the second one does not listen.
  const pods = `mount -t tmpfs none /sys/fs/cgroup; mkdir -p /sys/fs/cgroup/systemd/kubepods.slice
    (/bin/sleep 300 & echo $! >>/run/fake/pods) &>/dev/null
    (bash -c 'trap "" TERM; while :; do /bin/sleep 1; done' & echo $! >>/run/fake/pods) &>/dev/null
    mkdir -p /var/lib/kubelet/pods/x/volumes /var/lib/kubelet/plugins/driver /var/lib/kubelet/device-plugins
    touch /var/lib/kubelet/cpu_manager_state /var/lib/kubelet/plugins/driver/state`;
  let host: LiveHost;

  beforeEach(() => {
    host = makeLiveHost();
    host.tool('find', find);
    host.set('pods', '');
    writeFileSync(join(host.root, 'run/fake/kube-proxy'), '#!/bin/sh\necho "$*" >>/run/fake/cleaned\n', {
      mode: 0o755,
    });
  });

  const living = (): number[] =>
    (read(host.root, 'run/fake/pods').match(/\d+/g) ?? [])
      .filter((pid) => existsSync(`/proc/${pid}`))
      .map(Number);
  afterEach(() => {
    for (const pid of living()) process.kill(pid, 'SIGKILL');
  });

  const leave = {
    uninstall: (bundle: string) => ({ bundle, args: ['uninstall', '--yes'] }),
    rollback: (bundle: string) => ({ bundle, args: ['rollback'] }),
    'a bundle without the role': () => ({
      bundle: makeBundle({ files: [], statements: ['role etcd'] }),
      args: [],
    }),
  };
  it.each(Object.entries(leave))('%s: pods end, their folders and packet rules go', async (_, way) => {
    const bundle = bundleOf();
    expect(host.run(bundle).status).toBe(0);
    const { bundle: next, args } = way(bundle);
    const { status, out } = host.run(next, args, { before: `${hurry(host)}\n${pods}` });
    expect(out).toContain('stop pods');
    expect(status, out).toBe(0);
    // The clock ran ahead of whoever reaps them.
    await expect.poll(living, { timeout: 10_000 }).toEqual([]);
    expect(existsSync(join(host.root, 'var/lib/kubelet/pods'))).toBe(false);
    expect(existsSync(join(host.root, 'var/lib/kubelet/cpu_manager_state'))).toBe(false);
    expect(existsSync(join(host.root, 'var/lib/kubelet/device-plugins'))).toBe(false);
    expect(read(host.root, 'var/lib/kubelet/plugins/driver/state')).toBe('');
    expect(read(host.root, 'run/fake/cleaned')).toBe('--cleanup\n');
  });

  it.each(['/etc/systemd/system', '/usr/lib/systemd/system'])(
    'a rollback to a kubelet of %s that was here before lets its pods go on',
    (dir) => {
      const before =
        dir === '/etc/systemd/system' ? ':' : `mount -t tmpfs none ${dir}; touch ${dir}/kubelet.service`;
      if (before === ':') put(host.root, `${dir}/kubelet.service`, 'of the host\n');
      const bundle = bundleOf();
      expect(host.run(bundle, [], { before }).status).toBe(0);
      const { status, out } = host.run(bundle, ['rollback'], { before: `${before}\n${pods}` });
      expect(status, out).toBe(0);
      expect(living()).toHaveLength(2);
      expect(existsSync(join(host.root, 'run/fake/cleaned'))).toBe(false);
    },
  );

  it('what cannot be killed is said, what is mounted still is kept', () => {
    const bundle = bundleOf();
    host.run(bundle);
    host.tool('umount', '#!/bin/sh\nexit 1\n');
    // Numbers of nobody: a signal does not reach them, and they are there.
    host.tool('find', find.replace('[[ ! -e /proc/$pid ]] || echo "$pid"', 'echo 999999999'));
    const before = `${hurry(host)}\n${pods}\nmount -t tmpfs none /var/lib/kubelet/pods/x`;
    const { status, out } = host.run(bundle, ['uninstall', '--yes'], { before });
    expect(out).toContain('processes of pods do not end: 999999999');
    expect(out).toContain('kept /var/lib/kubelet/pods');
    expect(existsSync(join(host.root, 'var/lib/kubelet/pods/x'))).toBe(true);
    expect(status).toBe(0);
  });

  it.each([
    ['of others', [], false],
    ['of kube-proxy', ['module ip_vs optional'], true],
  ])('IPVS %s', (_, statements, isCleaned) => {
    host.tool('grep', '#!/bin/sh\ncase "$*" in */proc/net/ip_vs) exit 0 ;; esac\nexec /usr/bin/grep "$@"\n');
    const bundle = bundleOf(...statements);
    host.run(bundle);
    const { out } = host.run(bundle, ['uninstall', '--yes']);
    expect(existsSync(join(host.root, 'run/fake/cleaned'))).toBe(isCleaned);
    expect(out.includes('IPVS is in use here by others')).toBe(!isCleaned);
  });

  it('packet rules that kube-proxy cannot take away are said', () => {
    const bundle = bundleOf();
    host.run(bundle);
    writeFileSync(join(host.root, 'run/fake/kube-proxy'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const { status, out } = host.run(bundle, ['uninstall', '--yes']);
    expect(out).toContain('/run/fake/kube-proxy --cleanup failed');
    expect(status).toBe(0);
  });
});
