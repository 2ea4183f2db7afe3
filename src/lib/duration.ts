/** Durations as people write them: `24h`, `90m`, `7d`, `1h30m`. */

const secondsOf = { d: 86_400, h: 3600, m: 60, s: 1 } as const;

/** Whole seconds, or undefined; units come in falling order and each at most once. */
export function parseDuration(text: string): number | undefined {
  const match = /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?$/.exec(text);
  if (match === null || text === '') return undefined;
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = match;
  return (
    Number(days) * secondsOf.d +
    Number(hours) * secondsOf.h +
    Number(minutes) * secondsOf.m +
    Number(seconds) * secondsOf.s
  );
}

/** Whether Go's time.ParseDuration accepts a text; its largest unit is the hour. */
export function isGoDuration(text: string): boolean {
  return /^[-+]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|ms|s|m|h))+)$/.test(text);
}
