// kill -9 at many moments. BASH_ENV lays a DEBUG trap under the unchanged script, which kills it
// before its Nth command: the same moments in every run, and no hook in the script itself.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_FILES,
  DEFAULT_STATEMENTS,
  isRoot,
  makeBundle,
  makeRoot,
  run,
  temporaryFolder,
  tree,
} from './bundle.ts';

const POINTS = 24;
const traps = temporaryFolder();
const trap = join(traps, 'trap.sh');
const total = join(traps, 'total');
writeFileSync(
  trap,
  `set -T; __n=0; trap '__n=$((__n + 1)); [[ $__n != "$KILL_AT" ]] || kill -KILL $$; [[ $BASH_COMMAND != exit ]] || echo $__n >${total}' DEBUG\n`,
);

const killed = (bundle: string, args: readonly string[], at: number): string | null =>
  run(bundle, args, { BASH_ENV: trap, KILL_AT: String(at) }).signal;

/** Moments spread over a whole run, the same for the same script. */
const moments = (bundle: string, args: readonly string[]): number[] => {
  killed(bundle, args, -1);
  const commands = Number(readFileSync(total, 'utf8'));
  expect(commands).toBeGreaterThan(300);
  let seed = 20210207;
  return Array.from({ length: POINTS }, (_, i) => {
    seed = (seed * 48271) % 2147483647;
    return Math.max(1, Math.floor(((i + seed / 2147483647) * commands) / POINTS));
  });
};

const copy = (root: string): string => {
  const to = temporaryFolder();
  if (isRoot) spawnSync('cp', ['-a', `${root}/.`, to]);
  else cpSync(root, to, { recursive: true, verbatimSymlinks: true });
  return to;
};

const foreign = (): string => {
  const root = makeRoot('127.0.0.1 localhost');
  mkdirSync(join(root, 'etc/default'));
  writeFileSync(join(root, 'etc/default/etcd'), 'of the host\n', { mode: 0o604 });
  return root;
};

const bundle = makeBundle();
const next = makeBundle({
  files: DEFAULT_FILES.filter((f) => f.path !== '/etc/kubernetes/config').map((f) =>
    f.kind === 'block' ? f : { ...f, content: `${f.content}# next\n` },
  ),
  statements: [...DEFAULT_STATEMENTS, 'dir 0711 root:root /etc/kubernetes'],
});

describe('killed at any moment', () => {
  it('an install converges when run again, and a rollback restores what was before it', {
    timeout: 300_000,
  }, () => {
    const original = foreign();
    const before = tree(original);
    const clean = copy(original);
    run(bundle, ['--root', clean]);
    let interrupted = 0;
    for (const at of moments(bundle, ['--root', copy(original)])) {
      const root = copy(original);
      if (killed(bundle, ['--root', root], at)) interrupted += 1;
      const direct = copy(root);
      expect(run(bundle, ['rollback', '--root', direct]).status, `rollback at ${at}`).toBe(0);
      // A kill after the last change leaves a finished install, one before the first nothing at all.
      expect(tree(direct), `rolled back at ${at}`).toEqual(before);
      const again = run(bundle, ['--root', root]);
      expect(again.status, again.out).toBe(0);
      expect(tree(root), `killed at ${at}`).toEqual(tree(clean));
      expect(run(bundle, ['rollback', '--root', root]).status).toBe(0);
      expect(tree(root), `rolled back after ${at}`).toEqual(before);
    }
    expect(interrupted).toBeGreaterThan(POINTS / 2);
  });

  it('an upgrade converges, also to the old bundle, and a rollback restores the old state', {
    timeout: 300_000,
  }, () => {
    const original = foreign();
    run(bundle, ['--root', original]);
    const old = tree(original);
    const clean = copy(original);
    run(next, ['--root', clean]);
    for (const at of moments(next, ['--root', copy(original)])) {
      const root = copy(original);
      killed(next, ['--root', root], at);
      const back = copy(root);
      expect(run(bundle, ['--root', back]).status).toBe(0);
      expect(tree(back)['/etc/default/etcd'], `old bundle after ${at}`).toEqual(old['/etc/default/etcd']);
      expect(run(bundle, ['verify', '--root', back]).out).toContain('is what this bundle holds');
      expect(run(next, ['--root', root]).status).toBe(0);
      expect(tree(root), `killed at ${at}`).toEqual(tree(clean));
      expect(run(next, ['rollback', '--root', root]).status).toBe(0);
      expect(tree(root), `rolled back after ${at}`).toEqual(old);
    }
  });

  it.each(['rollback', 'uninstall'])('%s converges when run again', { timeout: 300_000 }, (verb) => {
    const original = foreign();
    run(bundle, ['--root', original]);
    const clean = copy(original);
    run(bundle, [verb, '--yes', '--root', clean]);
    for (const at of moments(bundle, [verb, '--yes', '--root', copy(original)])) {
      const root = copy(original);
      killed(bundle, [verb, '--yes', '--root', root], at);
      expect(run(bundle, [verb, '--yes', '--root', root]).status).toBe(0);
      expect(tree(root), `killed at ${at}`).toEqual(tree(clean));
    }
  });

  it('in the moment before a transaction has begun, it leaves nothing that matters', () => {
    const root = foreign();
    run(bundle, ['--root', root]);
    const clean = copy(root);
    run(next, ['--root', clean]);
    const unborn = join(root, 'var/lib/hardway/backups/0002');
    mkdirSync(join(unborn, 'files'), { recursive: true });
    writeFileSync(join(unborn, 'entries'), '');
    cpSync(join(next, 'manifest'), join(unborn, 'attempted.0123456789abcdef'));
    for (const verb of ['status', 'preflight'])
      expect(run(next, [verb, '--root', root]).out).not.toMatch(/No such file|interrupted/);
    const again = run(next, ['--root', root]);
    expect(again.status, again.out).toBe(0);
    expect(tree(root)).toEqual(tree(clean));
    expect(run(next, ['uninstall', '--yes', '--root', root]).status).toBe(0);
  });
});
