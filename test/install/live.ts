// The live path of install.sh, without --root: in a mount namespace whose /etc, /var and /run are a temporary
// root's, and whose /usr/local/sbin (first in the script's PATH) holds stand-ins for systemctl and the like.
// Needs root; what a real systemd says is tested in test/e2e.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeRoot, type Result, temporaryFolder } from './bundle.ts';

export const canMount = spawnSync('unshare', ['--mount', 'true']).status === 0;
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

interface LiveOptions {
  readonly waitSeconds?: number;
  /** Shell commands that run in the namespace before install.sh. */
  readonly before?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface LiveHost {
  readonly root: string;
  readonly run: (bundle: string, args?: readonly string[], options?: LiveOptions) => Result;
  /** What systemctl was asked to do since the last call. */
  readonly calls: () => string[];
  /** Sets what a stand-in says: state.UNIT, becomes.UNIT, makes.UNIT, hostname, ss. */
  readonly set: (name: string, value: string) => void;
  /** Lays a stand-in over a program. */
  readonly tool: (name: string, text: string) => void;
}

/** A host called node01 with the address 10.0.0.1, on which nothing is installed. */
export const makeLiveHost = (): LiveHost => {
  const root = makeRoot();
  const fake = join(root, 'run/fake');
  const tool = (name: string, text: string): void =>
    writeFileSync(join(root, 'tools', name), text, { mode: 0o755 });
  const set = (name: string, value: string): void => writeFileSync(join(fake, name), value);
  for (const dir of ['run/fake', 'run/systemd/system', 'tools', 'var/log', 'etc/alternatives']) {
    mkdirSync(join(root, dir), { recursive: true });
  }
  cpSync('/etc/alternatives', join(root, 'etc/alternatives'), { recursive: true, verbatimSymlinks: true });
  for (const [name, text] of Object.entries(TOOLS)) {
    tool(name, text);
    chmodSync(join(root, 'tools', name), 0o755);
  }
  set('hostname', 'node01\n');
  const run = (bundle: string, args: readonly string[] = [], options: LiveOptions = {}): Result => {
    const script = `set -e; cd /; mount --bind ${root}/etc /etc; mount --bind ${root}/var /var; mount --bind ${root}/run /run
mount --bind ${root}/tools /usr/local/sbin
${options.before ?? ':'}
exec "$@"`;
    const child = spawnSync(
      'unshare',
      [
        '--mount',
        'bash',
        '-c',
        script,
        '-',
        'env',
        ...Object.entries(options.env ?? {}).map(([k, v]) => `${k}=${v}`),
        'bash',
        join(bundle, 'install.sh'),
        ...args,
      ],
      {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, HARDWAY_WAIT_SECONDS: String(options.waitSeconds ?? 1) },
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
  return { root, run, calls, set, tool };
};

/** Makes a host's time that of its `sleep`, which takes none: for waits of half a minute. */
export const hurry = (host: LiveHost): string => {
  host.set('uptime', '1000 0\n');
  host.tool(
    'sleep',
    '#!/bin/bash\nread -r now _ </run/fake/uptime\necho "$((now + $1)) 0" >/run/fake/uptime\n',
  );
  return 'mount --bind /run/fake/uptime /proc/uptime';
};

/** An API server, as far as it answers every request with this status, over TLS on a port of its own. */
export const startApiServer = async (
  status: number,
): Promise<{ readonly port: string; readonly stop: () => void }> => {
  const folder = temporaryFolder();
  const [key, certificate] = [join(folder, 'key'), join(folder, 'certificate')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const made = spawnSync('openssl', [...request, '-subj', '/CN=x', '-keyout', key, '-out', certificate]);
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
  const script = `const [status, key, cert] = process.argv.slice(1);
    const [k, c] = [key, cert].map((name) => require('node:fs').readFileSync(name));
    const server = require('node:https').createServer({ key: k, cert: c }, (_, answer) => answer.writeHead(Number(status)).end());
    server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', script, String(status), key, certificate]);
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return { port: port.toString().trim(), stop: () => child.kill() };
};
