// Everything that follows a first install, killed, see interruptions.ts; that one has a file of its own, to share the cores.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run, tree } from './bundle.ts';
import { bundle, copy, foreign, killed, moments, next } from './interruptions.ts';

describe('killed at any moment', () => {
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
