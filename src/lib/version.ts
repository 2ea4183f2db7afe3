/** Versions of Kubernetes and etcd: `1.20.2`, `v1.20.2`, `1.20`. */
import { remembered } from './remember.ts';

export interface Version {
  /** `1.20`. */
  readonly minor: string;
  /** Undefined when only the minor was written. */
  readonly patch: number | undefined;
}

/** The version that a text names, or undefined; suffixes such as `-rc.0` are not versions that hosts should run. */
export function parseVersion(text: string): Version | undefined {
  const match = /^v?(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})(?:\.(0|[1-9]\d{0,3}))?$/.exec(text);
  if (match === null) return undefined;
  return { minor: `${match[1]}.${match[2]}`, patch: match[3] === undefined ? undefined : Number(match[3]) };
}

/** Orders minors: negative when `left` is older. */
export function compareMinors(left: string, right: string): number {
  const [leftMajor = 0, leftMinor = 0] = numbersOf(left);
  const [rightMajor = 0, rightMinor = 0] = numbersOf(right);
  return leftMajor - rightMajor || leftMinor - rightMinor;
}

/** There are few minors, and every row of every table is asked about one. */
const numbersOf = remembered((minor: string) => minor.split('.').map(Number));
