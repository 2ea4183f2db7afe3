/** The lab: throw-away hosts with a systemd of their own, see test/e2e/lab/lab. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../support/cli.ts';
import { kubeBinaries } from '../../support/requirements.ts';
import { type Finished, outputOf, type RunOptions, runProgram } from './process.ts';

export interface LabHost {
  readonly name: string;
  readonly address: string;
}

export interface Lab {
  readonly id: string;
  readonly hosts: readonly LabHost[];
  /** A folder for what a test makes, gone with the lab. */
  readonly folder: string;
}

const script = join(projectRoot, 'test/e2e/lab/lab');
const binaries = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'kubectl',
];
/** Says that the lab is to stay after the tests, to look around in it. */
const keeps = process.env.E2E_KEEP === '1';
// The worker that runs a test file, and the runner that started it: either may be killed alone.
const runners: readonly number[] = [process.pid, process.ppid];
let count = 0;

/**
 * Boots hosts that hold what an operator has to bring: the programs, and a container runtime
 * that is off; `brought` are Kubernetes' own binaries among them. When one of the owners ends without closing the lab, it is destroyed.
 */
export async function openLab(
  hosts: readonly LabHost[],
  owners = runners,
  brought: readonly string[] = binaries,
): Promise<Lab> {
  count += 1;
  const id = `${process.pid.toString(36)}x${count}`;
  const lab = { id, hosts, folder: `/var/tmp/hardway-e2e-${id}/files` };
  const folder = kubeBinaries() ?? '';
  const mounts = brought.map((name) => `${folder}/${name}:/usr/local/bin/${name}`);
  const env = {
    LAB_BIND_RO: mounts.join(' '),
    ...(keeps ? {} : { LAB_OWNERS: owners.join(' ') }),
  };
  const specs = hosts.map(({ name, address }) => `${name}=${address}`);
  // The first run builds the root of the hosts.
  await labRun(lab, ['up', ...specs], { env, timeoutSeconds: 1200 });
  mkdirSync(lab.folder);
  writeFileSync(sshConfig(lab), await labRun(lab, ['ssh-config']));
  return lab;
}

/** Destroys a lab. */
export async function closeLab(lab: Lab): Promise<void> {
  if (keeps) console.log(`kept: LAB_ID=${lab.id} ${script} exec HOST COMMAND...; at the end: ... down`);
  else await labRun(lab, ['down']);
}

/** Runs a shell script as root in a host, not over its network; throws when it fails. */
export function execIn(lab: Lab, host: string, command: string, input?: string): Promise<string> {
  return labRun(lab, ['exec', host, 'sh', '-euc', command], { input });
}

/** Takes the power from a host. */
export async function cutPower(lab: Lab, host: string): Promise<void> {
  await labRun(lab, ['cut', host]);
}

/** Shuts a host down as `poweroff` does. */
export async function stopHost(lab: Lab, host: string): Promise<void> {
  await labRun(lab, ['stop', host]);
}

/** Boots a host that is off. */
export async function startHost(lab: Lab, host: string): Promise<void> {
  await labRun(lab, ['start', host]);
}

/** Gives the operator a name for addresses, in this order, as a name server would. */
export async function resolveName(lab: Lab, name: string, ...addresses: readonly string[]): Promise<void> {
  await labRun(lab, ['resolve', name, ...addresses]);
}

/** Routes a range through a host, as the network between hosts would. */
export async function routeThrough(lab: Lab, cidr: string, host: string): Promise<void> {
  await labRun(lab, ['route', cidr, host]);
}

/** Runs a program on the operator's network, whatever its status. */
export function runAsOperator(
  lab: Lab,
  command: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  return runLab(lab, ['op', ...command], options);
}

/** What a program on the operator's network prints; throws with all that it said when it fails. */
export function mustRunAsOperator(lab: Lab, command: readonly string[]): Promise<string> {
  return labRun(lab, ['op', ...command]);
}

/** Where the ssh configuration that reaches all hosts is. */
export function sshConfig(lab: Lab): string {
  return join(lab.folder, 'ssh-config');
}

/** Saves what all hosts that are up have logged, for whoever looks into a failure; gives the folder. */
export async function saveJournals(lab: Lab): Promise<string> {
  const folder = join(tmpdir(), `hardway-e2e-journals-${lab.id}`);
  mkdirSync(folder, { recursive: true });
  for (const { name } of lab.hosts) {
    const { stdout, stderr } = await runLab(lab, [
      'exec',
      name,
      'journalctl',
      '--no-pager',
      '-o',
      'short-precise',
    ]);
    writeFileSync(join(folder, `${name}.log`), stdout + stderr);
  }
  return folder;
}

function runLab(lab: Lab, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return runProgram(script, args, { ...options, env: { ...options.env, LAB_ID: lab.id } });
}

async function labRun(lab: Lab, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return outputOf(`lab ${args.join(' ')}`, await runLab(lab, args, options));
}
