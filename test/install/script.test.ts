import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeBundle, makeRoot, run, SCRIPT, sumUp, temporaryFolder, tree } from './bundle.ts';

const asUser =
  spawnSync('setpriv', ['--reuid', '65534', '--regid', '65534', '--clear-groups', 'true']).status === 0;
const canMount = spawnSync('unshare', ['--mount', 'true']).status === 0;
const skipped = (what: string, why: string): void => {
  if (process.env.REQUIRE_ALL === '1') throw new Error(`${what}: ${why}`);
  console.warn(`SKIPPED: ${what}: ${why}`);
};

describe('the script', () => {
  it('is accepted by bash and by shellcheck, style included', () => {
    // Not the npm package of that name, which would download the program.
    const path = process.env.PATH?.split(':')
      .filter((dir) => !dir.includes('node_modules'))
      .join(':');
    expect(spawnSync('bash', ['-n', SCRIPT], { encoding: 'utf8' }).stderr).toBe('');
    const check = spawnSync('shellcheck', ['--severity=style', '--shell=bash', SCRIPT], {
      encoding: 'utf8',
      env: { PATH: path },
    });
    if (check.error) skipped('shellcheck', 'it is not installed');
    else expect(check.stdout).toBe('');
  });

  it('uses nothing newer than bash 4.2', () => {
    const text = readFileSync(SCRIPT, 'utf8');
    expect(text).not.toMatch(
      /\blocal -n\b|\bdeclare -n\b|\$\{[^}]*@[QEPA]\}|\bwait -n\b|\b(?:mapfile|readarray)\b.* -d\b|EPOCH|inherit_errexit/,
    );
  });

  it('has no line that disables a whole check, and no placeholder', () => {
    const text = readFileSync(SCRIPT, 'utf8');
    for (const line of text.split('\n').filter((l) => l.includes('shellcheck disable')))
      expect(line).toMatch(/ {2}# \w/);
    expect(text).not.toContain('{{');
  });
});

describe('without root', () => {
  it('installs below --root, and says that owners are not set', (context) => {
    if (!asUser) {
      skipped('install as another user', 'setpriv cannot change the user here (it needs root)');
      return context.skip();
    }
    const bundle = makeBundle();
    const root = makeRoot();
    spawnSync('chown', ['-R', '65534:65534', root, bundle]);
    const user = (args: readonly string[]) =>
      spawnSync(
        'setpriv',
        [
          '--reuid',
          '65534',
          '--regid',
          '65534',
          '--clear-groups',
          'bash',
          join(bundle, 'install.sh'),
          ...args,
        ],
        { encoding: 'utf8' },
      );
    const before = tree(root);
    const install = user(['--root', root]);
    expect(install.stdout).toContain('owners of files are not set');
    expect(install.status).toBe(0);
    expect(user(['verify', '--root', root]).status).toBe(0);
    expect(user(['--root', root]).stdout).toContain('0 created, 0 changed, 0 removed');
    expect(user(['rollback', '--root', root]).status).toBe(0);
    expect(tree(root)).toEqual(before);
    const live = user(['preflight']);
    expect(live.status).toBe(1);
    expect(live.stdout).toContain('preflight: problem: not root');
    // Who cannot read our notes is not told that there is nothing.
    for (const args of [['status'], ['verify'], ['rollback', '--dry-run'], ['uninstall', '--dry-run']]) {
      const refused = user(args);
      expect(refused.stderr).toContain('not root');
      expect(refused.status).toBe(3);
    }
  });
});

describe('a full disk', () => {
  // A file system that runs out in the middle: blocks pass the check before, inodes do not.
  it('ends with 3, leaves nothing half-written, and a rollback restores', (context) => {
    if (!canMount) {
      skipped('a full disk', 'no mount namespace here (it needs root)');
      return context.skip();
    }
    const bundle = makeBundle();
    const root = temporaryFolder();
    const out = temporaryFolder();
    const script = join(temporaryFolder(), 'run.sh');
    writeFileSync(
      script,
      `set -eu
mount -t tmpfs -o size=4m,nr_inodes=$1 none "$2"
mkdir -p "$2/etc" "$2/var/lib"
printf 'node01\\n' >"$2/etc/hostname"; printf '127.0.0.1 localhost\\n' >"$2/etc/hosts"
printf 'root:x:0:0::/:/bin/sh\\n' >"$2/etc/passwd"; printf 'root:x:0:\\n' >"$2/etc/group"
rc=0; bash "$3/install.sh" --root "$2" || rc=$?
echo "status $rc"
find "$2" -name '.*.hardway.*' | sed 's/^/leftover /'
mount -o remount,nr_inodes=400 "$2"
bash "$3/install.sh" rollback --root "$2" >/dev/null
find "$2" -type f ! -path '*/var/lib/hardway/*' | sort | sed 's/^/after /'
cp "$2/etc/hosts" "$4/hosts"
`,
    );
    let full = 0;
    for (const inodes of [12, 16, 20, 24, 28, 32, 36, 40]) {
      const text = spawnSync('unshare', ['--mount', 'bash', script, String(inodes), root, bundle, out], {
        encoding: 'utf8',
      });
      const said = text.stdout + text.stderr;
      expect(said).toMatch(/^status [03]$/m);
      expect(said).not.toContain('leftover');
      if (said.includes('status 3')) {
        full += 1;
        expect(said).toContain('error: ');
      }
      expect(said.match(/^after .*$/gm)).toHaveLength(4);
      expect(readFileSync(join(out, 'hosts'), 'utf8')).toBe('127.0.0.1 localhost\n');
    }
    expect(full).toBeGreaterThan(3);
    expect(readdirSync(root)).toEqual([]);
  });
});

it('says so when another run holds the lock', () => {
  const bundle = makeBundle();
  sumUp(bundle);
  const root = makeRoot();
  run(bundle, ['--root', root]);
  const { stdout, stderr } = spawnSync(
    'flock',
    [join(root, 'var/lib/hardway/lock'), 'bash', join(bundle, 'install.sh'), '--root', root],
    { encoding: 'utf8' },
  );
  expect(stdout + stderr).toContain('another install.sh is at work');
});
