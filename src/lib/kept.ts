/**
 * Buffers that stay while thousands of others come and go. Small ones come out of a pool of Node's, eight
 * kilobytes at a time: one that stays would keep alive all that was taken from the pool beside it.
 */

/** Text as bytes in memory of their own. */
export function keptText(text: string, encoding: BufferEncoding = 'utf8'): Buffer {
  return keptCopy(Buffer.from(text, encoding));
}

/** A copy in memory of its own. */
export function keptCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
