// Binaries that install.sh brings: out of archives beside the bundle, and from a server. What they hold here are scripts.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  DEFAULT_STATEMENTS,
  killedWhen,
  machineArch,
  makeBundle,
  makeRoot,
  type Result,
  run,
  sumUp,
  temporaryFolder,
  tree,
} from './bundle.ts';
import { canMount, makeLiveHost } from './live.ts';

const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');
const programs = { etcd: '#!/bin/sh\necho etcd\n', etcdctl: '#!/bin/sh\necho etcdctl\n' };
const ARCHIVE = 'etcd-amd64.tar.gz';
const PLACE = '/usr/local/bin/etcd';

/** An archive of these programs at a path; gives its sum. */
const pack = (path: string, contents: Readonly<Record<string, string>>): string => {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(contents))
    writeFileSync(join(folder, name), text, { mode: 0o755 });
  execFileSync('tar', ['-czf', path, '-C', folder, ...Object.keys(contents)]);
  return sha256(readFileSync(path));
};

const programStatements = (contents: Readonly<Record<string, string>>): string[] =>
  Object.entries(contents).map(
    ([name, text]) =>
      `program 0755 root:root /usr/local/bin/${name} ${name === 'etcd' ? 'etcd.service' : '-'} ${sha256(text)} ${ARCHIVE} ${name}`,
  );

/** A bundle with its archive in the same folder. */
const bundleWith = (contents: Readonly<Record<string, string>> = programs): string => {
  const archive = join(temporaryFolder(), ARCHIVE);
  const sum = pack(archive, contents);
  const statements = [
    `archive ${ARCHIVE} ${sum}`,
    'binary /usr/local/bin/etcd -',
    ...programStatements(contents),
  ];
  const bundle = makeBundle({ statements: [...DEFAULT_STATEMENTS, ...statements] });
  copyFileSync(archive, join(bundle, ARCHIVE));
  return bundle;
};

let root = '';
const installed = (name = PLACE): string => readFileSync(join(root, name), 'utf8');
const staged = (): boolean => existsSync(join(root, 'var/lib/hardway/staged'));
beforeEach(() => {
  root = makeRoot();
});

