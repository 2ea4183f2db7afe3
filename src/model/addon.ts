/** Manifests of the operator's own (addons.extra), as read and checked; never part of the Cluster. */

/** A Kubernetes object in a manifest, as far as hardway looks at it. */
export interface ManifestObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** Undefined for `default`, and for what has none. */
  readonly namespace: string | undefined;
  readonly name: string;
  /** Images of the pods that it makes, init containers included, in the order of the manifest. */
  readonly images: readonly string[];
}

export interface ExtraManifest {
  /** As the inventory names it. */
  readonly file: string;
  /** The bytes of the file: they may hold secrets. */
  readonly content: string;
  /** The same with every value of a Secret replaced by REDACTED. */
  readonly review: string;
  readonly objects: readonly ManifestObject[];
}
