// The live path, without --root: in a mount namespace whose /etc, /var and /run are a temporary root's,
// and whose /usr/local/sbin (first in the script's PATH) holds stand-ins for systemctl and the like.
// Needs root; what a real systemd says is checked by hand, see docs/install.md.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  DEFAULT_FILES,
  DEFAULT_STATEMENTS,
  ETCD_UNIT,
  type FileEntry,
  makeBundle,
  makeRoot,
  type Result,
} from './bundle.ts';

const canMount = spawnSync('unshare', ['--mount', 'true']).status === 0;
if (!canMount && process.env.REQUIRE_ALL === '1')
  throw new Error('the live path: no mount namespace here (it needs root)');
if (!canMount) console.warn('SKIPPED: the live path: no mount namespace here (it needs root)');

const SYSTEMCTL = `#!/bin/bash
unit=\${!#} dir=/run/fake
echo "$*" >>$dir/calls
case "$*" in
  *show\\ -p\\ ActiveState\\ -p\\ SubState*)
    shift 6
    for unit; do
      echo "ActiveState=$(cat $dir/state.$unit 2>/dev/null || echo inactive)"
      echo "SubState=$(cat $dir/sub.$unit 2>/dev/null || echo x)"
      echo
    done
    ;;
  *show\\ -p\\ ActiveState*) echo "ActiveState=$(cat $dir/state.$unit 2>/dev/null || echo inactive)" ;;
  *show\\ -p\\ SubState*) echo "SubState=$(cat $dir/sub.$unit 2>/dev/null || echo x)" ;;
  *show*) echo x= ;;
  *is-enabled*) [[ -e $dir/enabled.$unit ]] ;;
  *is-active*) [[ $(cat $dir/state.$unit 2>/dev/null) == active ]] ;;
  *enable*) case " $* " in *" disable "*) rm -f $dir/enabled.$unit ;; *) : >$dir/enabled.$unit ;; esac ;;
  *disable*) rm -f $dir/enabled.$unit ;;
  *reset-failed*) ;;
  *reload\\ --*) [[ ! -e $dir/refuses.$unit ]] ;;
  *restart* | *start*) [[ ! -f $dir/makes.$unit ]] || touch "$(cat $dir/makes.$unit)"; cat $dir/becomes.$unit 2>/dev/null >$dir/state.$unit || echo active >$dir/state.$unit ;;
  *stop*) echo inactive >$dir/state.$unit ;;
  *cat*) [[ -f /etc/systemd/system/$unit ]] ;;
esac
`;
const TOOLS: Record<string, string> = {
  systemctl: SYSTEMCTL,
  ip: '#!/bin/sh\necho "2: eth0    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0"\n',
  ss: '#!/bin/sh\necho "State Recv-Q Send-Q Local:Port Peer:Port Process"; cat /run/fake/ss 2>/dev/null || true\n',
  uname: '#!/bin/sh\nif [ "$1" = -n ]; then cat /run/fake/hostname; else exec /usr/bin/uname "$@"; fi\n',
  modprobe: '#!/bin/sh\necho "modprobe $*" >>/run/fake/calls\nfor m; do :; done\n[ "$m" = good ]\n',
  sysctl: '#!/bin/sh\necho "sysctl $*" >>/run/fake/calls\necho "sysctl: cannot stat x" >&2\nexit 255\n',
  journalctl: '#!/bin/sh\necho "journal of $2"\n',
  swapon: '#!/bin/sh\n',
  sleep: '#!/bin/sh\nexec /bin/sleep 0.05\n',
};

describe.runIf(canMount)('the live path', () => {
  let root = '';
  let fake = '';
  const live = (bundle: string, args: readonly string[] = [], waitSeconds = 1): Result => {
    const script = `set -e; cd /; mount --bind ${root}/etc /etc; mount --bind ${root}/var /var; mount --bind ${root}/run /run
mount --bind ${root}/tools /usr/local/sbin; exec "$@"`;
    const child = spawnSync(
      'unshare',
      ['--mount', 'bash', '-c', script, '-', 'bash', join(bundle, 'install.sh'), ...args],
      {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, HARDWAY_WAIT_SECONDS: String(waitSeconds) },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    return { status: child.status, signal: child.signal, out: child.stdout + child.stderr };
  };
  const calls = (): string[] => {
    const path = join(fake, 'calls');
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    rmSync(path, { force: true });
    return lines.filter((line) =>
      /^(daemon-reload|reload|restart|start|stop|--quiet --no-reload (en|dis)able)/.test(line),
    );
  };
  const set = (name: string, value: string): void => writeFileSync(join(fake, name), value);

  beforeEach(() => {
    root = makeRoot();
    fake = join(root, 'run/fake');
    for (const dir of ['run/fake', 'run/systemd/system', 'tools', 'var/log', 'etc/alternatives']) {
      mkdirSync(join(root, dir), { recursive: true });
    }
    cpSync('/etc/alternatives', join(root, 'etc/alternatives'), { recursive: true, verbatimSymlinks: true });
    for (const [name, text] of Object.entries(TOOLS)) {
      writeFileSync(join(root, 'tools', name), text);
      chmodSync(join(root, 'tools', name), 0o755);
    }
    set('hostname', 'node01\n');
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
