/** Validities on an axis of time, in coordinates of an SVG drawing. The line of today is drawn by the page when it is opened. */
import { tenths } from './drawing.ts';
import type { ReportedCertificate } from './pki.ts';

export interface TimelineRow {
  readonly label: string;
  readonly detail: string;
  readonly authority: string;
  readonly href: string;
  readonly y: number;
  readonly x: number;
  readonly width: number;
  /** Where the time to renew begins, up to the end. */
  readonly renewX: number;
  readonly renewWidth: number;
  /** Days on which certificates of the row expire. */
  readonly ends: readonly number[];
}

export interface Timeline {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** Seconds since 1970 at the left and right end of the axis, and where these ends are. */
  readonly from: number;
  readonly to: number;
  readonly left: number;
  readonly right: number;
  readonly ticks: readonly { readonly x: number; readonly text: string }[];
  readonly rows: readonly TimelineRow[];
}

/** What stands in a row. */
export interface TimelineInput {
  readonly label: string;
  readonly authority: string;
  readonly href: string;
  readonly certificates: readonly ReportedCertificate[];
}

const size = { width: 1120, left: 250, right: 1090, row: 26, head: 30 } as const;
const daySeconds = 86_400;
/** Most days of expiry that a row marks one by one. */
const mostEnds = 100;

/** A chart of rows that have certificates; undefined when none has. */
export function timelineOf(
  title: string,
  inputs: readonly TimelineInput[],
  renewBeforeDays: number,
): Timeline | undefined {
  const filled = inputs.filter(({ certificates }) => certificates.length > 0);
  if (filled.length === 0) return undefined;
  const from = least(filled, ({ from }) => from);
  const to = -least(filled, ({ to }) => -to);
  const scale = (moment: number) =>
    tenths(size.left + ((moment - from) / Math.max(1, to - from)) * (size.right - size.left));
  const rows = filled.map(({ label, authority, href, certificates }, index): TimelineRow => {
    const first = least([{ certificates }], (one) => one.from);
    const last = -least([{ certificates }], (one) => -one.to);
    const soonest = least([{ certificates }], (one) => one.to);
    const days = [...new Set(certificates.map((one) => Math.floor(one.to / daySeconds)))].sort(
      (a, b) => a - b,
    );
    const renewX = scale(Math.max(first, soonest - renewBeforeDays * daySeconds));
    return {
      label,
      detail: `${dayOf(first)} to ${dayOf(soonest)}${days.length > 1 ? ` and up to ${dayOf(last)}` : ''}`,
      authority,
      href,
      y: size.head + index * size.row,
      x: scale(first),
      width: Math.max(2, tenths(scale(last) - scale(first))),
      renewX,
      renewWidth: Math.max(1, tenths(scale(soonest) - renewX)),
      ends: days
        .slice(0, mostEnds)
        .map((day) => scale(Math.min(last, Math.max(first, (day + 1) * daySeconds)))),
    };
  });
  return {
    title,
    width: size.width,
    height: size.head + filled.length * size.row + 6,
    from,
    to,
    left: size.left,
    right: size.right,
    ticks: ticksOf(from, to, scale),
    rows,
  };
}

/** `2027-11-21`, in UTC. */
export function dayOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

function least(
  inputs: readonly Pick<TimelineInput, 'certificates'>[],
  of: (one: ReportedCertificate) => number,
): number {
  return inputs.reduce(
    (min, { certificates }) => certificates.reduce((low, one) => Math.min(low, of(one)), min),
    Infinity,
  );
}

function ticksOf(from: number, to: number, scale: (moment: number) => number): Timeline['ticks'] {
  const years = (to - from) / (365 * daySeconds);
  const stepMonths = [1, 2, 3, 6, 12, 24, 60, 120, 240].find((step) => (years * 12) / step <= 12) ?? 600;
  const start = new Date(from * 1000);
  const firstMonth = start.getUTCFullYear() * 12 + start.getUTCMonth() + 1;
  const months = Array.from(
    { length: Math.ceil((years * 12) / stepMonths) + 1 },
    (_, index) => (Math.ceil(firstMonth / stepMonths) + index) * stepMonths,
  );
  return months.flatMap((month) => {
    const moment = Date.UTC(Math.floor(month / 12), month % 12) / 1000;
    if (moment < from || moment > to) return [];
    return [{ x: scale(moment), text: dayOf(moment).slice(0, stepMonths >= 12 ? 4 : 7) }];
  });
}
