/**
 * Buffers that stay while thousands of others come and go. Small ones come out of a pool of Node's, eight
 * kilobytes at a time: one that stays would keep alive all that was taken from the pool beside it.
 */

/** Text as bytes in memory of their own. */
export function keptText(text: string, encoding: BufferEncoding = 'utf8'): Buffer {
  return kept(Buffer.from(text, encoding));
}

/** The same bytes in memory of their own: a copy, unless they have it. */
export function kept(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.length) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
