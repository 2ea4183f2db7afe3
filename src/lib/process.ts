/** Telling one run of a process from another, so that a process id that was given out again is not mistaken for it. */
import { readFileSync } from 'node:fs';

/**
 * When a process started, as text that no other process with this id ever had:
 * the boot's id and the clock tick since then (proc(5), /proc/PID/stat, field 22).
 * Undefined when there is no such process, `unknown` where the system does not say.
 */
export function processStart(pid: number): string | undefined {
  const boot = readProc('/proc/sys/kernel/random/boot_id');
  if (boot === undefined) return isAlive(pid) ? 'unknown' : undefined;
  const stat = readProc(`/proc/${pid}/stat`);
  // The name in field 2 may hold spaces and brackets; the last bracket ends it.
  const [state, ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  // A zombie has ended: it only waits for its parent to ask.
  if (state === undefined || state === 'Z' || state === 'X') return undefined;
  return `${boot.slice(0, 8)}.${fields[18]}`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
