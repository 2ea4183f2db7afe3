/** How long things take: a table on the terminal, and numbers in a file for comparisons. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Span {
  readonly name: string;
  /** Seconds after the timer's zero. */
  readonly begin: number;
  readonly end: number;
}

export interface Timer {
  /** Makes this moment zero; spans that ended before are shown with negative times. */
  readonly zero: () => void;
  /** Runs something and notes from when to when it ran. */
  readonly time: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  /** Notes a span in the clock of nowSeconds(). */
  readonly note: (name: string, beginSeconds: number, endSeconds: number) => void;
  /** Prints the table and writes the file. */
  readonly report: () => void;
}

/** Seconds of CLOCK_MONOTONIC, which the hosts share and systemd's ...TimestampMonotonic count in. */
export function nowSeconds(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}

/** A timer that starts now. The title names its part of the file. */
export function createTimer(title: string): Timer {
  let zero = nowSeconds();
  const noted: Span[] = [];
  const note = (name: string, begin: number, end: number): void => {
    noted.push({ name, begin, end });
  };
  return {
    zero: () => {
      zero = nowSeconds();
    },
    time: async (name, work) => {
      const begin = nowSeconds();
      const result = await work();
      note(name, begin, nowSeconds());
      return result;
    },
    note,
    report: () => {
      const spans = noted.map(({ name, begin, end }) => ({
        name,
        begin: rounded(begin - zero),
        end: rounded(end - zero),
      }));
      const file = timingsFile();
      console.log(`${title}, seconds:\n${tableOf(spans)}written to ${file}`);
      const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as object) : {};
      writeFileSync(file, `${JSON.stringify({ ...known, [title]: spans }, null, 2)}\n`);
    },
  };
}

function timingsFile(): string {
  return process.env.E2E_TIMINGS ?? join(tmpdir(), 'hardway-e2e-timings.json');
}

function rounded(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}

function tableOf(spans: readonly Span[]): string {
  const width = Math.max(...spans.map(({ name }) => name.length), 5);
  const row = (name: string, ...cells: readonly string[]): string =>
    `  ${name.padEnd(width)}${cells.map((cell) => cell.padStart(9)).join('')}\n`;
  const rows = spans.map(({ name, begin, end }) =>
    row(name, begin.toFixed(2), end.toFixed(2), (end - begin).toFixed(2)),
  );
  return [row('phase', 'from', 'to', 'took'), ...rows].join('');
}
