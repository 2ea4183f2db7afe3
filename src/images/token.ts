/** Tokens of registries (distribution/spec, auth/token.md), got without a password: what is public needs none. */
import { type Http, refuseBusy } from './http.ts';
import { ImageProblem, otherSourceFix } from './problem.ts';

export interface Challenge {
  /** `bearer`, `basic`. */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The challenge of a WWW-Authenticate header, RFC 9110, 11.6.1. */
export function parseChallenge(header: string): Challenge {
  const [scheme = '', rest = ''] = header.trim().split(/ +(.*)/s);
  const pairs = [...rest.matchAll(/([A-Za-z_-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g)];
  return {
    scheme: scheme.toLowerCase(),
    parameters: Object.fromEntries(
      pairs.map(([, name = '', quoted, plain]) => [
        name.toLowerCase(),
        quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '',
      ]),
    ),
  };
}

/** A token for pulling from one repository, from where the registry's challenge says. */
export async function getToken(
  http: Http,
  registry: string,
  repository: string,
  header: string,
): Promise<string> {
  const { scheme, parameters } = parseChallenge(header);
  const { realm = '', service } = parameters;
  if (scheme !== 'bearer' || !URL.canParse(realm))
    throw new ImageProblem(`${registry} wants a password for ${repository}`, otherSourceFix);
  const url = new URL(realm);
  if (url.protocol !== 'https:' && registry.startsWith('https:'))
    throw new ImageProblem(
      `${registry} sends for a token to ${url.origin}, which is not TLS`,
      otherSourceFix,
    );
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', `repository:${repository}:pull`);
  const response = await http.get(url.href, { accept: 'application/json' });
  await refuseBusy(response);
  const text = await response.body.text();
  const token = response.status === 200 ? tokenIn(text) : undefined;
  if (token === undefined)
    throw new ImageProblem(
      `${url.origin} gives no token for ${repository} of ${registry} (${response.status})`,
      otherSourceFix,
    );
  return token;
}

function tokenIn(text: string): string | undefined {
  try {
    const { token, access_token: other } = JSON.parse(text) as Record<string, unknown>;
    const found = token ?? other;
    // It becomes a header: nothing else than what RFC 6750, 2.1 allows.
    return typeof found === 'string' && /^[A-Za-z0-9._~+/-]+=*$/.test(found) ? found : undefined;
  } catch {
    return undefined;
  }
}
