import { expect, test } from 'vitest';
import { kept, keptText } from '../../../src/lib/kept.ts';

/** Whether nothing else is in a buffer's memory. */
function isAlone(buffer: Buffer): boolean {
  return buffer.byteOffset === 0 && buffer.buffer.byteLength === buffer.length;
}

test('text has memory of its own, whatever its encoding and its length', () => {
  for (const [text, encoding] of [
    ['', 'utf8'],
    ['käse', 'utf8'],
    ['aGFyZA==\n', 'base64'],
    ['x'.repeat(100_000), 'utf8'],
  ] as const) {
    const buffer = keptText(text, encoding);
    expect(buffer).toEqual(Buffer.from(text, encoding));
    expect(isAlone(buffer)).toBe(true);
  }
});

test('a buffer that is alone already is not copied, one out of the pool is', () => {
  const pooled = Buffer.from('small');
  expect(isAlone(pooled), 'what Node does').toBe(false);
  expect(kept(pooled)).toEqual(pooled);
  expect(isAlone(kept(pooled))).toBe(true);
  const alone = Buffer.alloc(5);
  expect(kept(alone)).toBe(alone);
});
