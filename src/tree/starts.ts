/** How daemons are started on a host: by units, by static pods, as kubeadm's package does it, or as it has to be assumed. */
import { daemonNames } from '../catalog/daemons.ts';
import { kubeadmKubelet, tellingFlags, usualPlaces } from '../catalog/existing-hosts.ts';
import { readEnvironment } from '../verify/read-unit.ts';
import { expandWords, type PlacedVariable } from './command-words.ts';
import type { Start } from './start.ts';
import { staticPods } from './static-pods.ts';
import type { Tree } from './tree.ts';
import { unitStarts } from './unit-starts.ts';

/** The daemons of a host, one start for each; a unit goes before a pod. */
export function startsOf(tree: Tree, hostName: string): Start[] {
  const units = unitStarts(tree, hostName);
  const kubelet = units.find(({ program }) => program === 'kubelet') ?? packagedKubelet(tree);
  const known = kubelet === undefined || units.includes(kubelet) ? units : [...units, kubelet];
  const told = [...known, ...staticPods(tree, kubelet)];
  return daemonNames.flatMap(
    (program) => told.find((start) => start.program === program) ?? assumedStart(tree, program) ?? [],
  );
}

/** kubeadm's kubelet without its unit, which a package brings: its flags are in files of its own. */
function packagedKubelet(tree: Tree): Start | undefined {
  const { flagsFile, extraFiles, words, variables } = kubeadmKubelet;
  if (tree.file(flagsFile) === undefined) return undefined;
  const files = [flagsFile, ...extraFiles].filter((path) => tree.file(path) !== undefined);
  const environment = new Map<string, PlacedVariable>();
  for (const file of files)
    for (const variable of readEnvironment(tree.file(file)?.content.toString() ?? ''))
      environment.set(variable.name, { variable, file });
  const own = words.map((text) => ({ text, line: 1, file: flagsFile }));
  const settings = files.map((value) => ({ name: 'EnvironmentFile', value, line: 1 }));
  return {
    program: 'kubelet',
    kind: 'packaged',
    file: flagsFile,
    units: [{ path: flagsFile, name: 'kubelet.service', settings }],
    words: [
      ...own,
      ...expandWords(
        variables.map((name) => ({ text: `$${name}`, line: 1 })),
        flagsFile,
        environment,
      ),
    ],
    environment,
    executable: { line: 1 },
    assumption: "kubelet.service is not in the tree; taken for granted is that of kubeadm's package",
  };
}

function assumedStart(tree: Tree, program: string): Start | undefined {
  const words = usualPlaces
    .filter((row) => row.program === program)
    .flatMap(({ flag, paths }) => {
      const path = paths.find((one) => tree.file(one) !== undefined);
      return path === undefined ? [] : [{ flag, path }];
    });
  if (!words.some(({ flag }) => tellingFlags[program]?.includes(flag))) return undefined;
  const file = words[0]?.path ?? '';
  return {
    program,
    kind: 'assumed',
    file,
    units: [],
    words: words.map(({ flag, path }) => ({ text: `--${flag}=${path}`, line: 1, file: path })),
    environment: new Map(),
    executable: { line: 1 },
    assumption: `no unit and no static pod of ${program} is in the tree; its files are taken for those at their usual places`,
  };
}
