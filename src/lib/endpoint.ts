/** URLs that name nothing but a server: `https://HOST:PORT`. */
import { parseAddress, urlHost } from './ip.ts';

export interface Endpoint {
  readonly scheme: string;
  /** Whether a user or a password stands in it. */
  readonly hasUser: boolean;
  /** A name in lower case, or an address in canonical text, without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** Without a single slash at its end. */
  readonly path: string;
}

/** The parts of an http or https URL; undefined when it is none. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const parts = /^(https?):\/\/([^@/]*@)?(\[[^\]]+\]|[^:/]+)(?::([0-9]{1,5}))?(\/.*)?$/.exec(text);
  if (parts === null) return undefined;
  const [, scheme = '', user, written = '', port, path = ''] = parts;
  const host = written.replace(/^\[|\]$/g, '');
  return {
    scheme,
    hasUser: user !== undefined,
    host: parseAddress(host)?.text ?? host.toLowerCase(),
    port: port === undefined ? undefined : Number(port),
    path: path === '/' ? '' : path,
  };
}

/** `https://HOST:PORT`, IPv6 addresses in brackets. */
export function httpsUrl(host: string, port: number): string {
  return `https://${urlHost(host)}:${port}`;
}
