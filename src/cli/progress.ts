/** One line on a terminal that shows how far a long job is; nothing elsewhere. */
import type { Io } from './io.ts';

export interface Progress {
  /** Draws the bar anew, at most ten times a second. */
  readonly update: (label: string, done: number, total: number) => void;
  /** Wipes the line. */
  readonly finish: () => void;
}

const redrawMs = 100;
const barWidth = 30;

/** A progress bar, or one that draws nothing when there is no terminal or quiet is asked for. */
export function createProgress(io: Io, quiet: boolean): Progress {
  if (!io.isTerminal || quiet) return { update: () => {}, finish: () => {} };
  let drawnAt = 0;
  let isDrawn = false;
  return {
    update(label, done, total) {
      const now = io.now().getTime();
      if (now - drawnAt < redrawMs) return;
      drawnAt = now;
      isDrawn = true;
      io.stderr(`\r\u001b[K${progressLine(label, done, total).slice(0, io.columns - 1)}`);
    },
    finish() {
      if (isDrawn) io.stderr('\r\u001b[K');
    },
  };
}

/** `certificates [######      ]  40 % (400 of 1000)` */
export function progressLine(label: string, done: number, total: number): string {
  const share = total === 0 ? 1 : done / total;
  const bar = '#'.repeat(Math.round(share * barWidth)).padEnd(barWidth);
  return `${label} [${bar}] ${String(Math.floor(share * 100)).padStart(3)} % (${done} of ${total})`;
}
