/** The scripts that take and put back snapshots, with a real etcd. */
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/cli.ts';
import { canRun, findProgram, isRoot } from '../support/requirements.ts';
import { modeOf } from '../support/tree.ts';
import { createMember, keep, type Member } from './member.ts';

const ready = canRun('snapshots of a real etcd', {
  root: isRoot,
  'etcd (Debian: etcd-server)': findProgram('etcd') !== undefined,
  'etcdctl (Debian: etcd-client)': findProgram('etcdctl') !== undefined,
  'the user etcd (Debian: etcd-server)': spawnSync('id', ['etcd']).status === 0,
});
const canMount = ready && spawnSync('unshare', ['--mount', 'true']).status === 0;

const named = /^etcd-\d{8}T\d{6}Z-m-1\.db$/;
const folder = temporaryFolder('etcd');
/** What the script itself says; etcd's tools log what they do in JSON. */
const withoutLog = (text: string) => text.replace(/^\{.*\}\n/gm, '');

describe.skipIf(!ready)('snapshots', { timeout: 60_000 }, () => {
  let member: Member;
  const list = () => readdirSync(member.snapshots).sort();
  const newest = () =>
    join(
      member.snapshots,
      list()
        .filter((name) => named.test(name))
        .at(-1) ?? '',
    );
  const backUp = () => {
    const { status, stdout, stderr } = member.run('backup');
    expect({ status, stderr: withoutLog(stderr) }).toEqual({ status: 0, stderr: '' });
    return stdout;
  };
  const expectRefused = (script: 'backup' | 'restore', args: readonly string[], message: RegExp) => {
    const before = list();
    const { status, stdout, stderr } = member.run(script, args);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(message) });
    expect(list()).toEqual(before);
    return stdout;
  };
  /** Keys and values of the whole database. */
  const contents = () => member.etcdctl('get', '', '--prefix');
  const inode = () => statSync(join(member.data, 'member')).ino;

  beforeAll(async () => {
    member = await createMember(folder);
    await member.start();
    for (let number = 0; number < 20; number++) member.etcdctl('put', `/key/${number}`, `value ${number}`);
  });
  afterAll(() => member.stop());

  describe('taking one', () => {
    test('gives a file for nobody else, named after time and host', () => {
      const said = backUp();
      expect(list()).toEqual([expect.stringMatching(named)]);
      expect(said).toMatch(/: revision 21, \d+ bytes\n$/);
      expect(said).toContain(newest());
      expect(modeOf(newest())).toBe('0600');
    });

    test('keeps the newest, and touches nothing that is not its own', () => {
      const foreign = [
        'etcd-20200101T000000Z-m-2.db',
        'etcd-20200101T000000Z-x-m-1.db',
        'etcd-before-upgrade-m-1.db',
        'notes.txt',
        '.m-2.partial',
      ];
      for (const name of foreign) writeFileSync(join(member.snapshots, name), '');
      symlinkSync('/etc/passwd', join(member.snapshots, 'etcd-20200101T000000Z-m-1.db'));
      for (let times = 0; times < keep + 1; times++) backUp();
      const left = list().filter((name) => !foreign.includes(name));
      expect(list()).toEqual(expect.arrayContaining(foreign));
      expect(left.filter((name) => !name.startsWith('etcd-2020'))).toHaveLength(keep);
      expect(existsSync('/etc/passwd')).toBe(true);
      for (const name of [...foreign, 'etcd-20200101T000000Z-m-1.db'])
        unlinkSync(join(member.snapshots, name));
    });

    test('one from the future does not cost the one just taken', () => {
      const ahead = ['01', '02', '03', '04'].map((day) => `etcd-209901${day}T000000Z-m-1.db`);
      for (const name of ahead) writeFileSync(join(member.snapshots, name), '');
      const said = backUp();
      const [, taken = ''] = /^(\S+): revision/.exec(said) ?? [];
      expect(existsSync(taken)).toBe(true);
      expect(list()).toHaveLength(keep);
      for (const name of ahead.filter((one) => existsSync(join(member.snapshots, one))))
        unlinkSync(join(member.snapshots, name));
    });

    test('removes what a power cut has left', () => {
      writeFileSync(join(member.snapshots, '.m-1.partial'), 'half');
      writeFileSync(join(member.snapshots, '.m-1.partial.part'), 'half');
      backUp();
      expect(list().filter((name) => name.startsWith('.'))).toEqual([]);
    });

    test('is done once at a time', async () => {
      const holder = spawn('flock', ['-o', member.snapshots, 'sleep', '5'], { stdio: 'ignore' });
      await new Promise((resolve) => setTimeout(resolve, 300));
      try {
        expectRefused('backup', [], /another snapshot is being taken/);
      } finally {
        const ended = new Promise((resolve) => holder.once('exit', resolve));
        holder.kill();
        await ended;
      }
    });

    test.each([
      ['is cut short', 'truncate -s -1 "$f"', /it differs|sum differs/],
      ['has a wrong byte', 'printf x | dd of="$f" bs=1 seek=5000 conv=notrunc status=none', /sum differs/],
      ['is empty', ': >"$f"', /sum differs/],
    ])('one that %s is thrown away', (_, damage, message) => {
      member.standIn(
        'etcdctl',
        `#!/bin/bash\n${findProgram('etcdctl')} "$@" || exit\nfor f; do [[ $f == *.partial && "$*" == *save* ]] || continue; ${damage}; done\n`,
      );
      try {
        expectRefused('backup', [], message);
      } finally {
        member.standIn('etcdctl', `#!/bin/bash\nexec ${findProgram('etcdctl')} "$@"\n`);
      }
    });

    test('one that is whole and no database is thrown away', () => {
      member.standIn(
        'etcdctl',
        `#!/bin/bash\nif [[ "$*" == *"snapshot save"* ]]; then head -c 8192 /dev/zero >"\${!#}"; sum=$(sha256sum <"\${!#}"); printf "$(sed 's/../\\\\x&/g' <<<"\${sum%% *}")" >>"\${!#}"; exit; fi\nexec ${findProgram('etcdctl')} "$@"\n`,
      );
      try {
        expectRefused('backup', [], /cannot be read|says no revision/);
      } finally {
        member.standIn('etcdctl', `#!/bin/bash\nexec ${findProgram('etcdctl')} "$@"\n`);
      }
    });

    test('asks etcdutl where there is one', () => {
      member.standIn(
        'etcdutl',
        `#!/bin/bash\necho "$*" >>${folder}/asked\nexec ${findProgram('etcdctl')} "$@"\n`,
      );
      backUp();
      unlinkSync(join(folder, 'opt/programs/etcdutl'));
      expect(readFileSync(join(folder, 'asked'), 'utf8')).toMatch(/^snapshot status \S+\.partial -w json\n$/);
    });

    test('without a quorum takes what there is, and says so', () => {
      member.standIn(
        'etcdctl',
        `#!/bin/bash\n[[ "$*" != *"endpoint health"* ]] || exit 1\nexec ${findProgram('etcdctl')} "$@"\n`,
      );
      const { status, stdout, stderr } = member.run('backup');
      member.standIn('etcdctl', `#!/bin/bash\nexec ${findProgram('etcdctl')} "$@"\n`);
      expect({ status, stderr: withoutLog(stderr) }).toEqual({
        status: 0,
        stderr: expect.stringContaining('warning: no quorum'),
      });
      expect(stdout).toContain(newest());
    });

    test('takes no argument', () => {
      expect(member.run('backup', ['--keep', '1']).status).toBe(2);
    });
  });

  describe.skipIf(!canMount)('on a file system of its own', () => {
    /** Runs the script with a small file system in place of the folder; gives what is there then. */
    const onSmallDisk = (mebibytes: number, change: string) => {
      const script = join(folder, 'changed');
      writeFileSync(
        script,
        readFileSync(member.scriptPath('backup'), 'utf8').replace(/64 \* 1024 \* 1024/, change),
      );
      return spawnSync(
        'unshare',
        [
          '--mount',
          'bash',
          '-c',
          `mount -t tmpfs -o size=${mebibytes}m x ${member.snapshots} && echo old >${member.snapshots}/etcd-20200101T000000Z-m-1.db
bash ${script}; echo "status $?"; cd ${member.snapshots}; ls -A; cat etcd-2020*`,
        ],
        { encoding: 'utf8' },
      );
    };
    const left = 'status 1\netcd-20200101T000000Z-m-1.db\nold\n';

    test('does not begin when it would fill the disk', () => {
      const { stdout, stderr } = onSmallDisk(60, '64 * 1024 * 1024');
      expect(stderr).toMatch(/has 59 MiB left, and \d+ MiB are wanted; older snapshots are as they were/);
      expect(stdout).toBe(left);
    });

    test('leaves nothing half when the disk runs full', () => {
      for (let number = 0; number < 15; number++)
        member.etcdctl('put', `/large/${number}`, 'x'.repeat(100_000));
      const { stdout, stderr } = onSmallDisk(1, '-1024 * 1024 * 1024');
      expect(stderr).toMatch(/no space left on device[\s\S]*older snapshots are as they were/);
      expect(stdout).toBe(left);
    });
  });

  describe('putting one back', () => {
    let wanted = '';
    let snapshot = '';

    beforeAll(async () => {
      member.etcdctl('put', '/before', 'yes');
      member.etcdctl('del', '/key/7');
      wanted = contents();
      backUp();
      snapshot = join(folder, 'kept.db');
      copyFileSync(newest(), snapshot);
      member.etcdctl('put', '/after', 'yes');
    });

    test('is refused while etcd runs', () => {
      member.standIn('systemctl', '#!/bin/bash\necho ActiveState=activating\n');
      expectRefused('restore', [snapshot], /etcd runs; nothing was changed/);
      expect(contents()).toContain('/after');
    });

    test('gives what the database held, and keeps the data that was there', async () => {
      const calls = join(folder, 'calls');
      member.standIn(
        'systemctl',
        `#!/bin/bash\necho "$*" >>${calls}\n[[ $1 == show ]] || touch ${folder}/stopped\n[[ -e ${folder}/stopped ]] && echo ActiveState=inactive || echo ActiveState=active\n`,
      );
      await member.stop();
      const old = inode();
      const { status, stdout, stderr } = member.run('restore', ['--stop', snapshot]);
      expect(withoutLog(stderr)).toBe('');
      expect(status).toBe(0);
      expect(readFileSync(calls, 'utf8')).toContain('stop etcd.service\n');
      const [kept = ''] = readdirSync(member.data).filter((name) => name.startsWith('before-restore-'));
      expect(stdout).toContain(join(member.data, kept));
      expect(statSync(join(member.data, kept)).ino).toBe(old);
      expect(readdirSync(member.data).sort()).toEqual([kept, 'member']);
      const owned = spawnSync('find', [join(member.data, 'member'), '-printf', '%u:%g %m %y\n']);
      expect(new Set(String(owned.stdout).trim().split('\n'))).toEqual(
        new Set(['etcd:etcd 700 d', 'etcd:etcd 600 f']),
      );
      expect(modeOf(member.data)).toBe('0700');
      await member.start();
      expect(contents()).toBe(wanted);
    });

    test('works again, from a relative path, and keeps that data too', async () => {
      await member.stop();
      copyFileSync(snapshot, join(member.snapshots, 'again.db'));
      expect(member.run('restore', ['again.db']).status).toBe(0);
      unlinkSync(join(member.snapshots, 'again.db'));
      expect(readdirSync(member.data)).toHaveLength(3);
      mkdirSync(join(member.data, '.restoring/member'), { recursive: true });
      expect(member.run('restore', [snapshot]).status).toBe(0);
      expect(readdirSync(member.data)).toHaveLength(4);
      await member.start();
      expect(contents()).toBe(wanted);
      await member.stop();
    });

    test.each([
      ['is cut short', (file: string) => truncateSync(file, statSync(file).size - 512), /no whole snapshot/],
      ['is text', (file: string) => writeFileSync(file, 'x'.repeat(100)), /no whole snapshot/],
      ['is empty', (file: string) => writeFileSync(file, ''), /no whole snapshot/],
      ['is not there', (file: string) => unlinkSync(file), /cannot read/],
      ['lacks its sum', (file: string) => truncateSync(file, statSync(file).size - 32), /no whole snapshot/],
    ])('a file that %s changes nothing', (_, damage, message) => {
      const file = join(folder, 'damaged.db');
      copyFileSync(snapshot, file);
      damage(file);
      const before = [inode(), readdirSync(member.data)];
      expectRefused('restore', [file], message);
      expect([inode(), readdirSync(member.data)]).toEqual(before);
    });

    test('a restore that fails half way changes nothing', () => {
      member.standIn(
        'etcdctl',
        `#!/bin/bash\n[[ $2 != restore ]] || { mkdir -p ${member.data}/.restoring/member/snap; exit 1; }\nexec ${findProgram('etcdctl')} "$@"\n`,
      );
      const before = [inode(), readdirSync(member.data)];
      expectRefused('restore', [snapshot], /the data is as it was/);
      expect([inode(), readdirSync(member.data)]).toEqual(before);
      member.standIn('etcdctl', `#!/bin/bash\nexec ${findProgram('etcdctl')} "$@"\n`);
    });

    test('the revision is raised only by a tool that can do it', () => {
      expectRefused('restore', ['--bump-revision', '1000', snapshot], /cannot raise the revision/);
      member.standIn(
        'etcdutl',
        `#!/bin/bash
echo "$*" >>${folder}/restored
if [[ "$*" == *--help* ]]; then echo '--bump-revision uint'; exit; fi
args=()
for word; do [[ $word == --bump-revision=* || $word == --mark-compacted ]] || args+=("$word"); done
exec ${findProgram('etcdctl')} "\${args[@]}"
`,
      );
      expect(member.run('restore', ['--bump-revision', '1000', snapshot]).status).toBe(0);
      unlinkSync(join(folder, 'opt/programs/etcdutl'));
      expect(readFileSync(join(folder, 'restored'), 'utf8')).toMatch(
        /--bump-revision=1000 --mark-compacted\n$/,
      );
    });

    test('a second folder for the log is not its business', () => {
      const file = join(folder, 'etc/default/etcd');
      const text = readFileSync(file, 'utf8');
      writeFileSync(file, `${text}ETCD_WAL_DIR="/srv/wal"\n`);
      expectRefused('restore', [snapshot], /ETCD_WAL_DIR is set/);
      writeFileSync(file, text);
    });

    test.each([
      [[]],
      [['--force', 'x']],
      [['a', 'b']],
      [['--bump-revision', '-1', 'a']],
      [['--bump-revision']],
    ])('wrong use is told, %j', (args) => {
      const { status, stderr } = member.run('restore', args);
      expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('usage: ') });
    });
  });
});
