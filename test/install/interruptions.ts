// kill -9 at many moments. BASH_ENV lays a DEBUG trap under the unchanged script, which kills it
// before its Nth command: the same moments in every run, and no hook in the script itself.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  DEFAULT_FILES,
  DEFAULT_STATEMENTS,
  isRoot,
  makeBundle,
  makeRoot,
  run,
  temporaryFolder,
} from './bundle.ts';

export const POINTS = 24;
const traps = temporaryFolder();
const trap = join(traps, 'trap.sh');
const total = join(traps, 'total');
writeFileSync(
  trap,
  `set -T; __n=0; trap '__n=$((__n + 1)); [[ $__n != "$KILL_AT" ]] || kill -KILL $$; [[ $BASH_COMMAND != exit ]] || echo $__n >${total}' DEBUG\n`,
);

/** Runs the script and kills it before its Nth command; the signal, or null when it ended before. */
export const killed = (bundle: string, args: readonly string[], at: number): string | null =>
  run(bundle, args, { BASH_ENV: trap, KILL_AT: String(at) }).signal;

/** Moments spread over a whole run, the same for the same script. */
export const moments = (bundle: string, args: readonly string[]): number[] => {
  killed(bundle, args, -1);
  const commands = Number(readFileSync(total, 'utf8'));
  expect(commands).toBeGreaterThan(300);
  let seed = 20210207;
  return Array.from({ length: POINTS }, (_, i) => {
    seed = (seed * 48271) % 2147483647;
    return Math.max(1, Math.floor(((i + seed / 2147483647) * commands) / POINTS));
  });
};

/** A copy of a root with its owners and modes. */
export const copy = (root: string): string => {
  const to = temporaryFolder();
  if (isRoot) spawnSync('cp', ['-a', `${root}/.`, to]);
  else cpSync(root, to, { recursive: true, verbatimSymlinks: true });
  return to;
};

/** A root with files that are not hardway's. */
export const foreign = (): string => {
  const root = makeRoot('127.0.0.1 localhost');
  mkdirSync(join(root, 'etc/default'));
  writeFileSync(join(root, 'etc/default/etcd'), 'of the host\n', { mode: 0o604 });
  return root;
};

export const bundle = makeBundle();
/** The bundle that follows: one file gone, the others changed. */
export const next = makeBundle({
  files: DEFAULT_FILES.filter((f) => f.path !== '/etc/kubernetes/config').map((f) =>
    f.kind === 'block' ? f : { ...f, content: `${f.content}# next\n` },
  ),
  statements: [...DEFAULT_STATEMENTS, 'dir 0711 root:root /etc/kubernetes'],
});
