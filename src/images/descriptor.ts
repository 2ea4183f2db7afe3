/** The parts of OCI and Docker manifests that are read (opencontainers/image-spec, distribution/spec manifest v2-2). */

/** What a manifest says of a blob. */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:…` */
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
  readonly platform?: { readonly architecture: string; readonly os: string; readonly variant?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

export const mediaTypes = {
  index: [
    'application/vnd.oci.image.index.v1+json',
    'application/vnd.docker.distribution.manifest.list.v2+json',
  ],
  manifest: [
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.docker.distribution.manifest.v2+json',
  ],
} as const;

/** A manifest or an index as it was got: its digest is that of these very bytes. */
export interface ManifestBytes {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

/** A place that images come from. */
export interface ImageSource {
  /** For messages: `https://registry.k8s.io`, a folder. */
  readonly name: string;
  /**
   * The manifest of an image, or of a digest within it.
   * @throws ImageProblem when it is not there or cannot be had.
   */
  readonly manifest: (image: string, digest?: string) => Promise<ManifestBytes>;
  /** Makes sure that the blobs store holds a blob of an image, whole and with the digest that it is named by. */
  readonly fetch: (image: string, blob: Descriptor, store: BlobStore) => Promise<void>;
}

/** Where blobs are kept until they are packed, see blobs.ts. */
export interface BlobStore {
  /** The file of a blob, whether it is there or not. */
  readonly path: (digest: string) => string;
  /** Takes bytes in from `open`, which starts at an offset, and checks them. */
  readonly take: (blob: Descriptor, open: OpenBlob) => Promise<void>;
}

/** Opens a blob's bytes from an offset on; gives where they do begin, which may be before it. */
export type OpenBlob = (
  offset: number,
) => Promise<{ readonly offset: number; readonly stream: AsyncIterable<Uint8Array> }>;

const digestShape = /^sha256:[0-9a-f]{64}$/;

/** Descriptors of a parsed document; anything that is none is refused here, before it becomes a path or a header. */
export function descriptorOf(value: unknown): Descriptor | undefined {
  const { mediaType, digest, size, platform, annotations } = (value ?? {}) as Partial<
    Record<keyof Descriptor, unknown>
  >;
  const isOne = typeof mediaType === 'string' && typeof digest === 'string' && digestShape.test(digest);
  if (!isOne || typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
  return {
    mediaType,
    digest,
    size,
    ...(isPlatform(platform) ? { platform } : {}),
    ...(isRecord(annotations) ? { annotations } : {}),
  };
}

function isPlatform(value: unknown): value is NonNullable<Descriptor['platform']> {
  const { architecture, os } = (value ?? {}) as Record<string, unknown>;
  return typeof architecture === 'string' && typeof os === 'string';
}

function isRecord(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((one) => typeof one === 'string')
  );
}