describe('binaries out of an archive', () => {
  it('go to their place with mode and owner; twice is the same as once', () => {
    const bundle = bundleWith();
    expect(run(bundle, ['--root', root])).toMatchObject({ status: 0 });
    expect([installed(), installed('/usr/local/bin/etcdctl')]).toEqual([programs.etcd, programs.etcdctl]);
    expect(statSync(join(root, PLACE)).mode & 0o7777).toBe(0o755);
    expect(staged()).toBe(false);
    // What is in place wants no archive any more.
    rmSync(join(bundle, ARCHIVE));
    expect(run(bundle, ['--root', root]).out).toContain('0 created, 0 changed, 0 removed');
    expect(run(bundle, ['verify', '--root', root])).toMatchObject({ status: 0 });
  });

  it.each(['.', '..', '../binaries'])('are found in %s of the bundle', (place) => {
    const bundle = bundleWith();
    const inner = join(temporaryFolder(), 'node01');
    execFileSync('cp', ['-r', bundle, inner]);
    rmSync(join(inner, ARCHIVE));
    mkdirSync(join(inner, place), { recursive: true });
    copyFileSync(join(bundle, ARCHIVE), join(inner, place, ARCHIVE));
    expect(run(inner, ['--root', root])).toMatchObject({ status: 0 });
    expect(installed()).toBe(programs.etcd);
  });

  it.each([
    [
      'a missing archive',
      (file: string) => rmSync(file),
      /etcd-amd64\.tar\.gz, which holds binaries of this host, is not there/,
    ],
    [
      'a truncated one',
      (file: string) => truncateSync(file, 60),
      /etcd-amd64\.tar\.gz is not whole: SHA-256 is SUM, wanted/,
    ],
    [
      'a changed one',
      (file: string) => appendFileSync(file, 'x'),
      /etcd-amd64\.tar\.gz is not whole: SHA-256 is SUM, wanted/,
    ],
  ])('%s is a problem of preflight, and nothing changes', (_, damage, message) => {
    const bundle = bundleWith();
    const wanted = sha256(readFileSync(join(bundle, ARCHIVE)));
    damage(join(bundle, ARCHIVE));
    const found = existsSync(join(bundle, ARCHIVE)) ? sha256(readFileSync(join(bundle, ARCHIVE))) : '';
    const before = tree(root);
    for (const verb of ['preflight', 'install']) {
      const { status, out } = run(bundle, [verb, '--root', root]);
      expect(status).toBe(1);
      expect(out).toMatch(new RegExp(message.source.replace('SUM', found)));
      if (found !== '') expect(out).toContain(`wanted ${wanted}`);
    }
    expect(tree(root)).toEqual(before);
  });

  it('are held against their own sums too, before anything changes', () => {
    const bundle = bundleWith();
    const manifest = readFileSync(join(bundle, 'manifest'), 'utf8');
    const other = pack(join(bundle, ARCHIVE), { ...programs, etcd: 'something else' });
    writeFileSync(join(bundle, 'manifest'), manifest.replace(/^archive .*$/m, `archive ${ARCHIVE} ${other}`));
    sumUp(bundle);
    const before = tree(root);
    const { status, out } = run(bundle, ['--root', root]);
    expect(status).toBe(3);
    expect(out).toContain(
      `etcd in ${bundle}/${ARCHIVE} is not whole: SHA-256 is ${sha256('something else')}, wanted ${sha256(programs.etcd)}; nothing was changed`,
    );
    expect(tree(root)).toEqual(before);
    expect(staged()).toBe(false);
  });

  it('replace what stood there, come back with a rollback, go with uninstall', () => {
    mkdirSync(dirname(join(root, PLACE)), { recursive: true });
    writeFileSync(join(root, PLACE), 'the host has its own\n', { mode: 0o700 });
    const before = tree(root);
    const bundle = bundleWith();
    expect(run(bundle, ['--root', root]).out).toContain(`replaces ${PLACE}, which is not ours`);
    const newer = bundleWith({ ...programs, etcd: '#!/bin/sh\necho newer\n' });
    expect(run(newer, ['--root', root]).out).toContain('0 created, 1 changed');
    expect(run(newer, ['rollback', '--root', root])).toMatchObject({ status: 0 });
    expect(installed()).toBe(programs.etcd);
    expect(run(bundle, ['rollback', '--root', root])).toMatchObject({ status: 0 });
    expect(tree(root)).toEqual(before);
    expect(run(bundle, ['--root', root])).toMatchObject({ status: 0 });
    expect(run(bundle, ['uninstall', '--yes', '--root', root])).toMatchObject({ status: 0 });
    expect(existsSync(join(root, PLACE))).toBe(false);
  });

  it('stay when the next bundle leaves them to the host, and go when it does not know them', () => {
    expect(run(bundleWith(), ['--root', root])).toMatchObject({ status: 0 });
    const left = makeBundle({ statements: [...DEFAULT_STATEMENTS, 'binary /usr/local/bin/etcd -'] });
    expect(run(left, ['--root', root])).toMatchObject({ status: 0 });
    expect(installed()).toBe(programs.etcd);
    expect(existsSync(join(root, '/usr/local/bin/etcdctl'))).toBe(false);
  });

  it('a wrong mode is set right without the archive', () => {
    const bundle = bundleWith();
    run(bundle, ['--root', root]);
    rmSync(join(bundle, ARCHIVE));
    chmodSync(join(root, PLACE), 0o777);
    expect(run(bundle, ['verify', '--root', root])).toMatchObject({ status: 1 });
    expect(run(bundle, ['--root', root]).out).toContain('0 created, 1 changed');
    expect(statSync(join(root, PLACE)).mode & 0o7777).toBe(0o755);
  });

  it('verify sees one that was changed', () => {
    const bundle = bundleWith();
    run(bundle, ['--root', root]);
    appendFileSync(join(root, PLACE), '# x\n');
    const { status, out } = run(bundle, ['verify', '--root', root]);
    expect([status, out]).toEqual([1, expect.stringContaining(`${PLACE}: content differs`)]);
  });

  it('a dry run says what would change, and changes nothing', () => {
    const before = tree(root);
    const { status, out } = run(bundleWith(), ['--dry-run', '--root', root]);
    expect([status, out]).toEqual([0, expect.stringContaining(`create ${PLACE}`)]);
    expect(tree(root)).toEqual(before);
    expect(staged()).toBe(false);
  });

  it.each([
    ['while it unpacks', '[[ $BASH_COMMAND == tar* ]]'],
    ['between staging and the first change', '[[ ${FUNCNAME[0]-} == continue_transaction ]]'],
    ['before a binary is renamed into place', `[[ $BASH_COMMAND == mv* && $TARGET == *${PLACE} ]]`],
    ['after all are in place', '[[ ${FUNCNAME[0]-} == remove_staged ]]'],
  ])('a kill %s: the next run ends as if nothing had been', (_, moment) => {
    const bundle = bundleWith();
    expect(run(bundle, ['--root', root], killedWhen(moment)).signal).toBe('SIGKILL');
    expect(run(bundle, ['--root', root])).toMatchObject({ status: 0 });
    expect([installed(), staged()]).toEqual([programs.etcd, false]);
    const fresh = makeRoot();
    run(bundle, ['--root', fresh]);
    expect(tree(root)).toEqual(tree(fresh));
  });

  it('a kill before any change leaves nothing behind a rollback', () => {
    const bundle = bundleWith();
    const before = tree(root);
    run(bundle, ['--root', root], killedWhen('[[ ${FUNCNAME[0]-} == continue_transaction ]]'));
    expect(staged()).toBe(true);
    expect(run(bundle, ['rollback', '--root', root])).toMatchObject({ status: 0 });
    expect([tree(root), existsSync(join(root, 'var/lib/hardway'))]).toEqual([before, false]);
  });

  it.each([
    [
      'a source without a statement',
      'program 0755 root:root /usr/bin/x - SUM other.tar.gz x',
      /comes out of other\.tar\.gz/,
    ],
    [
      'a unit without a statement',
      `program 0755 root:root /usr/bin/x x.service SUM ${ARCHIVE} x`,
      /names x\.service/,
    ],
    ['a member that climbs', `program 0755 root:root /usr/bin/x - SUM ${ARCHIVE} ../x`, /is not a member/],
    ['a sum that is none', `program 0755 root:root /usr/bin/x - abc ${ARCHIVE} x`, /is not a sum/],
    [
      'a path twice',
      `program 0755 root:root /etc/kubernetes/config - SUM ${ARCHIVE} x`,
      /stands there twice/,
    ],
    ['a URL that is none', 'download x SUM file:///etc/shadow', /is not a url/],
  ])('%s is refused', (_, statement, message) => {
    const sum = '0'.repeat(64);
    const bundle = makeBundle({
      statements: [...DEFAULT_STATEMENTS, `archive ${ARCHIVE} ${sum}`, statement.replace('SUM', sum)],
    });
    const { status, out } = run(bundle, ['--root', root]);
    expect([status, out]).toEqual([2, expect.stringMatching(message)]);
  });
});

