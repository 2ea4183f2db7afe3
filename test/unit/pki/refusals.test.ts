/** Everything that a store is refused for: by kind and path, without key material, and with nothing changed. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isEnvironmentProblem } from '../../../src/pki/problem.ts';
import { openStore } from '../../../src/pki/store.ts';
import {
  filesOf,
  later,
  newStore,
  now,
  openssl,
  refusal,
  request,
  temporaryFolder,
  write,
} from './support.ts';

async function filledStore(): Promise<string> {
  const dir = newStore();
  await openStore(dir, request(), { now });
  return dir;
}

/** `kind path` of every problem after something was done to a good store. */
async function problemsAfter(harm: (dir: string) => void, at = now): Promise<string[]> {
  const dir = await filledStore();
  const secrets = [...filesOf(dir)]
    .filter(([path]) => /\.key$|token|encryption-key$/.test(path))
    .map(([, text]) => text);
  harm(dir);
  const before = filesOf(dir);
  const error = await refusal(openStore(dir, request(), { now: at }));
  expect(filesOf(dir)).toEqual(before);
  const told = JSON.stringify([error.message, error.problems, String(error.stack)]);
  for (const secret of secrets) {
    for (const line of secret.split('\n').filter((part) => /^[\w+/=.]{16,}$/.test(part)))
      expect(told).not.toContain(line);
  }
  expect(error.problems.every(({ fix, message }) => fix !== '' && !message.endsWith('.'))).toBe(true);
  expect([error.kind, error.path, error.fix]).toEqual(Object.values(pick(error.problems[0])));
  return error.problems.map(({ kind, path }) => `${kind} ${relative(dir, path)}`);
}

function pick(problem: { kind: string; path: string; fix: string } | undefined) {
  return { kind: problem?.kind, path: problem?.path, fix: problem?.fix };
}

const encrypt = (dir: string, path: string) => {
  openssl(dir, 'pkcs8', '-topk8', '-in', path, '-out', `${dir}.encrypted`, '-passout', 'pass:x');
  renameSync(`${dir}.encrypted`, join(dir, path));
};
const swap = (dir: string, left: string, right: string) => {
  renameSync(join(dir, left), join(dir, 'swap'));
  renameSync(join(dir, right), join(dir, left));
  renameSync(join(dir, 'swap'), join(dir, right));
};
const apiserver = 'hosts/master01/apiserver';
const etcdServer = 'hosts/master01/etcd-server';

