/** Run as a process of its own by crash.test.ts: STORE CERTIFICATES [STEP]; kills itself before that step. */
import { openStore } from '../../src/pki/store.ts';
import { crashRequest } from './crash-request.ts';

const [store = '', certificates = '', killAt] = process.argv.slice(2);
let step = 0;
await openStore(store, crashRequest(Number(certificates)), {
  now: new Date(),
  onStep: () => {
    if (String(step++) === killAt) process.kill(process.pid, 'SIGKILL');
  },
});
process.stdout.write(String(step));
