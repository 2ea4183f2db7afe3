/** Run as a process of its own by lock.test.ts: FOLDER ROUNDS, or FOLDER hold. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withLock } from '../../../src/lib/lock.ts';

const [folder = '', rounds = ''] = process.argv.slice(2);
const path = join(folder, 'number');

if (rounds === 'hold') {
  await withLock(folder, 0, async () => {
    process.stdout.write('held\n');
    await delay(600_000);
  });
}
for (let round = 0; round < Number(rounds); round += 1) {
  await withLock(folder, 60_000, async () => {
    const number = Number(readFileSync(path, 'utf8'));
    // Time for another to do the same, if the lock let it.
    await delay(Math.random() * 4);
    writeFileSync(path, String(number + 1));
  });
}
