/**
 * Entries of hosts on their way to another thread. The bytes of a host travel in one piece that changes
 * hands without being copied; what several hosts share travels twice and is then named by a number: the
 * first time nobody knows yet that it is shared, and the other side need not keep what is not.
 */
import type { BundleEntry } from '../bundle/bundle.ts';

/** Plain data, as structured clones take it. All lists but the last two have a place for each entry. */
export interface EntriesMessage {
  readonly names: readonly string[];
  readonly modes: readonly number[];
  readonly certificateTexts: readonly (string | undefined)[];
  /** A number from 0 on is one of the buffers that were to be kept, one below 0 the buffer -1 - n of this message. */
  readonly contents: readonly number[];
  readonly reviews: readonly number[];
  /** The buffers of this message, one after another. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How long each is, and the number that it is to be kept by, if it is. */
  readonly buffers: readonly { readonly length: number; readonly keep: number | undefined }[];
}

/** Makes messages, for one receiver that reads them in the same order. */
export function createEncoder(): (entries: readonly BundleEntry[]) => EntriesMessage {
  const kept = new WeakMap<Buffer, number>();
  const sentOnce = new WeakSet<Buffer>();
  let nextNumber = 0;
  return (entries) => {
    const places = new Map<Buffer, number>();
    const buffers: EntriesMessage['buffers'][number][] = [];
    const placeOf = (buffer: Buffer): number => {
      const known = kept.get(buffer) ?? places.get(buffer);
      if (known !== undefined) return known;
      const place = -1 - buffers.length;
      places.set(buffer, place);
      const isShared = sentOnce.has(buffer);
      buffers.push({ length: buffer.length, keep: isShared ? nextNumber : undefined });
      if (isShared) kept.set(buffer, nextNumber++);
      else sentOnce.add(buffer);
      return place;
    };
    return {
      names: entries.map(({ name }) => name),
      modes: entries.map(({ mode }) => mode),
      certificateTexts: entries.map(({ certificateText }) => certificateText),
      contents: entries.map(({ content }) => placeOf(content)),
      reviews: entries.map(({ review }) => placeOf(review)),
      bytes: joined([...places.keys()]),
      buffers,
    };
  };
}

/** One piece of memory that is nobody else's, as Buffer.concat's may be. */
function joined(buffers: readonly Buffer[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(buffers.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const buffer of buffers) {
    bytes.set(buffer, at);
    at += buffer.length;
  }
  return bytes;
}

/** Reads messages of one encoder, in their order. */
export function createDecoder(): (message: EntriesMessage) => BundleEntry[] {
  const kept: Buffer[] = [];
  return ({ names, modes, certificateTexts, contents, reviews, bytes, buffers }) => {
    let at = 0;
    const here = buffers.map(({ length, keep }) => {
      const part = Buffer.from(bytes.buffer, at, length);
      at += length;
      if (keep === undefined) return part;
      // A copy: it would keep the whole message.
      const copy = Buffer.from(part);
      kept[keep] = copy;
      return copy;
    });
    const bufferAt = (place: number | undefined): Buffer => {
      const buffer = place === undefined ? undefined : place < 0 ? here[-1 - place] : kept[place];
      if (buffer === undefined) throw new Error(`no buffer ${place} in this message or before it`);
      return buffer;
    };
    return names.map((name, index) => ({
      name,
      mode: modes[index] ?? 0,
      content: bufferAt(contents[index]),
      review: bufferAt(reviews[index]),
      certificateText: certificateTexts[index],
    }));
  };
}
