/** A web server of the tests' own for files below a folder: ranges, tags, and everything that servers do wrong. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** What a server does with a request instead of serving; false: serve. */
export type Mischief = (request: IncomingMessage, response: ServerResponse, path: string) => boolean;

export interface FileServer {
  readonly port: number;
  /** `PATH` or `PATH bytes=N-`, of every request. */
  readonly requests: string[];
  readonly close: () => Promise<void>;
}

/** Serves a folder on the loopback; with a key and a certificate over TLS, and then a folder in it for each host name. */
export async function serveFiles(
  folder: string,
  mischief: Mischief = () => false,
  tls?: { readonly key: string; readonly cert: string },
): Promise<FileServer> {
  const requests: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const name = tls === undefined ? '' : (request.headers.host ?? '').replace(/:.*/, '');
    const path = join(name, decodeURIComponent((request.url ?? '/').slice(1)));
    requests.push([path, request.headers.range].filter(Boolean).join(' '));
    if (!mischief(request, response, path)) serve(join(folder, path), request, response);
  };
  const server: Server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A strong tag, as servers make them of what a file holds. */
export function tagOf(bytes: Buffer): string {
  return `"${createHash('sha1').update(bytes).digest('hex')}"`;
}

function serve(file: string, { headers }: IncomingMessage, response: ServerResponse): void {
  if (!existsSync(file)) {
    response.writeHead(404).end('not here');
    return;
  }
  const bytes = readFileSync(file);
  const tag = tagOf(bytes);
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
  const isSame = headers['if-range'] === undefined || headers['if-range'] === tag;
  if (from === 0 || !isSame) {
    response.writeHead(200, { 'content-length': bytes.length, etag: tag }).end(bytes);
  } else if (from >= bytes.length) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
  } else {
    const rest = bytes.subarray(from);
    const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(206, { 'content-length': rest.length, 'content-range': range, etag: tag }).end(rest);
  }
}

/**
 * Sends the first bytes of a file and then nothing: the connection ends when `hasArrived` says so,
 * since what a client has not written down by then is lost to it.
 */
export function breakOff(
  file: string,
  response: ServerResponse,
  after: number,
  hasArrived: () => boolean,
): void {
  const bytes = readFileSync(file);
  response.writeHead(200, { 'content-length': bytes.length, etag: tagOf(bytes) });
  response.write(bytes.subarray(0, after));
  const timer = setInterval(() => {
    if (!hasArrived()) return;
    clearInterval(timer);
    response.socket?.end();
  }, 10);
  response.on('close', () => clearInterval(timer));
}
