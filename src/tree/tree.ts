/**
 * A copy of a host's files, read as if it were that host's disk: links lead where they would lead there,
 * never out of the copy; devices and pipes are not opened; large files and deep folders are left out.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import { join, posix } from 'node:path';

/** A folder of this machine that stands for one of the host. */
export interface Mount {
  /** `/`, or such as `/etc/kubernetes`. */
  readonly at: string;
  readonly folder: string;
}

export interface TreeEntry {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface TreeFile extends TreeEntry {
  readonly path: string;
  readonly content: Buffer;
}

/** A file that is there and was not read. */
export interface Skipped {
  readonly path: string;
  readonly why: string;
}

export interface Tree {
  readonly mounts: readonly Mount[];
  /** A plain file by its path on the host. */
  readonly file: (path: string) => TreeFile | undefined;
  readonly folder: (path: string) => TreeEntry | undefined;
  /** Names in a folder, sorted; none where there is no folder. */
  readonly names: (path: string) => readonly string[];
  /** Plain files at a path or below it. */
  readonly below: (path: string) => readonly string[];
  /** The path that a path leads to, free of links. */
  readonly target: (path: string) => string | undefined;
  /** Looks for text in a file of any size, a program. */
  readonly searched: (path: string, pattern: RegExp) => string | undefined;
  readonly skipped: () => readonly Skipped[];
}

const mostLinks = 40;
const mostDepth = 12;
const mostFiles = 20_000;
const mostFileBytes = 1_048_576;
const mostBytes = 64 * 1_048_576;
const mostProgramBytes = 512 * 1_048_576;

/** The tree of one host. Nothing is read before it is asked for. */
export function openTree(mounts: readonly Mount[]): Tree {
  const skipped = new Map<string, string>();
  const known = new Map<string, TreeFile | undefined>();
  let bytes = 0;
  const skip = (path: string, why: string) => {
    skipped.set(path, why);
    return undefined;
  };
  const read = (path: string): TreeFile | undefined => {
    const found = lookUp(mounts, path);
    if (found === undefined || !found.stat.isFile()) return undefined;
    if (found.stat.size > mostFileBytes) return skip(path, 'it is larger than 1 MiB');
    if (bytes + found.stat.size > mostBytes) return skip(path, 'there is more than 64 MiB to read');
    const content = attempt(() => readPlain(found.place));
    if (content === undefined) return skip(path, 'it cannot be read by this user');
    bytes += content.length;
    return { path, content, ...entryOf(found.stat) };
  };
  const file = (path: string) => {
    if (!known.has(path)) known.set(path, read(path));
    return known.get(path);
  };
  const names = (path: string) => {
    const found = lookUp(mounts, path);
    if (found?.stat.isDirectory() !== true) return [];
    return (
      attempt(() => readdirSync(found.place).sort()) ?? skip(path, 'it cannot be read by this user') ?? []
    );
  };
  return {
    mounts,
    file,
    names,
    folder: (path) => {
      const found = lookUp(mounts, path);
      return found?.stat.isDirectory() === true ? entryOf(found.stat) : undefined;
    },
    below: (path) => filesBelow({ mounts, names, skip }, path),
    target: (path) => lookUp(mounts, path)?.path,
    searched: (path, pattern) => {
      const found = lookUp(mounts, path);
      if (found?.stat.isFile() !== true || found.stat.size > mostProgramBytes) return undefined;
      return attempt(() => search(found.place, pattern));
    },
    skipped: () => [...skipped].map(([path, why]) => ({ path, why })),
  };
}

function entryOf({ mode, uid, gid }: Stats): TreeEntry {
  return { mode: mode & 0o7777, uid, gid };
}

interface LookedUp {
  /** On the host, without links. */
  readonly path: string;
  /** On this machine. */
  readonly place: string;
  readonly stat: Stats;
}

/** Goes down a path of the host step by step, since the system itself would follow links to this machine's own files. */
function lookUp(mounts: readonly Mount[], path: string): LookedUp | undefined {
  const todo = stepsOf(path);
  let done: string[] = [];
  let links = 0;
  for (let step = todo.shift(); step !== undefined; step = todo.shift()) {
    if (step === '..') {
      done.pop();
      continue;
    }
    const place = placeOf(mounts, [...done, step]);
    const stat = place === undefined ? undefined : attempt(() => lstatSync(place));
    if (stat?.isSymbolicLink() === true && place !== undefined) {
      links += 1;
      const target = links > mostLinks ? undefined : attempt(() => readlinkSync(place));
      if (target === undefined) return undefined;
      if (target.startsWith('/')) done = [];
      todo.unshift(...stepsOf(target));
      continue;
    }
    // Above a mount there is nothing on this machine, and below it there may be.
    if (stat === undefined && !mounts.some(({ at }) => isAbove([...done, step], at))) return undefined;
    done.push(step);
  }
  const place = placeOf(mounts, done);
  const stat = place === undefined ? undefined : attempt(() => lstatSync(place));
  return place === undefined || stat === undefined ? undefined : { path: `/${done.join('/')}`, place, stat };
}

function stepsOf(path: string): string[] {
  return path.split('/').filter((step) => step !== '' && step !== '.');
}

function isAbove(steps: readonly string[], at: string): boolean {
  return `${at}/`.startsWith(`/${steps.join('/')}/`);
}

function placeOf(mounts: readonly Mount[], steps: readonly string[]): string | undefined {
  const path = `/${steps.join('/')}`;
  const mount = mounts.find(({ at }) => at === '/' || path === at || path.startsWith(`${at}/`));
  if (mount === undefined) return undefined;
  return mount.at === '/' ? join(mount.folder, path) : join(mount.folder, path.slice(mount.at.length));
}

/** The bytes of what is a plain file still when it is open. */
function readPlain(place: string): Buffer {
  return opened(place, (descriptor) => readFileSync(descriptor));
}

function opened<Value>(place: string, use: (descriptor: number) => Value): Value {
  const descriptor = openSync(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(descriptor).isFile()) throw new Error('no plain file');
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The first group of the first match, chunk by chunk; a match is taken to fit into 4 KiB. */
function search(place: string, pattern: RegExp): string | undefined {
  const overlap = 4096;
  const chunk = Buffer.alloc(4 * 1_048_576);
  return opened(place, (descriptor) => {
    for (let position = 0; ; position += chunk.length - overlap) {
      const length = readSync(descriptor, chunk, 0, chunk.length, position);
      const found = pattern.exec(chunk.toString('latin1', 0, length))?.[1];
      if (found !== undefined || length < chunk.length) return found;
    }
  });
}

interface Walk {
  readonly mounts: readonly Mount[];
  readonly names: Tree['names'];
  readonly skip: (path: string, why: string) => undefined;
}

function filesBelow({ mounts, names, skip }: Walk, top: string): string[] {
  const files: string[] = [];
  const seen = new Set<string>();
  const visit = (path: string, depth: number): void => {
    const found = lookUp(mounts, path);
    if (found === undefined) return;
    if (found.stat.isFile()) {
      if (files.length < mostFiles) files.push(path);
      else skip(top, `there are more than ${mostFiles} files below it`);
      return;
    }
    // A folder that a link leads back to is read once.
    if (!found.stat.isDirectory() || seen.has(found.path)) return;
    seen.add(found.path);
    if (depth > mostDepth) {
      skip(path, 'it lies too deep');
      return;
    }
    for (const name of names(path)) visit(posix.join(path, name), depth + 1);
  };
  visit(top, 0);
  return files;
}

function attempt<Value>(make: () => Value): Value | undefined {
  try {
    return make();
  } catch {
    // Absent, of another kind, or not for this user: callers say which where it matters.
    return undefined;
  }
}
