/**
 * Requests to registries: verified TLS, proxies of the environment (HTTPS_PROXY, NO_PROXY), time
 * limits, redirects that never leave TLS, and repeats where a registry is busy or a line drops.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { ImageProblem } from './problem.ts';

export interface Response {
  readonly url: string;
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: Dispatcher.ResponseData['body'];
}

export interface Http {
  readonly get: (url: string, headers: Readonly<Record<string, string>>) => Promise<Response>;
  /** Repeats what throws a Transient error, and gives up with its message. */
  readonly repeating: <T>(what: string, work: () => Promise<T>) => Promise<T>;
}

/** Worth another attempt: the line, or a registry that is busy. */
export class Transient extends Error {
  override name = 'Transient';
  /** How long the registry asks to wait. */
  readonly afterMs: number;
  constructor(message: string, afterMs = 0) {
    super(message);
    this.afterMs = afterMs;
  }
}

const mostRedirects = 5;
const connectMs = 15_000;
const silenceMs = 60_000;
/** Pauses before the further attempts; `scale` shortens them in tests. */
const pausesMs = [500, 2_000, 5_000, 10_000];
const longestPauseMs = 60_000;

/** A client; `scale` multiplies its pauses. */
export function createHttp(scale = 1): Http {
  const dispatcher = new EnvHttpProxyAgent({
    connect: { timeout: connectMs },
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
  });
  return {
    get: (url, headers) => follow(dispatcher, url, headers),
    repeating: (what, work) => repeat(what, work, scale),
  };
}

async function follow(
  dispatcher: Dispatcher,
  start: string,
  given: Readonly<Record<string, string>>,
): Promise<Response> {
  let url = new URL(start);
  let headers = given;
  for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
    const response = await request(url, { dispatcher, headers }).catch((error: unknown) => {
      throw new Transient(`${url.origin}: ${reasonOf(error)}`);
    });
    const location =
      response.statusCode >= 300 && response.statusCode < 400 ? one(response.headers.location) : undefined;
    if (location === undefined) return responseOf(url, response);
    await response.body.dump();
    const next = new URL(location, url);
    if (url.protocol === 'https:' && next.protocol !== 'https:')
      throw new ImageProblem(
        `${url.origin} redirects to ${next.protocol}//${next.host}, which is not TLS`,
        'use another registry or mirror',
      );
    // A token is for the registry, not for the store that it keeps its blobs in.
    if (next.origin !== url.origin) headers = withoutAuthorization(headers);
    url = next;
  }
  throw new ImageProblem(
    `${start} redirects more than ${mostRedirects} times`,
    'use another registry or mirror',
  );
}

function responseOf(url: URL, { statusCode, headers, body }: Dispatcher.ResponseData): Response {
  return { url: url.href, status: statusCode, header: (name) => one(headers[name]), body };
}

function withoutAuthorization({ authorization: _, ...headers }: Readonly<Record<string, string>>) {
  return headers;
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** Throws for an answer that may be another one later; drops its body. */
export async function refuseBusy(response: Response): Promise<void> {
  const { status } = response;
  if (status !== 408 && status !== 429 && status < 500) return;
  await response.body.dump();
  const seconds = Number(response.header('retry-after') ?? 0);
  throw new Transient(
    `${new URL(response.url).origin} answers ${status}`,
    Number.isFinite(seconds) ? seconds * 1000 : 0,
  );
}

async function repeat<T>(what: string, work: () => Promise<T>, scale: number): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Transient)) throw error;
      const pauseMs = pausesMs[attempt];
      if (pauseMs === undefined || error.afterMs > longestPauseMs) {
        const attempts = attempt === 0 ? '' : `, ${attempt + 1} attempts`;
        throw new ImageProblem(
          `${what}: ${error.message}${attempts}`,
          'check the network and the registry, then run it again: what has been fetched is kept',
        );
      }
      await delay(Math.max(pauseMs, error.afterMs) * scale);
    }
  }
}

/** What a failed connection says of itself: the first cause that has words. */
export function reasonOf(error: unknown): string {
  const { message, code, cause, errors } = error as Error & { code?: string; errors?: unknown[] };
  if (Array.isArray(errors) && errors.length > 0) return reasonOf(errors[0]);
  if (cause instanceof Error) return reasonOf(cause);
  return message !== '' ? message : (code ?? 'unknown error');
}
