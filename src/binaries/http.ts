/** Files from web servers: redirects within limits, proxies as HTTPS_PROXY and NO_PROXY say, parts gone on with. */
import { createWriteStream, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';

/** An answer that is no use. `isFinal`: asking again would not change it. */
export class HttpError extends Error {
  override name = 'HttpError';
  readonly isFinal: boolean;
  constructor(message: string, isFinal: boolean) {
    super(message);
    this.isFinal = isFinal;
  }
}

const mostRedirects = 5;
const mostAttempts = 4;
const mostTextBytes = 1_048_576;
/** No official file is near it; a server that never ends must not fill the disk. */
const mostFileBytes = 2 ** 30;

/** Connections for a command; `destroy` ends them. */
export function createAgent(): Dispatcher {
  return new EnvHttpProxyAgent({ connect: { timeout: 20_000 }, headersTimeout: 30_000, bodyTimeout: 60_000 });
}

/** A small text. */
export function getText(url: string, agent: Dispatcher): Promise<string> {
  return persistently(async () => {
    const answer = await open(url, {}, agent);
    if (answer.statusCode !== 200) throw await refusal(url, answer);
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > mostTextBytes) throw new HttpError(`${url} gives more than 1 MiB`, true);
    }
    return Buffer.concat(chunks).toString();
  });
}

/**
 * A file. What `part` holds of an earlier attempt, also of an earlier run, is gone on with where the
 * server says that the file is the same; `onBytes` hears how many bytes there are, and of how many.
 */
export function getFile(
  url: string,
  part: string,
  agent: Dispatcher,
  onBytes: (done: number, total: number) => void,
): Promise<void> {
  return persistently(
    () => getRest(url, part, agent, onBytes),
    () => sizeOf(part),
  );
}

async function getRest(
  url: string,
  part: string,
  agent: Dispatcher,
  onBytes: (done: number, total: number) => void,
): Promise<void> {
  const had = sizeOf(part);
  const answer = await open(url, had > 0 ? rangeHeaders(had, tagOf(part)) : {}, agent);
  const { statusCode, headers } = answer;
  if (had > 0 && (statusCode === 416 || (statusCode === 206 && !startsAt(headers, had)))) {
    await answer.body.dump();
    forgetPart(part);
    throw new HttpError(`${url} cannot be gone on with`, false);
  }
  if (statusCode !== 200 && statusCode !== 206) throw await refusal(url, answer);
  const start = statusCode === 206 ? had : 0;
  const length = Number(headers['content-length'] ?? 0);
  if (start + length > mostFileBytes) throw new HttpError(`${url} is larger than 1 GiB`, true);
  if (typeof headers.etag === 'string') writeFileSync(tagFile(part), headers.etag, { mode: 0o600 });
  else rmSync(tagFile(part), { force: true });
  let done = start;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      done += chunk.length;
      onBytes(done, Math.max(done, start + length));
      next(done > mostFileBytes ? new HttpError(`${url} gives more than 1 GiB`, true) : null, chunk);
    },
  });
  await pipeline(
    answer.body,
    counted,
    createWriteStream(part, { flags: start > 0 ? 'a' : 'w', mode: 0o644 }),
  );
}

/** Removes what is left of a file that was not finished, or no longer wanted in parts. */
export function forgetPart(part: string): void {
  rmSync(part, { force: true });
  rmSync(tagFile(part), { force: true });
}

/** Only a strong tag tells bytes apart (RFC 9110, 13.1.5); without one the sum at the end decides. */
function rangeHeaders(had: number, tag: string): Record<string, string> {
  const range = { range: `bytes=${had}-` };
  return tag.startsWith('"') ? { ...range, 'if-range': tag } : range;
}

function startsAt(headers: IncomingHttpHeaders, had: number): boolean {
  return headers['content-range']?.startsWith(`bytes ${had}-`) === true;
}

function tagFile(part: string): string {
  return `${part}.etag`;
}

function tagOf(part: string): string {
  try {
    return readFileSync(tagFile(part), 'utf8');
  } catch {
    return '';
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Tries again where the network or the server may recover; an attempt that got further counts as the first. */
async function persistently<T>(attempt: () => Promise<T>, progress = () => 0): Promise<T> {
  let failures = 0;
  for (;;) {
    const before = progress();
    try {
      return await attempt();
    } catch (error) {
      if (isFinal(error)) throw error;
      failures = progress() > before ? 1 : failures + 1;
      if (failures >= mostAttempts) throw error;
      await delay(250 * 2 ** failures);
    }
  }
}

/** A full disk and a certificate that is not trusted stay as they are. */
function isFinal(error: unknown): boolean {
  if (error instanceof HttpError) return error.isFinal;
  const { code = '', syscall = '' } = error as NodeJS.ErrnoException;
  return ['write', 'open'].includes(syscall) || /CERT|SELF_SIGNED|TLS|SIGNATURE/.test(code);
}

async function open(
  url: string,
  headers: Record<string, string>,
  agent: Dispatcher,
): Promise<Dispatcher.ResponseData> {
  let place = url;
  for (let hops = 0; hops <= mostRedirects; hops++) {
    const answer = await request(place, {
      dispatcher: agent,
      headers: { 'user-agent': 'hardway', ...headers },
    });
    const { location } = answer.headers;
    if (![301, 302, 303, 307, 308].includes(answer.statusCode) || typeof location !== 'string') return answer;
    await answer.body.dump();
    place = redirected(place, location);
  }
  throw new HttpError(`${url} redirects more than ${mostRedirects} times`, true);
}

/** Never from an encrypted connection to a plain one. */
function redirected(from: string, location: string): string {
  const to = URL.canParse(location, from) ? new URL(location, from) : undefined;
  const allowed = from.startsWith('https:') ? ['https:'] : ['http:', 'https:'];
  if (to !== undefined && allowed.includes(to.protocol)) return to.href;
  throw new HttpError(
    `${from} redirects to ${JSON.stringify(location.slice(0, 200))}, which is not followed`,
    true,
  );
}

async function refusal(url: string, { statusCode, body }: Dispatcher.ResponseData): Promise<HttpError> {
  await body.dump();
  const mayRecover = statusCode >= 500 || statusCode === 408 || statusCode === 429;
  return new HttpError(`${url} answers with status ${statusCode}`, !mayRecover);
}