describe('binaries that the host has', () => {
  it('one for another machine is a problem', () => {
    const header = Buffer.alloc(64);
    header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
    header.writeUInt16LE(machineArch === 'arm64' ? 62 : 183, 18);
    mkdirSync(dirname(join(root, PLACE)), { recursive: true });
    writeFileSync(join(root, PLACE), header, { mode: 0o755 });
    const bundle = makeBundle({ statements: [...DEFAULT_STATEMENTS, `binary ${PLACE} -`] });
    const { status, out } = run(bundle, ['preflight', '--root', root]);
    const other = machineArch === 'arm64' ? 'amd64' : 'arm64';
    expect(out).toContain(`${PLACE} is for ${other}, and this host is ${machineArch}`);
    expect(status).toBe(1);
  });
});

describe.skipIf(!canMount)('on a running host', () => {
  it('a unit is restarted when its binary alone is new, and no other is', () => {
    const host = makeLiveHost();
    const folder = join(host.root, 'bin');
    mkdirSync(folder);
    const before = `mount --bind ${folder} /usr/local/bin`;
    const live = (contents: Readonly<Record<string, string>>): string =>
      host.run(bundleWith(contents), [], { before }).out;
    live(programs);
    host.calls();
    expect(live({ ...programs, etcdctl: 'newer' })).toContain('started or restarted: nothing');
    expect(host.calls()).toEqual([]);
    expect(live({ ...programs, etcd: 'newer' })).toContain('started or restarted: etcd.service');
    expect(host.calls()).toEqual(['restart --no-block -- etcd.service']);
  });
});

