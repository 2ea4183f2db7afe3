/** Names of images, read as containerd and Docker read them (distribution/reference, normalize.go). */

export interface ImageReference {
  /** `registry.k8s.io`, `docker.io`, `mirror.example:5000`. */
  readonly registry: string;
  /** `pause`, `library/nginx`. */
  readonly repository: string;
  readonly tag: string | undefined;
  /** `sha256:…`; goes before the tag, which is then a comment. */
  readonly digest: string | undefined;
}

const dockerHub = 'docker.io';

/** The parts of a name that an inventory may hold; what it leaves out is docker.io, library/ and latest. */
export function parseImageReference(text: string): ImageReference {
  const [, name = '', tag, digest] = /^(.+?)(?::([^/:@]+))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(text) ?? [];
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isRegistry = /[.:]/.test(first) || first === 'localhost';
  const registry = isRegistry ? first : dockerHub;
  const path = isRegistry ? name.slice(slash + 1) : name;
  return {
    registry,
    repository: registry === dockerHub && !path.includes('/') ? `library/${path}` : path,
    tag: tag ?? (digest === undefined ? 'latest' : undefined),
    digest,
  };
}

/** The one name by which a container runtime keeps the image, whatever way it was written. */
export function imageName(reference: ImageReference): string {
  return `${reference.registry}/${withVersion(reference.repository, reference)}`;
}

/** `pause` and a reference: `pause:3.2`, or `pause@sha256:…`. */
export function withVersion(repository: string, { tag, digest }: ImageReference): string {
  return digest === undefined ? `${repository}:${tag}` : `${repository}@${digest}`;
}

/** Where the API of a registry is, without `/v2`. */
export function registryUrl(registry: string): string {
  return `https://${registry === dockerHub ? 'registry-1.docker.io' : registry}`;
}

/** Where the API of a mirror is, without `/v2`, which containerd adds where the path does not end in it (docs/hosts.md). */
export function mirrorUrl(mirror: string): string {
  return mirror.replace(/\/+$/, '').replace(/\/v2$/, '');
}
