/** Programs that a test needs. Where one is missing the test skips and says why; with REQUIRE_ALL=1 it fails instead. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/**
 * The path of a program on PATH or in the usual folders, or undefined. Programs of npm
 * packages do not count: the shellcheck there would go and download the real one.
 */
export function findProgram(name: string): string | undefined {
  const onPath = (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
  const folders = [...onPath, '/usr/sbin', '/sbin'];
  return folders.map((folder) => `${folder}/${name}`).find((path) => existsSync(path));
}

/** The folder of real Kubernetes v1.20.2 binaries: KUBE_BIN_DIR, or the usual cache. */
export function kubeBinaries(): string | undefined {
  const folder = process.env.KUBE_BIN_DIR ?? '/var/cache/kube-binaries/v1.20.2';
  return existsSync(`${folder}/kube-apiserver`) ? folder : undefined;
}

/**
 * Whether everything named is there. Says aloud what is missing, and throws when
 * REQUIRE_ALL=1, so that nothing skips in CI.
 */
export function canRun(what: string, needs: Readonly<Record<string, boolean>>): boolean {
  const missing = Object.keys(needs).filter((need) => needs[need] !== true);
  if (missing.length === 0) return true;
  const reason = `${what}: missing ${missing.join(', ')}`;
  if (process.env.REQUIRE_ALL === '1') throw new Error(reason);
  console.warn(`SKIPPED ${reason}`);
  return false;
}

/** Whether this process is root. */
export const isRoot = process.getuid?.() === 0;

/** Output of a program, as text; throws with its standard error when it fails. */
export function run(program: string, args: readonly string[], input?: string): string {
  return execFileSync(program, args, { encoding: 'utf8', ...(input === undefined ? {} : { input }) });
}
