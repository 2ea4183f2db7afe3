/** Fetching, against servers of the tests' own that break off, lie, redirect and change their minds. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { artefactsOf } from '../../../src/binaries/artefacts.ts';
import { type Fetched, fetchBinaries } from '../../../src/binaries/fetch.ts';
import { createAgent } from '../../../src/binaries/http.ts';
import type { Lock } from '../../../src/binaries/lock.ts';
import { fakeProgram, publish, sha256Of } from '../../support/binaries.ts';
import { temporaryFolder } from '../../support/cli.ts';
import { clusterOf, fiveHosts } from '../../support/clusters.ts';
import { breakOff, type FileServer, type Mischief, serveFiles } from '../../support/file-server.ts';

const base = temporaryFolder('fetch');
const cluster = clusterOf('kubernetes: { version: 1.20.2 }', fiveHosts);
const artefacts = artefactsOf(cluster);
const kubelet = 'dl.k8s.io/release/v1.20.2/bin/linux/amd64/kubelet';

let site = '';
let cache = '';
let lock: Lock = new Map();
let agent: Dispatcher;
const servers: FileServer[] = [];
beforeEach(() => {
  site = mkdtempSync(join(base, 'site-'));
  cache = mkdtempSync(join(base, 'cache-'));
  // Large enough to be cut in two.
  lock = publish(cluster, site, (artefact, name) =>
    Buffer.concat([fakeProgram(artefact.arch, `${artefact.path} ${name}`), Buffer.alloc(300_000, name)]),
  );
  agent = createAgent();
});
afterEach(async () => {
  await agent.destroy();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(mischief?: Mischief, tls?: { key: string; cert: string }): Promise<FileServer> {
  const server = await serveFiles(site, mischief, tls);
  servers.push(server);
  return server;
}

/** Fetches from a mirror with a lock that knows everything. */
function fetchFrom(server: FileServer, known: Lock = lock): Promise<Fetched> {
  const mirror = `http://127.0.0.1:${server.port}`;
  return fetchBinaries(artefacts, {
    lock: known,
    cacheDir: cache,
    mirror,
    from: undefined,
    agent,
    onProgress: () => {},
  });
}

const messages = ({ failures }: Fetched): string =>
  failures.map((error) => (error as Error).message).join('\n');

/** Does something at the first request for a file, and serves after that. */
function once(path: string, act: (file: string, response: ServerResponse) => void): Mischief {
  let done = false;
  return (_request, response, asked) => {
    if (done || asked !== path) return false;
    done = true;
    act(join(site, path), response);
    return true;
  };
}

