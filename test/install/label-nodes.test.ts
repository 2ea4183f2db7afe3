// hardway-label-nodes with a kubectl that answers from a file and writes down what it is to change.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { runScript, standIn } from './addon-script.ts';
import { temporaryFolder } from './bundle.ts';

const worker = 'node-role.kubernetes.io/worker';
const master = 'node-role.kubernetes.io/master';

let folder = '';
const path = (name: string): string => join(folder, name);
const write = (name: string, lines: readonly string[]): void =>
  writeFileSync(path(name), lines.map((line) => `${line}\n`).join(''));
const given = (): string[] => readFileSync(path('given'), 'utf8').trim().split('\n');

/** Runs the script once: nodes as the cluster has them, `NAME LABELS`. */
const run = (wanted: readonly string[], nodes: readonly string[]) => {
  write('wanted', ['# a comment', ...wanted]);
  write(
    'nodes',
    nodes.map((node) => node.replace(' ', '  Ready  <none>  5m12s  v1.20.2  ')),
  );
  write('calls', []);
  const { status, stderr } = runScript(folder, 'hardway-label-nodes', {
    paths: { nodeLabels: path('wanted'), nodeLabelsStamp: path('given') },
  });
  return { status, stderr, calls: readFileSync(path('calls'), 'utf8').split('\n').filter(Boolean) };
};

beforeEach(() => {
  folder = temporaryFolder();
  standIn(
    folder,
    'kubectl',
    `case " $* " in
  *' get nodes '*) [[ ! -e down ]] || { echo 'connection refused' >&2; exit 1; }; cat nodes ;;
  *) echo "\${*:5}" >>calls; [[ ! -e refuses ]] || { echo 'refused' >&2; exit 1; } ;;
esac
`,
  );
});

describe('what nodes lack', () => {
  it('is set in one call for each label, on the nodes that there are', () => {
    const wanted = [`w1 ${worker}=`, `w2 ${worker}=`, `w3 ${worker}=`, 'w1 example.k8s.io/disk=ssd'];
    const { status, calls } = run(wanted, ['w1 a=b', 'w2 <none>']);
    expect(status).toBe(0);
    expect(calls).toEqual([
      'label --overwrite node w1 example.k8s.io/disk=ssd',
      expect.stringMatching(`^label --overwrite node (w1 w2|w2 w1) ${worker}=$`),
    ]);
  });

  it('is not what they have', () => {
    expect(run([`w1 ${worker}=`], [`w1 a=b,${worker}=,c=d`, 'w2 <none>']).calls).toEqual([]);
  });

  it('is also another value', () => {
    expect(run(['w1 a.k8s.io/b=2'], ['w1 a.k8s.io/b=1']).calls).toEqual([
      'label --overwrite node w1 a.k8s.io/b=2',
    ]);
  });

  it('is asked for again after the API server refused it', () => {
    writeFileSync(path('refuses'), '');
    expect(run([`w1 ${worker}=`], ['w1 <none>'])).toMatchObject({ status: 1, stderr: 'refused\n' });
  });

  it('waits for an API server without a word', () => {
    writeFileSync(path('down'), '');
    expect(run([`w1 ${worker}=`], [])).toEqual({ status: 0, stderr: '', calls: [] });
    expect(existsSync(path('given'))).toBe(false);
  });
});

describe('what the file no longer has', () => {
  beforeEach(() => {
    run([`w1 ${master}=`, `w2 ${master}=`, 'w1 a.k8s.io/b=1'], []);
    expect(given()).toHaveLength(3);
  });

  it('is taken from the nodes that still have it, and forgotten', () => {
    const { calls } = run([`w1 ${worker}=`], [`w1 ${master}=,${worker}=,a.k8s.io/b=2`, 'w2 <none>']);
    expect(calls).toEqual([`label --overwrite node w1 ${master}-`]);
    expect(given()).toEqual([`w1 ${worker}=`]);
    expect(run([`w1 ${worker}=`], [`w1 ${master}=,${worker}=`]).calls).toEqual([]);
  });

  it('is taken away too when no label is left, and kept in mind until it is', () => {
    writeFileSync(path('refuses'), '');
    expect(run([], [`w1 ${master}=`]).status).toBe(1);
    expect(given()).toHaveLength(3);
  });

  it('is replaced, not taken away, where it is another value', () => {
    expect(run(['w1 a.k8s.io/b=2'], ['w1 a.k8s.io/b=1']).calls).toEqual([
      'label --overwrite node w1 a.k8s.io/b=2',
    ]);
  });
});
