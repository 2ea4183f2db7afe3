/** The hosts as an operator reaches them: scp and ssh over the network, nothing else. */
import { type Lab, sshConfig } from './lab.ts';
import { type Finished, mustRun, outputOf, runProgram } from './process.ts';

/** Copies a file into root's home of a host. */
export async function copyTo(lab: Lab, host: string, file: string): Promise<void> {
  await mustRun('scp', ['-q', '-F', sshConfig(lab), file, `${host}:`]);
}

/** Runs a command on a host, whatever its status. */
export function ssh(lab: Lab, host: string, command: string, timeoutSeconds = 180): Promise<Finished> {
  return runProgram('ssh', ['-F', sshConfig(lab), host, command], { timeoutSeconds });
}

/** What a command on a host prints; throws with all that it said when it fails. */
export async function mustSsh(lab: Lab, host: string, command: string): Promise<string> {
  return outputOf(`${host}: ${command}`, await ssh(lab, host, command));
}

/** Copies a host's bundle to it. */
export function copyBundle(lab: Lab, host: string, out: string): Promise<void> {
  return copyTo(lab, host, `${out}/bundles/${host}.tar.gz`);
}

/** Unpacks the bundle that was copied to a host. */
export async function unpack(lab: Lab, host: string): Promise<void> {
  await mustSsh(lab, host, `rm -rf ${host} && tar -xzf ${host}.tar.gz`);
}

/** Unpacks the bundle that was copied to a host, and installs it; gives what install.sh says. */
export async function install(lab: Lab, host: string): Promise<string> {
  return mustSsh(lab, host, `rm -rf ${host} && tar -xzf ${host}.tar.gz && cd ${host} && ./install.sh`);
}

/** Runs install.sh of the bundle that was unpacked on a host, with a verb. */
export function installer(lab: Lab, host: string, verb: string): Promise<Finished> {
  return ssh(lab, host, `cd ${host} && ./install.sh ${verb}`);
}
