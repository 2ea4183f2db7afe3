/** Which machine a program is for, by the first bytes of its ELF header (elf(5), Elf64_Ehdr). */
import type { Architecture } from '../model/cluster.ts';

/** e_machine; linux/elf-em.h. */
const machines: Readonly<Record<number, string>> = {
  3: '386',
  40: 'arm',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
};
const magic = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const littleEndian = 1;

/** How many bytes of a program isFor wants to see. */
export const elfHeaderBytes = 20;

/** What is wrong with a program's first bytes, or undefined when it is for this architecture. */
export function elfObjection(start: Buffer, arch: Architecture): string | undefined {
  if (start.length < elfHeaderBytes || !start.subarray(0, 4).equals(magic)) return 'is not a Linux program';
  const machine = start[5] === littleEndian ? start.readUInt16LE(18) : start.readUInt16BE(18);
  const found = machines[machine] ?? `machine ${machine}`;
  return found === arch ? undefined : `is for ${found}, not for ${arch}`;
}