describe('refused', () => {
  test.each<[string, (dir: string) => void, string[]]>([
    [
      'a leaf key without certificate',
      (dir) => rmSync(join(dir, `${apiserver}.crt`)),
      [`key-without-certificate ${apiserver}.key`],
    ],
    [
      'a leaf certificate without key',
      (dir) => rmSync(join(dir, `${apiserver}.key`)),
      [`certificate-without-key ${apiserver}.crt`],
    ],
    [
      'an authority key without certificate',
      (dir) => rmSync(join(dir, 'ca.crt')),
      ['key-without-certificate ca.key'],
    ],
    [
      'an authority whose key is elsewhere',
      (dir) => rmSync(join(dir, 'etcd/ca.key')),
      ['external-authority etcd/ca.crt'],
    ],
    [
      'keys that were swapped',
      (dir) => swap(dir, `${apiserver}.key`, 'operator/admin.key'),
      [`key-mismatch ${apiserver}.key`, 'key-mismatch operator/admin.key'],
    ],
    [
      'authority keys that were swapped',
      (dir) => swap(dir, 'ca.key', 'etcd/ca.key'),
      ['key-mismatch ca.key', 'key-mismatch etcd/ca.key'],
    ],
    ['a certificate that is none', (dir) => write(dir, 'ca.crt', 'hello'), ['unreadable-certificate ca.crt']],
    [
      'a certificate cut short',
      (dir) =>
        write(
          dir,
          `${apiserver}.crt`,
          `${filesOf(dir).get(`${apiserver}.crt`)?.slice(0, 400)}\n-----END CERTIFICATE-----\n`,
        ),
      [`unreadable-certificate ${apiserver}.crt`],
    ],
    ['an empty key', (dir) => write(dir, `${apiserver}.key`, ''), [`unreadable-key ${apiserver}.key`]],
    [
      'a key that is none',
      (dir) => write(dir, 'ca.key', '-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n'),
      ['unreadable-key ca.key'],
    ],
    ['an encrypted key', (dir) => encrypt(dir, 'ca.key'), ['encrypted-key ca.key']],
    [
      'an encrypted key of the older kind',
      (dir) => openssl(dir, 'ec', '-in', 'ca.key', '-out', 'ca.key', '-aes128', '-passout', 'pass:x'),
      ['encrypted-key ca.key'],
    ],
    [
      'a service account key alone changed',
      (dir) => write(dir, 'sa.key', filesOf(dir).get('ca.key') ?? ''),
      ['key-mismatch sa.pub'],
    ],
    [
      'a service account public key alone',
      (dir) => rmSync(join(dir, 'sa.key')),
      ['certificate-without-key sa.pub'],
    ],
    ['a service account key that is none', (dir) => write(dir, 'sa.key', 'x'), ['unreadable-key sa.key']],
    [
      'a service account key that cannot sign tokens',
      (dir) => openssl(dir, 'genpkey', '-algorithm', 'ed25519', '-out', 'sa.key'),
      ['unreadable-key sa.key'],
    ],
    [
      'a service account public key that is none',
      (dir) => write(dir, 'sa.pub', 'x'),
      ['unreadable-key sa.pub'],
    ],
    ['an encrypted service account key', (dir) => encrypt(dir, 'sa.key'), ['encrypted-key sa.key']],
    [
      'a token in capitals',
      (dir) => write(dir, 'bootstrap-token', 'ABCDEF.0123456789abcdef\n'),
      ['malformed-secret bootstrap-token'],
    ],
    [
      'an encryption key of 16 bytes',
      (dir) => write(dir, 'encryption-key', `${Buffer.alloc(16).toString('base64')}\n`),
      ['malformed-secret encryption-key'],
    ],
    [
      'an encryption key with other characters',
      (dir) => write(dir, 'encryption-key', `${'A'.repeat(42)}*A=`),
      ['malformed-secret encryption-key'],
    ],
    [
      'a lost authority',
      (dir) => {
        rmSync(join(dir, 'ca.key'));
        rmSync(join(dir, 'ca.crt'));
      },
      ['missing ca.key'],
    ],
    [
      'a lost service account',
      (dir) => {
        rmSync(join(dir, 'sa.key'));
        rmSync(join(dir, 'sa.pub'));
      },
      ['missing sa.key'],
    ],
    ['a lost encryption key', (dir) => rmSync(join(dir, 'encryption-key')), ['missing encryption-key']],
    [
      'a link to a file',
      (dir) => {
        renameSync(join(dir, 'ca.key'), `${dir}-ca.key`);
        symlinkSync(`${dir}-ca.key`, join(dir, 'ca.key'));
      },
      ['symbolic-link ca.key'],
    ],
    [
      'a link to nothing',
      (dir) => {
        rmSync(join(dir, 'bootstrap-token'));
        symlinkSync('/nonexistent', join(dir, 'bootstrap-token'));
      },
      ['symbolic-link bootstrap-token'],
    ],
    [
      'a folder in place of a file',
      (dir) => {
        rmSync(join(dir, 'ca.key'));
        mkdirSync(join(dir, 'ca.key'));
      },
      ['not-a-file ca.key'],
    ],
    [
      'a file in place of a folder',
      (dir) => {
        rmSync(join(dir, 'operator'), { recursive: true });
        write(dir, 'operator', '');
      },
      ['not-a-file operator'],
    ],
    [
      'a file that is far too long',
      (dir) => write(dir, `${apiserver}.crt`, ' '.repeat(2_000_000)),
      [`not-a-file ${apiserver}.crt`],
    ],
  ])('%s', async (_, harm, expected) => {
    expect(await problemsAfter(harm)).toEqual(expected);
  });

  test('a pipe, without waiting for somebody to write to it', async () => {
    const harm = (dir: string) => {
      rmSync(join(dir, 'encryption-key'));
      execFileSync('mkfifo', [join(dir, 'encryption-key')]);
    };
    const dir = await filledStore();
    harm(dir);
    expect((await refusal(openStore(dir, request(), { now }))).kind).toBe('not-a-file');
  });

  test('a folder of hosts that is a link, and nothing is written behind it', async () => {
    const dir = await filledStore();
    const outside = temporaryFolder();
    rmSync(join(dir, 'hosts'), { recursive: true });
    symlinkSync(outside, join(dir, 'hosts'));
    expect(
      (await refusal(openStore(dir, request(), { now }))).problems.map(
        ({ kind, path }) => `${kind} ${relative(dir, path)}`,
      ),
    ).toEqual(['symbolic-link hosts']);
    expect(filesOf(outside).size).toBe(0);
  });

  test('an expired authority, with each authority told', async () => {
    expect(await problemsAfter(() => {}, later(3651))).toEqual([
      'authority-expired ca.crt',
      'authority-expired etcd/ca.crt',
      'authority-expired front-proxy-ca.crt',
    ]);
  });

  test('a clock that is behind the authorities', async () => {
    expect((await problemsAfter(() => {}, later(-1)))[0]).toBe('authority-not-yet-valid ca.crt');
  });

  test('certificates of another store', async () => {
    const other = filesOf(await filledStore());
    const problems = await problemsAfter((dir) => {
      for (const path of [`${apiserver}.crt`, `${apiserver}.key`]) write(dir, path, other.get(path) ?? '');
    });
    expect(problems).toEqual([`foreign-certificate ${apiserver}.crt`]);
  });

  test('certificates whose authority was replaced', async () => {
    const other = await filledStore();
    const problems = await problemsAfter((dir) => {
      for (const path of ['ca.crt', 'ca.key']) write(dir, path, filesOf(other).get(path) ?? '');
    });
    expect(problems).toEqual([
      `foreign-certificate ${apiserver}.crt`,
      'foreign-certificate operator/admin.crt',
    ]);
  });

  test('certificates without their authority, in a store whose marker was deleted', async () => {
    const problems = await problemsAfter((dir) => {
      for (const path of ['.hardway-pki', 'etcd/ca.crt', 'etcd/ca.key']) rmSync(join(dir, path));
    });
    expect(problems).toEqual([`foreign-certificate ${etcdServer}.crt`]);
  });

  test('one key for two authorities', async () => {
    const problems = await problemsAfter((dir) => {
      for (const ending of ['crt', 'key'])
        write(dir, `etcd/ca.${ending}`, filesOf(dir).get(`ca.${ending}`) ?? '');
    });
    expect(problems).toContain('not-an-authority etcd/ca.crt');
  });

  test('certificates in the order of the request, whatever is wrong with each', async () => {
    const other = filesOf(await filledStore());
    const problems = await problemsAfter((dir) => {
      for (const path of [`${apiserver}.crt`, `${apiserver}.key`]) write(dir, path, other.get(path) ?? '');
      write(dir, `${etcdServer}.key`, other.get(`${etcdServer}.key`) ?? '');
    });
    expect(problems).toEqual([`foreign-certificate ${apiserver}.crt`, `key-mismatch ${etcdServer}.key`]);
  });

  test('several things at once are all told', async () => {
    const problems = await problemsAfter((dir) => {
      write(dir, 'bootstrap-token', 'x');
      rmSync(join(dir, 'operator/admin.key'));
      rmSync(join(dir, `${apiserver}.crt`));
      write(dir, 'encryption-key', 'x');
    });
    expect(problems.sort()).toEqual([
      'certificate-without-key operator/admin.crt',
      `key-without-certificate ${apiserver}.key`,
      'malformed-secret bootstrap-token',
      'malformed-secret encryption-key',
    ]);
  });
});

