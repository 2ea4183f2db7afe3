/** What a host gets, as plain data: files at their place, folders, units. The plan makes it, rendering fills it in. */
import type { AuthorityName } from './certificate.ts';
import type { TemplateValues } from './plan.ts';

export type Owner = 'root' | 'etcd' | 'kube';

/** The mode and owner of a file as it is found somewhere. */
export interface FoundOwnership {
  /** Permission bits, such as 0o600. */
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
}

/** The mode and owner that a file gets. */
export interface Ownership extends FoundOwnership {
  readonly owner: Owner;
  readonly group: Owner;
}

export type KeyPairPart = 'certificate' | 'private-key';

/** Where a file's bytes come from. */
export type FileSource =
  | {
      readonly kind: 'template';
      readonly template: string;
      /** Fields merged into the rendered YAML document: maps merge, all else replaces, null removes. */
      readonly overlay?: Readonly<Record<string, unknown>>;
      /** What the template reads as `item`, where it makes several files. */
      readonly item?: TemplateValues;
    }
  | { readonly kind: 'authority'; readonly authority: AuthorityName; readonly part: KeyPairPart }
  | { readonly kind: 'certificate'; readonly id: string; readonly part: KeyPairPart }
  | { readonly kind: 'external-etcd'; readonly part: 'authority' | KeyPairPart }
  | { readonly kind: 'extra-manifest'; readonly file: string }
  | { readonly kind: 'service-account'; readonly part: 'private' | 'public' }
  | KubeconfigSource;

export interface KubeconfigSource {
  readonly kind: 'kubeconfig';
  /** `https://HOST:PORT` */
  readonly server: string;
  readonly cluster: string;
  readonly user: string;
  readonly credential:
    | { readonly kind: 'certificate'; readonly id: string }
    | { readonly kind: 'bootstrap-token' };
}

/** `block`: the content is a marked block in a file that others own too (/etc/hosts). */
export type Placement = 'file' | 'block';

export interface FileSpec extends Ownership {
  /** Absolute path on the host. */
  readonly path: string;
  readonly source: FileSource;
  readonly placement: Placement;
  /** Units that are restarted when the content changes. */
  readonly services: readonly string[];
}

export interface DirectorySpec extends Ownership {
  readonly path: string;
}

export interface RenderedFile extends Ownership {
  readonly path: string;
  readonly placement: Placement;
  readonly services: readonly string[];
  readonly content: Buffer;
  /** What stands in the review tree; the content itself where nothing is secret. */
  readonly review: Buffer;
  /** The text form of the certificate inside, for the review tree. */
  readonly certificateText: string | undefined;
}
