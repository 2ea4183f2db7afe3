/** What registries and lines do wrong, by a server that does it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBlobs } from '../../../src/images/blobs.ts';
import { createHttp } from '../../../src/images/http.ts';
import { openRegistry } from '../../../src/images/registry.ts';
import { resolveImage } from '../../../src/images/resolve.ts';
import { parseChallenge } from '../../../src/images/token.ts';
import { type Blob, digestOf, makeImage, ociTypes } from '../../support/oci.ts';

const name = 'registry.test/app:1';
const image = makeImage(Buffer.alloc(4096, 'layer'), ['amd64', 'arm64']);
const layer = image.blobs.at(-1) as Blob;
const wanted = { mediaType: layer.mediaType, digest: layer.digest, size: layer.bytes.length };

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => boolean;
let server: Server;
let url = '';
let folder = '';
let requests: IncomingMessage[] = [];
let before: Handler = () => false;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hardway-registry-'));
  requests = [];
  before = () => false;
  server = createServer((request, response) => {
    requests.push(request);
    if (!before(request, response, requests.length)) serve(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

/** A registry that does everything right. */
function serve(request: IncomingMessage, response: ServerResponse): void {
  const [, kind, what = ''] = /^\/v2\/app\/(manifests|blobs)\/(.+)$/.exec(request.url ?? '') ?? [];
  const all = kind === 'blobs' ? image.blobs : [image.top, ...image.manifests];
  const found = what === '1' ? image.top : all.find(({ digest }) => digest === what);
  if (found === undefined) {
    response.writeHead(404).end('{}');
    return;
  }
  const [, first] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  const headers = { 'content-type': found.mediaType, 'docker-content-digest': found.digest };
  if (first === undefined) response.writeHead(200, headers).end(found.bytes);
  else {
    const range = `bytes ${first}-${found.bytes.length - 1}/${found.bytes.length}`;
    response.writeHead(206, { ...headers, 'content-range': range }).end(found.bytes.subarray(Number(first)));
  }
}

/** Answers instead of the registry where a URL matches. */
function instead(
  pattern: RegExp,
  answer: (response: ServerResponse, request: IncomingMessage, time: number) => boolean | undefined,
): void {
  let time = 0;
  before = (request, response) => {
    if (!pattern.test(request.url ?? '')) return false;
    time += 1;
    return answer(response, request, time) !== false;
  };
}

const registry = () => openRegistry(createHttp(0.001), url);
const store = () => openBlobs(join(folder, 'blobs'));
const resolve = () => resolveImage(registry(), name, 'arm64', store());
const fetchLayer = () => registry().fetch(name, wanted, store());
const problemOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: Error) => `${error.name}: ${error.message}`,
  );

it('resolves an image to its manifest for an architecture', async () => {
  expect(await resolve()).toMatchObject({
    name,
    manifest: { digest: image.manifests[1]?.digest },
    layers: [wanted],
  });
});

describe('manifests', () => {
  it.each([
    ['the index', /manifests\/1$/],
    ['a manifest within it', /manifests\/sha256/],
  ])('are refused with another digest than promised: %s', async (_what, pattern) => {
    instead(pattern, (response) => {
      response
        .writeHead(200, { 'content-type': image.top.mediaType, 'docker-content-digest': image.top.digest })
        .end('{"schemaVersion":2}');
    });
    expect(await problemOf(resolve())).toMatch(
      /ImageProblem: .*gives a manifest with the digest sha256:[0-9a-f]{64}, wanted sha256:[0-9a-f]{64}, 5 attempts/,
    );
  });

  it('are refused when they are none of an image', async () => {
    const bytes = Buffer.from('{"schemaVersion":1,"fsLayers":[]}');
    instead(/manifests\/1$/, (response) => {
      response
        .writeHead(200, {
          'content-type': 'application/vnd.docker.distribution.manifest.v1+json',
          'docker-content-digest': digestOf(bytes),
        })
        .end(bytes);
    });
    expect(await problemOf(resolve())).toContain('gives no manifest of an image');
  });

  it('are refused when they name a blob by what is no digest', async () => {
    const bytes = Buffer.from(
      JSON.stringify({ config: { mediaType: 'x', digest: 'sha256:../../etc/passwd', size: 1 }, layers: [] }),
    );
    instead(/manifests\/1$/, (response) => {
      response.writeHead(200, { 'content-type': ociTypes.manifest }).end(bytes);
    });
    expect(await problemOf(resolve())).toContain('gives no manifest of an image');
  });

  it('say which architectures there are', async () => {
    const only = makeImage(Buffer.from('x'), ['s390x', 'ppc64le']);
    instead(/manifests\/1$/, (response) => {
      response.writeHead(200, { 'content-type': only.top.mediaType }).end(only.top.bytes);
    });
    expect(await problemOf(resolve())).toContain('not for linux/arm64, but for linux/s390x, linux/ppc64le');
  });
});

