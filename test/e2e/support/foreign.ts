/** Programs for arm64: Debian's, as real as programs can be that these hosts are not to run. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { mustRun } from './process.ts';

// The lab throws out what is older than a week, see test/e2e/lab/root.sh.
const cache = '/var/cache/hardway-e2e/arm64';
const packages = ['etcd-server', 'etcd-client'];
const names = ['etcd', 'etcdctl'] as const;

/** etcd and etcdctl for arm64. */
export type Foreign = Readonly<Record<(typeof names)[number], Buffer>>;

/** Fetches the packages once, by apt's own ways, without a word of it in the machine's package database. */
export async function foreignPrograms(): Promise<Foreign> {
  if (!existsSync(cache)) await fetchPrograms();
  const [etcd, etcdctl] = names.map((name) => readFileSync(join(cache, 'usr/bin', name)));
  if (etcd === undefined || etcdctl === undefined) throw new Error('there are two names');
  return { etcd, etcdctl };
}

async function fetchPrograms(): Promise<void> {
  mkdirSync(join(cache, '..'), { recursive: true });
  const work = mkdtempSync(`${cache}.`);
  try {
    for (const folder of ['state/lists/partial', 'cache/archives/partial', 'root'])
      mkdirSync(join(work, folder), { recursive: true });
    writeFileSync(join(work, 'status'), '');
    const settings = {
      'APT::Architecture': 'arm64',
      'APT::Architectures': 'arm64',
      'APT::Sandbox::User': 'root',
      'Dir::State': join(work, 'state'),
      'Dir::State::status': join(work, 'status'),
      'Dir::Cache': join(work, 'cache'),
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const patience = { timeoutSeconds: 300 };
    await mustRun('apt-get', [...options, '--quiet=2', 'update'], patience);
    const script = 'cd "$1" && shift && apt-get "$@" && for deb in *.deb; do dpkg-deb -x "$deb" root; done';
    const fetch = [...options, '--quiet=2', 'download', ...packages];
    await mustRun('sh', ['-euc', script, 'sh', work, ...fetch], patience);
    utimesSync(join(work, 'root'), new Date(), new Date());
    renameSync(join(work, 'root'), cache);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
