// hardway-apply-addons with a kubectl and a sleep that write down what they are asked for.
import type { SpawnSyncReturns } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runScript, standIn } from './addon-script.ts';
import { temporaryFolder } from './bundle.ts';

const applyAddons = (folder: string): SpawnSyncReturns<string> =>
  runScript(folder, 'hardway-apply-addons', {
    paths: {
      addonsDir: join(folder, 'addons'),
      bootstrapTokenManifest: join(folder, 'token.yaml'),
      bootstrapTokenStamp: join(folder, 'token'),
      addonsAppliedStamp: join(folder, 'state/applied'),
      addonsLookedAtStamp: join(folder, 'run'),
    },
    bootstrap: { tokenTTLSeconds: 60 },
  });

/** Runs the script with answers to its first calls of kubectl, each `STATUS TEXT`; all later ones succeed. */
const run = (
  answers: readonly string[],
  manifests: readonly string[] = ['dns.yaml'],
): { sleeps: string[]; said: string; applied: string[] } => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'addons'));
  for (const name of manifests) writeFileSync(join(folder, 'addons', name), '');
  answers.forEach((answer, i) => {
    writeFileSync(join(folder, `answer.${i + 1}`), answer);
  });
  standIn(
    folder,
    'kubectl',
    'echo "$*" >>calls; a=answer.$(wc -l <calls); [[ -f $a ]] || exit 0; tail -n +2 $a >&2; exit "$(head -n 1 $a)"\n',
  );
  standIn(folder, 'sleep', 'echo "$1" >>sleeps\n');
  const child = applyAddons(folder);
  expect(child.status, child.stderr).toBe(0);
  const calls = readFileSync(join(folder, 'calls'), 'utf8');
  return {
    sleeps: readFileSync(join(folder, 'sleeps'), 'utf8').trim().split('\n'),
    said: child.stderr,
    applied: [...calls.matchAll(/ apply .*\/(\S+)$/gm)].map(([, name = '']) => name),
  };
};

const answer = (text: string): string =>
  `1\nError from server (InternalError): an error on the server ("${text}") has prevented the request from succeeding`;

it('asks each second while the API server is not ready, and says which checks fail', () => {
  const reason = answer(
    '[+]ping ok\\n[-]etcd failed: reason withheld\\n[+]log ok\\n[-]poststarthook/rbac failed: reason withheld\\nreadyz check failed',
  );
  const { sleeps, said } = run([reason, reason, reason]);
  expect(sleeps).toEqual(['1', '1', '1']);
  expect(said).toBe(
    'waiting for the API server of this host: etcd failed: reason withheld, poststarthook/rbac failed: reason withheld\n',
  );
});

it('repeats what an API server said that names no check', () => {
  const { said } = run(['1\nUnable to connect to the server: dial tcp 127.0.0.1:6443: connection refused']);
  expect(said).toContain('host: Unable to connect to the server: dial tcp');
});

it('tries what was refused ever more rarely', () => {
  const attempt = ['0\n', '1\nrefused'];
  const { sleeps } = run(Array.from({ length: 9 }, () => attempt).flat());
  expect(sleeps).toEqual(['1', '2', '4', '8', '16', '32', '60', '60', '60']);
});

it('applies all that is not refused, in the order of names, and what was taken not again', () => {
  const [ready, refused, taken] = ['0\n', '1\nrefused', '0\n'];
  const answers = [ready, taken, refused, taken, ready, refused, ready, taken];
  const { applied, sleeps } = run(answers, ['30-c.yaml', '50-002-a.yaml', '50-001-b.yaml']);
  expect(applied).toEqual(['30-c.yaml', '50-001-b.yaml', '50-002-a.yaml', '50-001-b.yaml', '50-001-b.yaml']);
  expect(sleeps).toEqual(['1', '2']);
});

it('goes on at a boot with what a power cut broke off, and applies nothing again after a success', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'addons'));
  writeFileSync(join(folder, 'addons/dns.yaml'), '');
  const applied = join(folder, 'state/applied');
  // Applying is where the power is cut, as long as the folder holds a file `cut`.
  standIn(folder, 'kubectl', 'echo "$*" >>calls; [[ "$*" != *apply* || ! -e cut ]] || kill -KILL $PPID\n');
  const start = (): { status: number | null; applies: number } => {
    rmSync(join(folder, 'calls'), { force: true });
    const { status } = applyAddons(folder);
    const calls = join(folder, 'calls');
    return {
      status,
      applies: existsSync(calls) ? readFileSync(calls, 'utf8').split(' apply ').length - 1 : 0,
    };
  };
  const boot = (): { status: number | null; applies: number } => {
    rmSync(join(folder, 'run'), { force: true });
    return start();
  };
  writeFileSync(join(folder, 'cut'), '');
  expect(start()).toEqual({ status: null, applies: 1 });
  expect(existsSync(applied)).toBe(false);
  rmSync(join(folder, 'cut'));
  expect(boot()).toEqual({ status: 0, applies: 1 });
  expect(boot()).toEqual({ status: 0, applies: 0 });
  // Started by install.sh or by hand, it applies what is there, and a cut then is noticed too.
  writeFileSync(join(folder, 'cut'), '');
  expect(start()).toEqual({ status: null, applies: 1 });
  rmSync(join(folder, 'cut'));
  expect(boot()).toEqual({ status: 0, applies: 1 });
  // What an install has put there since, which a boot's own job may be all that looks at.
  expect(boot()).toEqual({ status: 0, applies: 0 });
  writeFileSync(join(folder, 'addons/new.yaml'), 'kind: ConfigMap\n');
  expect(boot()).toEqual({ status: 0, applies: 2 });
  writeFileSync(join(folder, 'addons/new.yaml'), 'kind: Secret\n');
  expect(boot()).toEqual({ status: 0, applies: 2 });
  expect(boot()).toEqual({ status: 0, applies: 0 });
});