describe('a busy registry', () => {
  it.each([[429], [503]])('that answers %s is asked again, after what it says', async (status) => {
    instead(/manifests\/1$/, (response, _request, time) => {
      if (time > 2) return false;
      response.writeHead(status, { 'retry-after': '1' }).end();
      return true;
    });
    expect(await problemOf(resolve())).toBe('none');
  });

  it('is given up in the end, and when it asks for too long a pause', async () => {
    instead(/manifests/, (response) => void response.writeHead(500).end());
    expect(await problemOf(resolve())).toContain('answers 500, 5 attempts');
    instead(/manifests/, (response) => void response.writeHead(429, { 'retry-after': '3600' }).end());
    expect(await problemOf(resolve())).toMatch(/answers 429$/);
  });
});

describe('blobs', () => {
  it('with another digest are refused with both, and not kept', async () => {
    instead(/blobs/, (response) => void response.writeHead(200).end(Buffer.alloc(wanted.size)));
    expect(await problemOf(fetchLayer())).toBe(
      `ImageProblem: a blob has the digest ${digestOf(Buffer.alloc(wanted.size))}, wanted ${wanted.digest}`,
    );
    expect(readdirSync(join(folder, 'blobs'))).toEqual([]);
  });

  it('that end early are gone on with where they ended', async () => {
    instead(/blobs/, (response, request, time) => {
      if (time > 2) return false;
      const [, first = '0'] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
      const rest = layer.bytes.subarray(Number(first));
      response.writeHead(time === 1 ? 200 : 206, {
        'content-length': rest.length,
        'content-range': `bytes ${first}-${wanted.size - 1}/${wanted.size}`,
      });
      response.write(rest.subarray(0, 10), () => request.socket.end());
      return true;
    });
    expect(await problemOf(fetchLayer())).toBe('none');
    expect(requests.length).toBe(3);
    expect(readFileSync(store().path(wanted.digest)).equals(layer.bytes)).toBe(true);
  });

  it('that are truncated without a word are told of with both sizes', async () => {
    instead(/blobs/, (response) => void response.writeHead(200).end(layer.bytes.subarray(0, 5)));
    expect(await problemOf(fetchLayer())).toContain(`is truncated: 5 of ${wanted.size} bytes, 5 attempts`);
  });

  it('that are longer than their manifest says are cut off', async () => {
    instead(/blobs/, (response) => void response.writeHead(200).end(Buffer.alloc(wanted.size + 1)));
    expect(await problemOf(fetchLayer())).toContain(`more than the ${wanted.size} bytes`);
  });

  it.each([
    ['that knows no ranges', 200, undefined],
    ['that gives another range', 206, 'bytes 3-9/99'],
  ])('begin anew at a server %s', async (_what, status, range) => {
    store();
    writeFileSync(`${store().path(wanted.digest)}.partial`, layer.bytes.subarray(0, 10));
    instead(/blobs/, (response, _request, time) => {
      if (time > 1) return false;
      response.writeHead(status, range === undefined ? {} : { 'content-range': range }).end(layer.bytes);
      return true;
    });
    expect(await problemOf(fetchLayer())).toBe('none');
  });

  it('that were kept in part are asked for the rest only', async () => {
    store();
    writeFileSync(`${store().path(wanted.digest)}.partial`, layer.bytes.subarray(0, 10));
    expect(await problemOf(fetchLayer())).toBe('none');
    expect(requests.map(({ headers }) => headers.range)).toEqual(['bytes=10-']);
    expect(readFileSync(store().path(wanted.digest)).equals(layer.bytes)).toBe(true);
  });

  it('whose kept part is damaged begin anew', async () => {
    store();
    writeFileSync(`${store().path(wanted.digest)}.partial`, Buffer.alloc(10));
    expect(await problemOf(fetchLayer())).toBe('none');
    expect(requests.length).toBe(2);
  });
});

