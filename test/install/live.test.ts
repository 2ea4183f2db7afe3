// install.sh on a running system, see live.ts.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  DEFAULT_FILES,
  DEFAULT_STATEMENTS,
  ETCD_UNIT,
  type FileEntry,
  makeBundle,
  type Result,
} from './bundle.ts';
import { canMount, hurry, type LiveHost, makeLiveHost, startApiServer } from './live.ts';

describe.runIf(canMount)('the live path', () => {
  let host: LiveHost;
  let root = '';
  const live = (bundle: string, args: readonly string[] = [], waitSeconds = 1): Result =>
    host.run(bundle, args, { waitSeconds });
  const calls = (): string[] => host.calls();
  const set = (name: string, value: string): void => host.set(name, value);

  beforeEach(() => {
    host = makeLiveHost();
    root = host.root;
  });

  const files = DEFAULT_FILES;
  const statements = [
    ...DEFAULT_STATEMENTS,
    'peer e2 127.0.0.1 1',
    'port tcp 2379 etcd.service',
    'module good optional',
    'module bad optional',
  ];

  it('starts what is new, then nothing, then only what changed', () => {
    const bundle = makeBundle({ files, statements });
    const first = live(bundle);
    expect(first.out).toContain('all units are active');
    expect(first.status).toBe(0);
    expect(calls()).toEqual([
      '--quiet --no-reload enable -- etcd.service',
      'daemon-reload',
      'restart --no-block -- etcd.service',
      'restart -- kubernetes-addons.service',
    ]);
    expect(readFileSync(join(root, 'etc/modules-load.d/11-k8s-modules-local.conf'), 'utf8')).toBe('good\n');
    expect(live(bundle).status).toBe(0);
    expect(calls()).toEqual([]);

    const addons = files.map((f) => (f.path.includes('addons') ? { ...f, content: 'new\n' } : f));
    live(makeBundle({ files: addons, statements }));
    expect(calls()).toEqual(['restart -- kubernetes-addons.service']);
    live(bundle, ['rollback']);
    calls();
    const config = files.map((f) => (f.path === '/etc/default/etcd' ? { ...f, content: 'new\n' } : f));
    live(makeBundle({ files: config, statements }));
    expect(calls()).toContain('restart --no-block -- etcd.service');
  });

  it('remembers a restart that --no-start or a kill had kept back', () => {
    const bundle = makeBundle({ files, statements });
    expect(live(bundle, ['--no-start']).out).toContain('nothing was started');
    expect(calls()).toEqual(['--quiet --no-reload enable -- etcd.service', 'daemon-reload']);
    set('state.etcd.service', 'active\n');
    live(bundle);
    expect(calls()).toEqual(['restart --no-block -- etcd.service', 'restart -- kubernetes-addons.service']);
  });

  it('restarts a daemon once when its first certificate appears, and never again', () => {
    const bundle = makeBundle({
      files,
      statements: [...statements, 'awaited etcd.service /var/lib/etcd/certificate'],
    });
    set('makes.etcd.service', '/var/lib/etcd/certificate\n');
    const restart = 'restart --no-block -- etcd.service';
    expect(live(bundle).out).toContain('all units are active');
    expect(calls().filter((call) => call === restart)).toHaveLength(2);
    expect(live(bundle).status).toBe(0);
    expect(calls()).toEqual([]);
  });

  it('a daemon that waits for its certificate begins anew once a peer answers', async () => {
    const listener = spawn('nc', ['-lk', '127.0.0.1', '42379']);
    try {
      const bundle = makeBundle({
        files,
        statements: [
          ...statements.filter((line) => !line.startsWith('peer')),
          'peer e2 127.0.0.1 42379',
          'awaited etcd.service /var/lib/etcd/certificate',
        ],
      });
      live(bundle, [], 10);
      expect(calls().filter((call) => call === 'restart --no-block -- etcd.service')).toHaveLength(2);
    } finally {
      listener.kill();
    }
  });

  it.each([
    [403, 12, 1],
    [500, 12, 1],
    // By then the daemon's own pauses are longer.
    [403, 40, 2],
    [200, 12, 2],
    [401, 12, 2],
  ])('an API server that says %i for %i seconds: %i starts', async (status, waitSeconds, starts) => {
    const server = await startApiServer(status);
    try {
      const bundle = makeBundle({
        files,
        statements: [
          ...statements.filter((line) => !line.startsWith('peer')),
          `peer e2 127.0.0.1 ${server.port}`,
          'awaited etcd.service /var/lib/etcd/certificate',
        ],
      });
      host.run(bundle, [], { waitSeconds, before: hurry(host) });
      expect(calls().filter((call) => call === 'restart --no-block -- etcd.service')).toHaveLength(starts);
    } finally {
      server.stop();
    }
  });

  it('a certificate that does not come is no failure, and said', () => {
    const bundle = makeBundle({
      files,
      statements: [...statements, 'awaited etcd.service /var/lib/etcd/certificate'],
    });
    const { status, out } = live(bundle);
    expect(out).toContain('etcd.service has no /var/lib/etcd/certificate yet');
    expect(status).toBe(0);
    expect(calls().filter((call) => call === 'restart --no-block -- etcd.service')).toHaveLength(1);
  });

  it('reloads what takes a new file without letting go of its connections', () => {
    const unit = {
      path: '/etc/systemd/system/balancer.service',
      content: ETCD_UNIT,
      units: 'balancer.service',
    };
    const config = (content: string) => ({ path: '/etc/balancer.cfg', content, units: 'balancer.service' });
    const bundleOf = (...own: FileEntry[]) =>
      makeBundle({ files: own, statements: ['role load-balancer', 'unit balancer.service reload'] });
    live(bundleOf(unit, config('one')));
    expect(calls()).toEqual([
      '--quiet --no-reload enable -- balancer.service',
      'daemon-reload',
      'start --no-block -- balancer.service',
    ]);
    const changed = live(bundleOf(unit, config('two')));
    expect(changed.out).toContain('started or restarted: balancer.service');
    expect(changed.status).toBe(0);
    expect(calls()).toEqual(['reload -- balancer.service']);
    expect(live(bundleOf(unit, config('two'))).status).toBe(0);
    expect(calls()).toEqual([]);
    // Its unit file counts from its next start on.
    live(bundleOf({ ...unit, content: `${ETCD_UNIT}# new\n` }, config('two')));
    expect(calls()).toEqual(['daemon-reload', 'restart --no-block -- balancer.service']);
    // One that refuses, or is not up, is started anew: then it says what is wrong.
    set('refuses.balancer.service', '');
    live(bundleOf({ ...unit, content: `${ETCD_UNIT}# new\n` }, config('three')));
    expect(calls()).toEqual(['reload -- balancer.service', 'restart --no-block -- balancer.service']);
    set('state.balancer.service', 'activating');
    live(bundleOf({ ...unit, content: `${ETCD_UNIT}# new\n` }, config('four')));
    expect(calls()).toEqual(['restart --no-block -- balancer.service']);
  });

  it('retires a unit that a new bundle does not have', () => {
    const unit = { path: '/etc/balancer.cfg', content: 'one', units: 'balancer.service' };
    live(makeBundle({ files: [unit], statements: ['role load-balancer', 'unit balancer.service reload'] }));
    expect(
      live(
        makeBundle({ files: [unit], statements: ['role load-balancer', 'unit balancer.service reload'] }),
        ['verify'],
      ).status,
    ).toBe(0);
    calls();
    live(makeBundle({ files: [], statements: ['role etcd'] }));
    expect(calls()).toContain('--quiet --no-reload disable -- balancer.service');
    expect(existsSync(join(root, 'etc/balancer.cfg'))).toBe(false);
  });

  it('etcd that waits for its peers is no failure, and the peer is named', () => {
    set('becomes.etcd.service', 'activating\n');
    const { status, out } = live(makeBundle({ files, statements }));
    expect(out).toContain('not active yet: etcd.service');
    expect(out).toContain('peer e2 (127.0.0.1 port 1) does not answer');
    expect(status).toBe(0);
  });

  it('a unit that failed ends with 1 and the end of its journal', () => {
    set('becomes.etcd.service', 'failed\n');
    const { status, out } = live(makeBundle({ files, statements }));
    expect(out).toContain('etcd.service does not stay up');
    expect(out).toContain('journal of etcd.service');
    expect(status).toBe(1);
    expect(live(makeBundle({ files, statements }), ['status']).status).toBe(1);
  });

  it('refuses the wrong host and a port that is taken', () => {
    set('hostname', 'other\n');
    set('ss', 'LISTEN 0 128 0.0.0.0:2379 0.0.0.0:* users:(("x",pid=1,fd=3))\n');
    const { status, out } = live(makeBundle({ files, statements: [...statements, 'address 10.0.0.99'] }));
    expect(status).toBe(1);
    expect(out).toContain("this machine is called 'other'");
    expect(out).toContain('address 10.0.0.99 is on no interface');
    expect(out).toContain('port 2379/tcp, which etcd.service needs, is taken by');
    expect(calls()).toEqual([]);
    expect(existsSync(join(root, 'var/lib/hardway'))).toBe(false);
  });

  it('uninstall and rollback stop what they take away', () => {
    const bundle = makeBundle({ files, statements });
    live(bundle);
    calls();
    expect(live(bundle, ['rollback']).status).toBe(0);
    const undone = calls();
    expect(undone).toContain('--quiet --no-reload disable -- etcd.service');
    expect(undone).toContain('stop -- etcd.service');
    expect(existsSync(join(root, 'etc/systemd/system/etcd.service'))).toBe(false);
    live(bundle);
    calls();
    expect(live(bundle, ['uninstall', '--yes']).status).toBe(0);
    // The fixture has no file for the addons' unit: there is nothing to stop.
    expect(calls()).toEqual([
      '--quiet --no-reload disable -- kubernetes-addons.service',
      'stop -- etcd.service',
      '--quiet --no-reload disable -- etcd.service',
      'daemon-reload',
    ]);
    expect(existsSync(join(root, 'var/lib/hardway'))).toBe(false);
    expect(existsSync(join(root, 'var/log/hardway-install.log'))).toBe(true);
    expect(readFileSync(join(root, 'var/log/hardway-install.log'), 'utf8')).not.toContain('a key');
  });
});
