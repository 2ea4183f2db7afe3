/**
 * Headers of tar entries (POSIX.1-2017, pax, "ustar Interchange Format"), as archiver has
 * written them: where they stand, and the same header below another folder.
 */

/** Bytes; everything in a tar begins at a multiple. */
export const tarBlock = 512;

/** Fields of a header: offset and length in bytes. */
const nameField = { at: 0, length: 100 };
const sizeField = { at: 124, length: 12 };
const checksumField = { at: 148, length: 8 };
const typeAt = 156;

/** The type of an entry that holds further fields for the one behind it: a name that does not fit. */
const extendedType = 'x'.charCodeAt(0);

/** How many bytes a content of this length takes. */
export function paddedLength(length: number): number {
  return Math.ceil(length / tarBlock) * tarBlock;
}

/** The headers of files of these lengths, which stand in a tar one after another; copies, so that the tar can go. */
export function headersIn(tar: Buffer, lengths: readonly number[]): Buffer[] {
  let at = 0;
  return lengths.map((length) => {
    const isExtended = tar[at + typeAt] === extendedType;
    const header = isExtended ? 2 * tarBlock + paddedLength(sizeAt(tar, at)) : tarBlock;
    const copy = Buffer.from(tar.subarray(at, at + header));
    at += header + paddedLength(length);
    return copy;
  });
}

function sizeAt(tar: Buffer, header: number): number {
  return octal(tar.subarray(header + sizeField.at, header + sizeField.at + sizeField.length));
}

/** Whether the header of a name is one block with the whole name in its first field. */
export function fitsHeader(name: string): boolean {
  return name.length <= nameField.length && /^[\x20-\x7e]+$/.test(name);
}

/** A header of one block as it is for files of any name: the rest of their kind is in it. */
export interface HeaderPattern {
  readonly block: Buffer;
  /** The sum of its bytes, its name and its checksum taken away. */
  readonly sum: number;
}

/** The pattern of a header. */
export function patternOf(header: Buffer): HeaderPattern {
  const block = Buffer.from(header);
  block.fill(0, nameField.at, nameField.at + nameField.length);
  // Six digits, and what ends them.
  const checksum = block.subarray(checksumField.at, checksumField.at + checksumField.length);
  return { block, sum: byteSum(block) - byteSum(checksum) };
}

/** Writes the header of a name that fits into zeros, as archiver would. */
export function writeHeader(tar: Buffer, at: number, { block, sum }: HeaderPattern, name: string): void {
  block.copy(tar, at);
  tar.write(name, at + nameField.at, 'latin1');
  // The checksum is the sum of all bytes, its own field counting as blanks.
  let total = sum + checksumField.length * 0x20;
  for (let index = 0; index < name.length; index += 1) total += name.charCodeAt(index);
  tar.write(total.toString(8).padStart(6, '0'), at + checksumField.at, 'latin1');
}

function byteSum(bytes: Buffer): number {
  return bytes.reduce((sum, byte) => sum + byte, 0);
}

function octal(field: Buffer): number {
  return Number.parseInt(field.toString('latin1'), 8);
}
