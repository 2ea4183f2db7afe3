// An install that is killed, see interruptions.ts.
import { describe, expect, it } from 'vitest';
import { run, tree } from './bundle.ts';
import { bundle, copy, foreign, killed, moments, POINTS } from './interruptions.ts';

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
});
