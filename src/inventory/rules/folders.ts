/** Rules about folders on the hosts that `uninstall --purge-data` deletes, or that hold programs. */
import * as paths from '../../catalog/paths.ts';
import type { Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';
import { binariesKeys, etcdBackupKeys, etcdKeys } from '../schema.ts';

/** Folders of somebody else, folders that do not outlive a reboot, and homes, which the units cannot see. */
const foreignTrees = [
  '/bin',
  '/boot',
  '/dev',
  '/etc',
  '/home',
  '/lib',
  '/lib32',
  '/lib64',
  '/proc',
  '/root',
  '/run',
  '/sbin',
  '/sys',
  '/tmp',
  '/usr',
  '/var/cache',
  '/var/lib/containerd',
  '/var/lib/docker',
  '/var/lib/dpkg',
  '/var/lib/hardway',
  '/var/lib/kubelet',
  '/var/lib/rpm',
  '/var/lib/systemd',
  '/var/lock',
  '/var/log',
  '/var/run',
  '/var/spool',
  '/var/tmp',
];

/** Folders that may hold a folder of etcd's, but are nobody's own. */
const sharedFolders = [
  '/data',
  '/media',
  '/mnt',
  '/opt',
  '/srv',
  '/var',
  '/var/backups',
  '/var/lib',
  '/var/lib/kube-proxy',
];

/** `uninstall --purge-data` deletes this folder, so it must hold nothing but the database. */
export function* dataDirIsNoSystemFolder({ inventory: { etcd, binaries } }: RuleContext): Iterable<Problem> {
  yield* ownFolder('dataDir', etcd?.dataDir, ['etcd', 'dataDir'], 'the database', '/var/lib/etcd/k8s-etcd');
  const bin = binaries?.dir;
  const foreign = ['/dev', '/etc', '/home', '/proc', '/root', '/run', '/sys', '/tmp', '/var'].find(
    (folder) => bin === folder || bin?.startsWith(`${folder}/`),
  );
  if (foreign === undefined) return;
  const message = `binaries.dir ${bin} lies in ${foreign}, which is no place for programs`;
  yield {
    code: 'invalid-path',
    path: ['binaries', 'dir'],
    message,
    fix: 'use /usr/local/bin or a folder below /opt',
  };
}

/** Snapshots have a folder of their own, apart from what they are a backup of. */
export function* backupDirIsApart({ inventory: { etcd, binaries } }: RuleContext): Iterable<Problem> {
  const backup = etcd?.backup;
  if (backup === undefined) return;
  const path = ['etcd', 'backup', 'dir'];
  const dir = backup.dir ?? etcdBackupKeys.dir.default;
  yield* ownFolder('backup.dir', backup.dir, path, 'snapshots', etcdBackupKeys.dir.default);
  const others = [
    ['etcd.dataDir', etcd?.dataDir ?? etcdKeys.dataDir.default],
    ['the home of the user etcd', paths.etcdHome],
    ['binaries.dir', binaries?.dir ?? binariesKeys.dir.default],
  ] as const;
  for (const [what, other] of others) {
    if (!isWithin(dir, other) && !isWithin(other, dir)) continue;
    yield {
      code: 'invalid-path',
      path,
      message: `backup.dir ${dir} and ${what} (${other}) lie in one another; what happens to one must not happen to the other`,
      fix: `use a folder of its own, such as ${etcdBackupKeys.dir.default}`,
    };
    return;
  }
}

function* ownFolder(
  name: string,
  dir: string | undefined,
  path: Problem['path'],
  holds: string,
  example: string,
): Iterable<Problem> {
  if (dir === undefined) return;
  const tree = foreignTrees.find((folder) => isWithin(dir, folder));
  const fix = `use a folder of its own, such as ${example}`;
  if (tree !== undefined)
    yield {
      code: 'invalid-path',
      path,
      message: `${name} ${dir} lies in ${tree}, which belongs to the system`,
      fix,
    };
  else if (sharedFolders.includes(dir))
    yield { code: 'invalid-path', path, message: `${name} ${dir} holds more than ${holds}`, fix };
}

function isWithin(dir: string, folder: string): boolean {
  return dir === folder || dir.startsWith(`${folder}/`);
}
