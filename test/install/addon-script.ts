// Scripts of control planes, with a folder of stand-ins first in their PATH.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadTemplates } from '../../src/render/template.ts';

const templates = loadTemplates(fileURLToPath(new URL('../../templates', import.meta.url)));

/** Puts a program into a folder: a bash script that runs there. */
export const standIn = (folder: string, name: string, text: string): void =>
  writeFileSync(join(folder, name), `#!/bin/bash\ncd ${folder}\n${text}`, { mode: 0o755 });

/** Runs a script of /usr/local/sbin with all its files in a folder, and the programs of that folder. */
export const runScript = (
  folder: string,
  name: string,
  values: Readonly<Record<string, object>>,
): SpawnSyncReturns<string> => {
  const text = templates.get(`usr/local/sbin/${name}.hbs`)({
    ...values,
    paths: { ...values.paths, authDir: folder },
    binaryDir: folder,
    apiServer: { loopbackUrl: 'https://127.0.0.1:6443' },
  });
  writeFileSync(join(folder, 'script'), text.replace('PATH=', `PATH=${folder}:`));
  return spawnSync('bash', [join(folder, 'script')], { encoding: 'utf8', timeout: 20_000 });
};
