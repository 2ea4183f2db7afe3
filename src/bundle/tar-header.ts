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

/** A header that differs in its name alone; both names fit. */
export function renamed(header: Buffer, name: string): Buffer {
  const copy = Buffer.from(header);
  copy.fill(0, nameField.at, nameField.at + nameField.length).write(name, nameField.at, 'latin1');
  // The checksum is the sum of all bytes, its own field counting as blanks; what changed is the name.
  const sum = octal(checksumOf(header)) - nameSum(header) + nameSum(copy);
  checksumOf(copy).write(sum.toString(8).padStart(6, '0'), 'latin1');
  return copy;
}

function checksumOf(header: Buffer): Buffer {
  return header.subarray(checksumField.at, checksumField.at + checksumField.length);
}

function nameSum(header: Buffer): number {
  let sum = 0;
  for (let at = nameField.at; at < nameField.at + nameField.length; at += 1) sum += header[at] ?? 0;
  return sum;
}

function octal(field: Buffer): number {
  return Number.parseInt(field.toString('latin1'), 8);
}
