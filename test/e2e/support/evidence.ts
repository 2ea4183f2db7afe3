/** What the hosts say when a test fails. */
import { afterEach } from 'vitest';
import { type Lab, saveJournals } from './lab.ts';

/** Saves the journals of all hosts after the first test of a file that fails, and says where. */
export function saveJournalsOnFailure(lab: () => Lab): void {
  let isSaved = false;
  afterEach(async ({ task }) => {
    if (isSaved || task.result?.state !== 'fail') return;
    isSaved = true;
    console.log(`${task.name}: failed; journals of the hosts: ${await saveJournals(lab())}`);
  });
}

/** Does something that tests need first; when it fails, the journals are saved. */
export async function withJournals<T>(lab: Lab, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    console.log(`failed; journals of the hosts: ${await saveJournals(lab)}`);
    throw error;
  }
}
