/** Calendar expressions, judged beside systemd itself. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { calendarObjection } from '../../../src/lib/calendar.ts';
import { canRun, findProgram } from '../../support/requirements.ts';

const right = [
  '*-*-* 02:00:00',
  'daily',
  'Weekly UTC',
  'quarterly Europe/Berlin',
  'Mon',
  'Mon..Fri',
  'Mon,Wed..Fri 10:00',
  'monday *-*-* 3:5',
  '02:30',
  '*:0/15',
  '1,13:00:00',
  '*-*-1,15',
  '*-*~1 23:59:59',
  '*-1..12/3-* 04:00',
  '02-29 America/New_York',
  '*-*-*  02:00',
];
const wrong = [
  '',
  'nightly',
  'Mo 10:00',
  'Fri..Mon 1:00',
  'Mon, Tue 3:00',
  '24:00',
  '23:60',
  '*:*:60',
  '2:0/0',
  '12',
  '*',
  '*-13-01',
  '*-*-32',
  '*-*~0',
  '*-*-5..3',
  '*/2:00',
  '*-*-* 1:0,,3',
  '02:00 *-*-*',
  '02:00 Foo/Bar',
  'Mon *-*-* 02:00 UTC 5',
];
/** Right for systemd, but no schedule of a backup: nothing comes of them, or only for a time. */
const pointless = ['2003-02-30', '2027-01-01 02:00', '*-02-30', '*-04,06-31 1:00', '*-02~30', '2*-*-*'];

test.each(right)('%j is a schedule', (text) => expect(calendarObjection(text)).toBeUndefined());
test.each([...wrong, ...pointless])('%j is none', (text) => {
  expect(calendarObjection(text)).toMatch(/./);
});

const accepts = (text: string) => spawnSync('systemd-analyze', ['calendar', '--', text]).status === 0;

describe.skipIf(!canRun('calendars', { 'systemd-analyze': findProgram('systemd-analyze') !== undefined }))(
  'systemd',
  () => {
    test.each(right)('takes %j', (text) => expect(accepts(text)).toBe(true));
    test.each(wrong)('takes no %j', (text) => expect(accepts(text)).toBe(false));

    test('takes whatever is called a schedule', { timeout: 60_000 }, () => {
      const number = fc.integer({ min: 0, max: 61 }).map(String);
      const item = fc
        .tuple(number, fc.option(number), fc.option(number))
        .map(
          ([from, to, step]) => `${from}${to === null ? '' : `..${to}`}${step === null ? '' : `/${step}`}`,
        );
      const list = fc.oneof(fc.constant('*'), fc.array(item, { minLength: 1, maxLength: 2 }).map(String));
      const date = fc.tuple(list, fc.constantFrom('-', '~'), list).map((parts) => `*-${parts.join('')}`);
      const time = fc.array(list, { minLength: 2, maxLength: 3 }).map((parts) => parts.join(':'));
      const days = fc.constantFrom('Mon', 'Tue..thursday', 'sun,Fri..Sat', 'Sat..Sun,mon');
      const zone = fc.constantFrom('UTC', 'Asia/Tokyo');
      const text = fc
        .tuple(fc.option(days), fc.option(date), fc.option(time), fc.option(zone))
        .map((words) => words.filter((word) => word !== null).join(' '));
      let count = 0;
      fc.assert(
        fc.property(text, (one) => {
          if (calendarObjection(one) !== undefined) return;
          count += 1;
          expect(accepts(one), one).toBe(true);
        }),
        { numRuns: 3000 },
      );
      expect(count).toBeGreaterThan(50);
    });
  },
);
