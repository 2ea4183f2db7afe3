/** The programs that an official file holds, one after another as streams. */
import { createReadStream, statSync } from 'node:fs';
import { pipeline, type Writable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type { Artefact, Binary } from './artefacts.ts';
import { createDigest, type Digest } from './sums.ts';

/** What a program is read with; it must take every byte. */
export type TakeProgram = (binary: Binary, bytes: number, content: AsyncIterable<Buffer>) => Promise<void>;

/**
 * Gives each program of a file that was found whole, in the file's order.
 * @throws Error when the archive holds one of them not, twice, or as a link.
 */
export async function forEachProgram(artefact: Artefact, file: string, take: TakeProgram): Promise<void> {
  const [first] = artefact.binaries;
  if (first?.member === undefined) {
    if (first !== undefined)
      await take(first, statSync(file).size, createReadStream(file, { highWaterMark: 1 << 20 }));
    return;
  }
  const missing = new Map(artefact.binaries.map((binary) => [binary.member ?? '', binary]));
  const tar = extract();
  // A damaged file ends the loop below with the reason.
  pipeline(createReadStream(file), createGunzip(), tar as unknown as Writable, () => {});
  for await (const entry of tar) {
    const { name, type, size = 0 } = entry.header;
    const binary = type === 'file' ? missing.get(name) : undefined;
    if (binary === undefined) {
      entry.resume();
      continue;
    }
    missing.delete(name);
    await take(binary, size, entry as AsyncIterable<Buffer>);
  }
  const [absent] = missing.keys();
  if (absent !== undefined) throw new Error(`${artefact.path} holds no ${absent}`);
}

/** The digests of all programs in a file, by their names in a lock. */
export async function digestPrograms(artefact: Artefact, file: string): Promise<Map<string, Digest>> {
  const digests = new Map<string, Digest>();
  await forEachProgram(artefact, file, async ({ lockName }, _bytes, content) => {
    const digest = createDigest();
    for await (const chunk of content) digest.add(chunk);
    digests.set(lockName, digest.end());
  });
  return digests;
}