describe('tokens', () => {
  const challenge = (realm: string) => ({
    'www-authenticate': `Bearer realm="${realm}",service="registry, test",scope="repository:app:pull"`,
  });

  it('are got where the registry says, and sent to it', async () => {
    before = (request, response) => {
      if (request.url?.startsWith('/token')) response.writeHead(200).end('{"token":"abc.def"}');
      else if (request.headers.authorization === 'Bearer abc.def') return false;
      else response.writeHead(401, challenge(`${url}/token`)).end();
      return true;
    };
    expect(await problemOf(resolve())).toBe('none');
    const [, asked] = requests;
    expect(asked?.url).toBe('/token?service=registry%2C+test&scope=repository%3Aapp%3Apull');
    // One for the repository, not one for each request.
    expect(requests.filter((one) => one.url?.startsWith('/token')).length).toBe(1);
  });

  it('that are refused, or none, end it', async () => {
    before = (request, response) => {
      if (request.url?.startsWith('/token')) response.writeHead(200).end('{"token":"abc"}');
      else response.writeHead(401, challenge(`${url}/token`)).end();
      return true;
    };
    expect(await problemOf(resolve())).toContain('does not let this be pulled');
    before = (_request, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return true;
    };
    expect(await problemOf(resolve())).toContain('wants a password');
    before = (request, response) => {
      if (request.url?.startsWith('/token')) response.writeHead(200).end('{"token":"a\\r\\nhost: evil"}');
      else response.writeHead(401, challenge(`${url}/token`)).end();
      return true;
    };
    expect(await problemOf(resolve())).toContain('gives no token');
  });

  it('are not sent to where a registry redirects', async () => {
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      serve(request, response);
    });
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const address = other.address();
    const elsewhere = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    before = (request, response) => {
      if (request.url?.startsWith('/token')) response.writeHead(200).end('{"access_token":"abc"}');
      else if (request.headers.authorization === undefined)
        response.writeHead(401, challenge(`${url}/token`)).end();
      else response.writeHead(307, { location: `${elsewhere}${request.url}` }).end();
      return true;
    };
    expect(await problemOf(resolve())).toBe('none');
    expect(seen.length).toBeGreaterThan(2);
    expect(new Set(seen)).toEqual(new Set([undefined]));
    other.closeAllConnections();
    other.close();
  });

  it('come from challenges of all shapes', () => {
    expect(parseChallenge('Bearer realm="https://a/t?x=\\"y\\"", service=b')).toEqual({
      scheme: 'bearer',
      parameters: { realm: 'https://a/t?x="y"', service: 'b' },
    });
    expect(parseChallenge('Basic')).toEqual({ scheme: 'basic', parameters: {} });
    expect(parseChallenge('')).toEqual({ scheme: '', parameters: {} });
  });
});

it('redirects end', async () => {
  instead(/./, (response, request) => void response.writeHead(302, { location: `${request.url}` }).end());
  expect(await problemOf(resolve())).toContain('redirects more than 5 times');
});

it('a registry that nobody answers for is named', async () => {
  const nobody = openRegistry(createHttp(0.001), 'http://127.0.0.1:9');
  expect(await problemOf(nobody.manifest(name))).toMatch(
    /registry\.test\/app:1: http:\/\/127\.0\.0\.1:9: .*ECONNREFUSED.*5 attempts/,
  );
});