describe('binaries that are fetched', () => {
  // In a process of its own: install.sh is waited for here. HOLD breaks a connection off, in the middle, once.
  const SERVER = `
import { createServer } from 'node:http';
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
const site = process.argv[2];
createServer(({ url, headers }, response) => {
  appendFileSync(site + '/requests', url + ' ' + (headers.range ?? '') + '\\n');
  if (!existsSync(site + url)) return response.writeHead(404).end();
  if (url === '/loop') return response.writeHead(302, { location: '/loop' }).end();
  const bytes = readFileSync(site + url);
  const from = existsSync(site + '/DEAF') ? 0 : Number(/^bytes=(\\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
  if (from >= bytes.length && from > 0) return response.writeHead(416).end();
  if (existsSync(site + '/HOLD')) {
    rmSync(site + '/HOLD');
    response.writeHead(200, { 'content-length': bytes.length });
    return response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
  }
  const head = { 'content-length': bytes.length - from, 'accept-ranges': 'bytes' };
  if (from > 0) head['content-range'] = 'bytes ' + from + '-' + (bytes.length - 1) + '/' + bytes.length;
  response.writeHead(from > 0 ? 206 : 200, head).end(bytes.subarray(from));
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
`;
  let server: ChildProcess | undefined;
  let site = '';
  let url = '';
  beforeEach(async () => {
    site = temporaryFolder();
    const script = join(temporaryFolder(), 'server.mjs');
    writeFileSync(script, SERVER);
    const child = spawn(process.execPath, [script, site], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = await once(child.stdout, 'data');
    server = child;
    url = `http://127.0.0.1:${String(port).trim()}`;
  });
  afterEach(() => server?.kill());

  const etcdctl = `#!/bin/sh\n${'# etcdctl\n'.repeat(50_000)}`;
  const requests = (): string[] =>
    existsSync(join(site, 'requests')) ? readFileSync(join(site, 'requests'), 'utf8').trim().split('\n') : [];

  /** Two sources as they are published: an archive with folders, and a program by itself. */
  const bundleFrom = (): string => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'etcd-v3'));
    writeFileSync(join(folder, 'etcd-v3/etcd'), programs.etcd, { mode: 0o755 });
    execFileSync('tar', ['-czf', join(site, 'etcd.tgz'), '-C', folder, 'etcd-v3/etcd']);
    writeFileSync(join(site, 'etcdctl'), etcdctl);
    const archive = sha256(readFileSync(join(site, 'etcd.tgz')));
    return makeBundle({
      statements: [
        ...DEFAULT_STATEMENTS,
        `download etcd.tgz ${archive} ${url}/etcd.tgz`,
        `download etcdctl ${sha256(etcdctl)} ${url}/etcdctl`,
        `program 0755 root:root ${PLACE} etcd.service ${sha256(programs.etcd)} etcd.tgz etcd-v3/etcd`,
        `program 0755 root:root /usr/local/bin/etcdctl - ${sha256(etcdctl)} etcdctl -`,
      ],
    });
  };

  describe.each(['curl', 'wget'])('by %s', (client) => {
    const other = client === 'curl' ? 'wget' : 'curl';
    const install = (bundle: string): Result => {
      const script = readFileSync(join(bundle, 'install.sh'), 'utf8');
      // As if the other client were not installed.
      const alone = script.replace(/^have\(\) \{/m, `have() { [[ $1 != ${other} ]] || return 1;`);
      writeFileSync(join(bundle, 'install.sh'), alone, { mode: 0o755 });
      return run(bundle, ['--root', root]);
    };

    it('come to their place; twice asks for nothing', () => {
      const bundle = bundleFrom();
      expect(install(bundle)).toMatchObject({ status: 0 });
      expect([installed(), installed('/usr/local/bin/etcdctl')]).toEqual([programs.etcd, etcdctl]);
      expect(requests()).toHaveLength(2);
      expect(install(bundle).out).toContain('0 created, 0 changed, 0 removed');
      expect([requests().length, staged()]).toEqual([2, false]);
    });

    it('a connection that breaks is gone on with', () => {
      const bundle = bundleFrom();
      rmSync(join(site, 'etcd.tgz'));
      writeFileSync(
        join(bundle, 'manifest'),
        readFileSync(join(bundle, 'manifest'), 'utf8').replace(/^.*etcd\.tgz.*\n/gm, ''),
      );
      sumUp(bundle);
      writeFileSync(join(site, 'HOLD'), '');
      expect(install(bundle)).toMatchObject({ status: 0 });
      expect(installed('/usr/local/bin/etcdctl')).toBe(etcdctl);
      expect(requests()).toEqual(['/etcdctl ', `/etcdctl bytes=${Math.floor(etcdctl.length / 2)}-`]);
    });

    it.each([
      [
        'of the same file',
        (dir: string) => writeFileSync(join(dir, 'etcdctl'), etcdctl.slice(0, 1000)),
        '/etcdctl bytes=1000-',
      ],
      [
        'of another file',
        (dir: string) => writeFileSync(join(dir, 'etcdctl'), 'another'),
        '/etcdctl bytes=7-',
      ],
      [
        'that is longer than the file',
        (dir: string) => writeFileSync(join(dir, 'etcdctl'), `${etcdctl}more`),
        undefined,
      ],
    ])('a part %s that an earlier run has left does no harm', (_, leave, request) => {
      const bundle = bundleFrom();
      mkdirSync(join(root, 'var/lib/hardway/staged'), { recursive: true });
      leave(join(root, 'var/lib/hardway/staged'));
      expect(install(bundle)).toMatchObject({ status: 0 });
      expect(installed('/usr/local/bin/etcdctl')).toBe(etcdctl);
      if (request !== undefined) expect(requests()).toContain(request);
    });

    it('a server that knows no ranges does no harm to a part either', () => {
      const bundle = bundleFrom();
      writeFileSync(join(site, 'DEAF'), '');
      mkdirSync(join(root, 'var/lib/hardway/staged'), { recursive: true });
      writeFileSync(join(root, 'var/lib/hardway/staged/etcdctl'), etcdctl.slice(0, 1000));
      expect(install(bundle)).toMatchObject({ status: 0 });
      expect(installed('/usr/local/bin/etcdctl')).toBe(etcdctl);
    });

    it('a server that lies is refused with the name and both sums; nothing changes', () => {
      const bundle = bundleFrom();
      writeFileSync(join(site, 'etcdctl'), 'a lie');
      const before = tree(root);
      const { status, out } = install(bundle);
      expect(status).toBe(3);
      expect(out).toContain(
        `what ${url}/etcdctl gives is not etcdctl: SHA-256 is ${sha256('a lie')}, wanted ${sha256(etcdctl)}; nothing was changed`,
      );
      expect(tree(root)).toEqual(before);
    });

    it('what is not there is told, and nothing changes', () => {
      const bundle = bundleFrom();
      rmSync(join(site, 'etcdctl'));
      const before = tree(root);
      const { status, out } = install(bundle);
      expect([status, out]).toEqual([
        3,
        expect.stringContaining(`cannot fetch ${url}/etcdctl; nothing was changed`),
      ]);
      expect(tree(root)).toEqual(before);
      expect(requests().filter((one) => one.startsWith('/etcdctl'))).toHaveLength(1);
    });
  });

  it('without curl and wget preflight says so once', () => {
    const bundle = bundleFrom();
    const script = readFileSync(join(bundle, 'install.sh'), 'utf8');
    const none = script.replace(/^have\(\) \{/m, 'have() { [[ $1 != curl && $1 != wget ]] || return 1;');
    writeFileSync(join(bundle, 'install.sh'), none, { mode: 0o755 });
    const { status, out } = run(bundle, ['preflight', '--root', root]);
    expect(status).toBe(1);
    expect(out.match(/neither curl nor wget is there/g)).toHaveLength(1);
  });
});
