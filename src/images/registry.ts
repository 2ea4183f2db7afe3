/** A registry (opencontainers/distribution-spec), or a mirror of one, as a source of images. */
import { createHash } from 'node:crypto';
import { parseImageReference } from '../lib/image-reference.ts';
import { type ImageSource, type ManifestBytes, mediaTypes } from './descriptor.ts';
import { type Http, type Response, refuseBusy, Transient } from './http.ts';
import { ImageProblem, otherSourceFix } from './problem.ts';
import { getToken } from './token.ts';

/** As containerd: no manifest is larger (containerd, remotes/docker/fetcher). */
const mostManifestBytes = 8 * 1024 * 1024;
const accept = [...mediaTypes.index, ...mediaTypes.manifest].join(', ');

/** A source for all images of a registry; `url` is that of its API without `/v2`. */
export function openRegistry(http: Http, url: string): ImageSource {
  const tokens = new Map<string, string>();
  const get = async (path: string, repository: string, headers: Readonly<Record<string, string>>) => {
    const ask = (token: string | undefined) =>
      http.get(
        `${url}/v2/${repository}/${path}`,
        token === undefined ? headers : { ...headers, authorization: `Bearer ${token}` },
      );
    const response = await ask(tokens.get(repository));
    if (response.status !== 401) return response;
    // None yet, or one that has expired. The second refusal is final.
    await response.body.dump();
    const token = await getToken(http, url, repository, response.header('www-authenticate') ?? '');
    tokens.set(repository, token);
    return ask(token);
  };
  return {
    name: url,
    manifest: (image, digest) => {
      const reference = parseImageReference(image);
      const wanted = digest ?? reference.digest ?? reference.tag ?? 'latest';
      return http.repeating(image, async () =>
        readManifest(await get(`manifests/${wanted}`, reference.repository, { accept }), image, wanted, url),
      );
    },
    fetch: (image, blob, store) => {
      const { repository } = parseImageReference(image);
      return http.repeating(`${image}, ${blob.digest}`, () =>
        store.take(blob, async (offset) => {
          const response = await get(
            `blobs/${blob.digest}`,
            repository,
            offset > 0 ? { range: `bytes=${offset}-` } : {},
          );
          await refuseUnlike([200, 206], response, `${image}, ${blob.digest}`, url);
          return { offset: beginOf(response), stream: response.body };
        }),
      );
    },
  };
}

async function readManifest(
  response: Response,
  image: string,
  wanted: string,
  url: string,
): Promise<ManifestBytes> {
  await refuseUnlike([200], response, image, url);
  const bytes = await readAll(response, image);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const promised = wanted.startsWith('sha256:') ? wanted : response.header('docker-content-digest');
  if (promised?.startsWith('sha256:') && promised !== digest)
    throw new Transient(`${url} gives a manifest with the digest ${digest}, wanted ${promised}`);
  const [mediaType = ''] = (response.header('content-type') ?? '').split(';');
  return { mediaType: mediaType.trim(), digest, bytes };
}

async function readAll({ body, url }: Response, image: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > mostManifestBytes)
        throw new ImageProblem(`the manifest of ${image} is larger than 8 MiB`, otherSourceFix);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ImageProblem) throw error;
    throw new Transient(`${new URL(url).origin} ended in the middle of a manifest`);
  }
  return Buffer.concat(chunks);
}

async function refuseUnlike(
  wanted: readonly number[],
  response: Response,
  what: string,
  url: string,
): Promise<void> {
  await refuseBusy(response);
  if (wanted.includes(response.status)) return;
  await response.body.dump();
  throw new ImageProblem(
    `${url} ${reasons[response.status] ?? `answers ${response.status}`}: ${what}`,
    otherSourceFix,
  );
}

const reasons: Readonly<Record<number, string>> = {
  401: 'does not let this be pulled',
  403: 'does not let this be pulled',
  404: 'does not have this image',
};

/** Where the bytes of an answer begin: a server need not know of ranges. */
function beginOf(response: Response): number {
  const [, first] = /^bytes (\d+)-/.exec(response.header('content-range') ?? '') ?? [];
  return response.status === 206 && first !== undefined ? Number(first) : 0;
}
