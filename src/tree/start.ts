/** What is known of a daemon's start, whatever starts it. */
import type { Unit } from '../verify/view.ts';
import type { Environment, PlacedWord } from './command-words.ts';

/**
 * `packaged`: kubeadm's kubelet, whose unit a package brings. `assumed`: nothing in the tree starts it,
 * but its files are there. Then only the paths of its files are known, by where such files usually are.
 */
export type StartKind = 'unit' | 'static-pod' | 'packaged' | 'assumed';

export interface Start {
  /** `kube-apiserver`, `etcd`. */
  readonly program: string;
  readonly kind: StartKind;
  /** The unit's file, or the manifest. */
  readonly file: string;
  /** The unit with its drop-ins under the program's name; of a pod a unit of that name without settings. */
  readonly units: readonly Unit[];
  /** What follows the program. */
  readonly words: readonly PlacedWord[];
  readonly environment: Environment;
  /** The program's path, or the image. */
  readonly executable: { readonly path?: string; readonly image?: string; readonly line: number };
  /** What was taken for granted, for people. */
  readonly assumption?: string;
}
