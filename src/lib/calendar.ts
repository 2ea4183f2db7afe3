/**
 * Calendar expressions of systemd.time(7), as far as something regular can be said with them:
 * shorthands, weekdays, month and day, time, time zone. A year would say when it ends.
 */

const shorthands = [
  'minutely',
  'hourly',
  'daily',
  'weekly',
  'monthly',
  'quarterly',
  'semiannually',
  'yearly',
  'annually',
];
const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
/** Of the months; February's in a leap year. */
const monthDays = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Why systemd would not take a text, or never act on it; undefined when it is a schedule. */
export function calendarObjection(text: string): string | undefined {
  const words = text.split(/ +/);
  const zone = words.length > 1 && isZone(words.at(-1) ?? '') ? words.pop() : undefined;
  if (zone === undefined && /[A-Za-z_]\/[A-Za-z]/.test(words.at(-1) ?? ''))
    return `there is no time zone "${words.at(-1)}"`;
  if (words.length === 1 && shorthands.includes(words[0]?.toLowerCase() ?? '')) return undefined;
  const hasWeekdays = /^[A-Za-z]/.test(words[0] ?? '');
  const [first, second, ...rest] = hasWeekdays ? words.slice(1) : words;
  if (hasWeekdays && !areWeekdays(words[0] ?? ''))
    return `"${words[0]}" is neither a weekday nor a shorthand`;
  if (rest.length > 0) return 'it has more than weekdays, date, time and time zone';
  const [date, time] = first?.includes(':') ? [undefined, first] : [first, second];
  if (first !== undefined && date === undefined && second !== undefined) return 'the time comes last';
  return (
    (date === undefined ? undefined : dateObjection(date)) ??
    (time === undefined ? undefined : timeObjection(time))
  );
}

function isZone(word: string): boolean {
  if (word.toLowerCase() === 'utc') return true;
  if (!/^[A-Za-z]+\/[A-Za-z_/-]+$/.test(word)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: word }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** `Mon,Wed..Fri` */
function areWeekdays(list: string): boolean {
  return list.split(',').every((item) => {
    const [first, last, ...more] = item.toLowerCase().split('..').map(weekday);
    return first !== undefined && first >= 0 && more.length === 0 && (last === undefined || last > first);
  });
}

function weekday(name: string): number {
  return weekdays.findIndex((day) => day === name || day.slice(0, 3) === name);
}

/** `*-*-1,15`, `*-*~1` (the last of the month), `02-01`. */
function dateObjection(date: string): string | undefined {
  const [, year = '*', months = '', days = ''] = /^(?:([^-~]+)-)?([^-~]+)[-~]([^-~]+)$/.exec(date) ?? [];
  if (year !== '*') return 'with a year it would end: write "*"';
  const [inYear, inMonth] = [valuesOf(months, 1, 12), valuesOf(days, 1, date.includes('~') ? 28 : 31)];
  if (/~.*[./]/.test(date)) return 'days from the end of a month are single ones, such as *-*~1';
  if (inYear === undefined || inMonth === undefined) return `"${date}" is no date such as *-*-1`;
  const exists = inYear.some((month) => inMonth.some((day) => day <= (monthDays[month - 1] ?? 0)));
  return exists ? undefined : `there is no day "${date}"`;
}

/** `02:30`, `*:0/15`, `1,13:00:00`. */
function timeObjection(time: string): string | undefined {
  const [hours = '', minutes = '', seconds = '0', ...more] = time.split(':');
  const isRight =
    valuesOf(hours, 0, 23) !== undefined &&
    valuesOf(minutes, 0, 59) !== undefined &&
    valuesOf(seconds, 0, 59) !== undefined &&
    more.length === 0;
  return isRight ? undefined : `"${time}" is no time such as 02:30`;
}

/** The numbers that a list of `N`, `N..M` and `N/STEP` means; undefined when it is none within the limits. */
function valuesOf(list: string, min: number, max: number): number[] | undefined {
  const all = Array.from({ length: max - min + 1 }, (_, index) => min + index);
  if (list === '*') return all;
  const values = list.split(',').map((item) => {
    const [, first, last, step] = /^([0-9]{1,2})(?:\.\.([0-9]{1,2}))?(?:\/([0-9]{1,2}))?$/.exec(item) ?? [];
    const [from, by] = [Number(first), Number(step ?? 1)];
    const to = last === undefined ? (step === undefined ? from : max) : Number(last);
    const isRight =
      first !== undefined &&
      from >= min &&
      to <= max &&
      (last === undefined || from < to) &&
      isStep(step, to - from);
    return isRight ? all.filter((value) => value >= from && value <= to && (value - from) % by === 0) : [];
  });
  return values.some((some) => some.length === 0) ? undefined : values.flat();
}

/** systemd wants a step to lead somewhere. */
function isStep(step: string | undefined, room: number): boolean {
  return step === undefined || (Number(step) > 0 && Number(step) <= room);
}