test('a new authority can be had on purpose', async () => {
  const dir = await filledStore();
  for (const path of ['.hardway-pki', 'ca.crt', 'ca.key', 'hosts', 'operator'])
    rmSync(join(dir, path), { recursive: true });
  const { changes } = await openStore(dir, request(), { now });
  expect(changes.map(({ what }) => what)).toEqual([
    'kubernetes-ca',
    ...request().certificates.map(({ id }) => id),
  ]);
});

describe('folders that are no store', () => {
  test.each<[string, (dir: string) => void]>([
    ['with other files', (dir) => write(dir, 'passwd', 'root')],
    [
      'with other files beside an authority',
      (dir) => {
        write(dir, 'ca.crt', '');
        write(dir, 'apiserver.crt', '');
      },
    ],
    [
      'with many other files',
      (dir) => {
        for (const name of ['a', 'b', 'c', 'd']) write(dir, name, '');
      },
    ],
  ])('%s stay as they are', async (_, make) => {
    const dir = newStore();
    mkdirSync(dir, { mode: 0o755 });
    make(dir);
    const before = filesOf(dir);
    const error = await refusal(openStore(dir, request(), { now }));
    expect([error.kind, error.path]).toEqual(['not-a-store', dir]);
    expect(filesOf(dir)).toEqual(before);
  });

  test('/etc stays as it is', async () => {
    expect((await refusal(openStore('/etc', request(), { now }))).kind).toBe('not-a-store');
  });

  test('a file is none', async () => {
    const dir = newStore();
    writeFileSync(dir, '');
    expect((await refusal(openStore(dir, request(), { now }))).kind).toBe('not-a-store');
  });

  test('nor is the store of a later format', async () => {
    const dir = await filledStore();
    write(dir, '.hardway-pki', 'PKI store of hardway, format 2.\n');
    expect((await refusal(openStore(dir, request(), { now }))).kind).toBe('not-a-store');
  });

  test('a folder that cannot be made is a failure of the environment', async () => {
    const error = await refusal(openStore('/proc/nowhere/store', request(), { now }));
    expect(error.kind).toBe('disk');
    expect(isEnvironmentProblem(error.kind)).toBe(true);
    expect(isEnvironmentProblem('key-mismatch')).toBe(false);
  });

  test('a folder that cannot be written is one, too', async () => {
    const dir = await filledStore();
    chmodSync(dir, 0o500);
    // Modes mean nothing to root.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65534);
    try {
      expect((await refusal(openStore(dir, request(), { now }))).kind).toBe('disk');
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});