describe('from a mirror', () => {
  test('every file comes whole; the second time none is asked for', async () => {
    const server = await serve();
    const first = await fetchFrom(server);
    expect(first.failures).toEqual([]);
    expect(first.lock).toEqual(lock);
    expect(first.files.map(({ path, state }) => [path, state])).toEqual(
      artefacts.map(({ path }) => [path, 'fetched']),
    );
    expect(server.requests.sort()).toEqual(artefacts.map(({ path }) => path).sort());
    for (const { path } of artefacts) expect(sha256Of(readFileSync(join(cache, path)))).toBe(lock.get(path));
    const second = await fetchFrom(server);
    expect(second.files.map(({ state }) => state)).toEqual(artefacts.map(() => 'cached'));
    expect(server.requests).toHaveLength(artefacts.length);
  });

  test('a connection that breaks is gone on with where it broke', async () => {
    const part = join(cache, `${kubelet}.part`);
    const hasArrived = () => (statSync(part, { throwIfNoEntry: false })?.size ?? 0) > 0;
    const server = await serve(
      once(kubelet, (file, response) => breakOff(file, response, 100_000, hasArrived)),
    );
    expect(messages(await fetchFrom(server))).toBe('');
    const asked = server.requests.filter((one) => one.startsWith(kubelet));
    expect(asked[0]).toBe(kubelet);
    expect(asked[1]).toMatch(/kubelet bytes=[1-9]\d*-$/);
    expect(sha256Of(readFileSync(join(cache, kubelet)))).toBe(lock.get(kubelet));
    expect(existsSync(join(cache, `${kubelet}.part`))).toBe(false);
  });

  test('an earlier run is gone on with', async () => {
    const bytes = readFileSync(join(site, kubelet));
    mkdirSync(dirname(join(cache, kubelet)), { recursive: true });
    writeFileSync(join(cache, `${kubelet}.part`), bytes.subarray(0, 1234));
    const server = await serve();
    expect(messages(await fetchFrom(server))).toBe('');
    expect(server.requests).toContain(`${kubelet} bytes=1234-`);
  });

  test.each([
    ['another tag, so the server sends all of it', '"of something else"'],
    ['no tag, so the rest fits to nothing', undefined],
    ['a weak tag, which proves nothing', 'W/"x"'],
  ])('a part of another file with %s', async (_, tag) => {
    mkdirSync(dirname(join(cache, kubelet)), { recursive: true });
    writeFileSync(join(cache, `${kubelet}.part`), 'of something else');
    if (tag !== undefined) writeFileSync(join(cache, `${kubelet}.part.etag`), tag);
    expect(messages(await fetchFrom(await serve()))).toBe('');
    expect(sha256Of(readFileSync(join(cache, kubelet)))).toBe(lock.get(kubelet));
  });

  test('a part that is longer than the file (416), and a server without ranges', async () => {
    mkdirSync(dirname(join(cache, kubelet)), { recursive: true });
    writeFileSync(join(cache, `${kubelet}.part`), Buffer.alloc(1_000_000));
    expect(messages(await fetchFrom(await serve()))).toBe('');
    rmSync(join(cache, kubelet));
    writeFileSync(join(cache, `${kubelet}.part`), 'begun');
    const deaf: Mischief = (request) => {
      delete request.headers.range;
      return false;
    };
    expect(messages(await fetchFrom(await serve(deaf)))).toBe('');
  });

  test.each([
    ['corrupted', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), Buffer.from('!')])],
    ['truncated', (bytes: Buffer) => bytes.subarray(0, 200_000)],
    ['an empty one', () => Buffer.alloc(0)],
  ])('a mirror that lies (%s) is refused with the name and both sums, the others come', async (_, change) => {
    const lie = change(readFileSync(join(site, kubelet)));
    writeFileSync(join(site, kubelet), lie);
    const fetched = await fetchFrom(await serve());
    expect(messages(fetched)).toContain(kubelet);
    expect(messages(fetched)).toContain(`wanted ${lock.get(kubelet)}`);
    expect(messages(fetched)).toContain(`found  ${sha256Of(lie)}`);
    expect(fetched.files).toHaveLength(artefacts.length - 1);
    expect(fetched.lock.get(kubelet)).toBe(lock.get(kubelet));
    expect(existsSync(join(cache, kubelet)) || existsSync(join(cache, `${kubelet}.part`))).toBe(false);
  });

  test('a status that stays is told at once, one that may pass is asked again', async () => {
    rmSync(join(site, kubelet));
    const proxy = 'dl.k8s.io/release/v1.20.2/bin/linux/amd64/kube-proxy';
    const server = await serve(once(proxy, (_file, response) => response.writeHead(503).end()));
    const fetched = await fetchFrom(server);
    expect(messages(fetched)).toMatch(/cannot fetch .*kubelet: .* answers with status 404/);
    expect(server.requests.filter((one) => one === kubelet)).toHaveLength(1);
    expect(server.requests.filter((one) => one === proxy)).toHaveLength(2);
  });

  test('redirects are followed, but not for ever', async () => {
    const server = await serve((_request, response, path) => {
      if (path.startsWith('moved/')) return false;
      if (path === kubelet) response.writeHead(302, { location: `/${kubelet}` }).end();
      else response.writeHead(302, { location: `/moved/${path}` }).end();
      return true;
    });
    cpSync(site, join(base, 'copy'), { recursive: true });
    cpSync(join(base, 'copy'), join(site, 'moved'), { recursive: true });
    const fetched = await fetchFrom(server);
    expect(messages(fetched)).toMatch(/kubelet redirects more than 5 times$/);
    expect(fetched.files).toHaveLength(artefacts.length - 1);
  });

  test('without a lock, and without a way to where sums are published, nothing is fetched', async () => {
    const server = await serve();
    const dead = new Agent({ connect: (_options, done) => done(new Error('no route to host'), null) });
    const mirror = `http://127.0.0.1:${server.port}`;
    const options = {
      lock: new Map(),
      cacheDir: cache,
      mirror,
      from: undefined,
      agent: dead,
      onProgress: () => {},
    };
    await expect(fetchBinaries(artefacts, options)).rejects.toMatchObject({
      problems: expect.arrayContaining([
        {
          message: expect.stringContaining(`https://${kubelet}.sha256 cannot be read: no route to host`),
          fix: expect.stringContaining('a mirror is not asked for sums'),
        },
      ]),
    });
    expect(server.requests).toEqual([]);
  });

  test('the proxy that the environment names is used', async () => {
    const server = await serve();
    const tunnels: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, client) => {
      tunnels.push(request.url ?? '');
      const upstream = connect(server.port, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
      for (const socket of [client, upstream]) socket.on('error', () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('http_proxy', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    vi.stubEnv('no_proxy', '');
    const through = createAgent();
    vi.unstubAllEnvs();
    const rest = { lock, cacheDir: cache, from: undefined, agent: through, onProgress: () => {} };
    const fetched = await fetchBinaries(artefacts, { ...rest, mirror: 'http://mirror.example:8080' });
    expect([messages(fetched), fetched.files.length]).toEqual(['', artefacts.length]);
    expect(new Set(tunnels)).toEqual(new Set(['mirror.example:8080']));
    await through.destroy();
    await new Promise((resolve) => proxy.close(resolve));
  });

  test('two at once share one cache', async () => {
    const server = await serve();
    const states = (await Promise.all([fetchFrom(server), fetchFrom(server)])).map(({ files }) =>
      [...new Set(files.map(({ state }) => state))].join(),
    );
    expect(states.sort()).toEqual(['cached', 'fetched']);
    expect(server.requests).toHaveLength(artefacts.length);
  });
});

describe('from where they are published', () => {
  const tls = { key: '', cert: '' };
  beforeAll(() => {
    const [key, cert] = [join(base, 'tls.key'), join(base, 'tls.crt')];
    const names = 'subjectAltName=DNS:dl.k8s.io,DNS:github.com,DNS:cdn.example';
    const args = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test -addext ${names}`;
    execFileSync('openssl', [...args.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' });
    Object.assign(tls, { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') });
  });

  /** Connections that all lead to one server, whatever the name; with `ca` its certificate is trusted. */
  function leadingTo({ port }: FileServer, ca?: string): Agent {
    const connect = buildConnector(ca === undefined ? {} : { ca });
    return new Agent({
      connect: (options, done) =>
        connect(
          { ...options, hostname: '127.0.0.1', port: String(port), servername: options.hostname },
          done,
        ),
    });
  }

  function fetchOfficial(known: Lock, dispatcher: Dispatcher, mirror?: string): Promise<Fetched> {
    const rest = { cacheDir: cache, mirror, from: undefined, agent: dispatcher, onProgress: () => {} };
    return fetchBinaries(artefacts, { lock: known, ...rest });
  }

  test('sums are read over TLS, once for a list, and make the lock', async () => {
    const server = await serve(undefined, tls);
    const fetched = await fetchOfficial(new Map(), leadingTo(server, tls.cert));
    expect(messages(fetched)).toBe('');
    expect(fetched.lock).toEqual(lock);
    expect(server.requests.filter((one) => one.endsWith('SHA256SUMS'))).toHaveLength(1);
  });

  test('a certificate that is not trusted gives no sums', async () => {
    const server = await serve(undefined, tls);
    const refused = fetchOfficial(new Map(), leadingTo(server));
    await expect(refused).rejects.toThrow(/cannot be read: .*(self.signed|certificate)/i);
    expect(server.requests).toEqual([]);
  });

  test('a redirect to another name over TLS is followed, one to a plain connection is not', async () => {
    const to =
      (place: string): Mischief =>
      (_request, response, path) => {
        if (path !== `${kubelet}.sha256`) return false;
        response.writeHead(302, { location: `${place}/moved` }).end();
        return true;
      };
    mkdirSync(join(site, 'cdn.example'));
    writeFileSync(join(site, 'cdn.example/moved'), lock.get(kubelet) ?? '');
    const good = await serve(to('https://cdn.example'), tls);
    expect((await fetchOfficial(new Map(), leadingTo(good, tls.cert))).lock).toEqual(lock);
    const bad = await serve(to('http://cdn.example'), tls);
    await expect(fetchOfficial(new Map(), leadingTo(bad, tls.cert))).rejects.toThrow(
      /redirects to "http:.*not followed/,
    );
  });

  test('a file that is published anew with another sum is refused with both', async () => {
    const locked = new Map(lock).set(kubelet, 'a'.repeat(64));
    const fetched = await fetchOfficial(locked, leadingTo(await serve(undefined, tls), tls.cert));
    expect(messages(fetched)).toContain(`wanted ${'a'.repeat(64)}`);
    expect(messages(fetched)).toContain(`found  ${lock.get(kubelet)}`);
    expect(fetched.lock.get(kubelet)).toBe('a'.repeat(64));
  });

  test('a list that does not name the file gives no sum', async () => {
    const list = artefacts.find(({ product }) => product === 'etcd')?.sumsUrl.replace('https://', '') ?? '';
    writeFileSync(join(site, list), `${'b'.repeat(64)}  etcd-v3.4.13-linux-ppc64le.tar.gz\n`);
    const refused = fetchOfficial(new Map(), leadingTo(await serve(undefined, tls), tls.cert));
    await expect(refused).rejects.toThrow(/does not name etcd-v3\.4\.13-linux-amd64\.tar\.gz/);
  });

  test('a program for another machine is not locked', async () => {
    rmSync(site, { recursive: true });
    publish(cluster, site, ({ path }, name) => fakeProgram('arm64', `${path} ${name}`));
    const fetched = await fetchOfficial(new Map(), leadingTo(await serve(undefined, tls), tls.cert));
    expect(messages(fetched)).toContain(`${kubelet} is for arm64, not for amd64`);
    expect(fetched.lock).toEqual(new Map());
  });
});

describe('from a folder', () => {
  const copy = (from: string, known: Lock = lock) =>
    fetchBinaries(artefacts, {
      lock: known,
      cacheDir: cache,
      mirror: undefined,
      from,
      agent,
      onProgress: () => {},
    });

  test.each([
    ['as a mirror has it', (path: string) => path],
    ['flat', (path: string) => basename(path)],
    ['by architecture', (path: string) => join('amd64', basename(path))],
  ])('%s', async (_, place) => {
    const from = mkdtempSync(join(base, 'from-'));
    for (const { path } of artefacts) cpSync(join(site, path), join(from, place(path)));
    const fetched = await copy(from);
    expect([messages(fetched), fetched.lock]).toEqual(['', lock]);
    expect([...new Set(fetched.files.map(({ state }) => state))]).toEqual(['copied']);
  });

  test('what is missing or another file is told, every one', async () => {
    const from = mkdtempSync(join(base, 'from-'));
    writeFileSync(join(from, 'kubelet'), 'another');
    const said = messages(await copy(from));
    expect(said).toContain(`${from}/kubelet is not what it should be`);
    expect(said).toContain(`found  ${sha256Of(Buffer.from('another'))}`);
    expect(said.match(/holds neither/g)).toHaveLength(artefacts.length - 1);
  });
});
