/** Who serves the endpoint, seen from outside and on the hosts. */
import { type Lab, type LabHost, mustRunAsOperator, runAsOperator } from './lab.ts';
import { mustSsh, ssh } from './ssh.ts';

/** The hosts of these that have an address; those that do not answer have it not. */
export async function holdersOf(lab: Lab, hosts: readonly string[], address: string): Promise<string[]> {
  const found = await Promise.all(
    hosts.map(async (host) => {
      const { stdout } = await ssh(lab, host, 'ip -o addr show', 5);
      return stdout.includes(` ${address}/`) ? [host] : [];
    }),
  );
  return found.flat();
}

/** Runs a shell script somewhere and gives what it prints. */
export type RunScript = (script: string) => Promise<string>;

/** Runs scripts where the operator sits. */
export function fromOutside(lab: Lab): RunScript {
  return async (script) => (await runAsOperator(lab, ['sh', '-c', script])).stdout;
}

/** Runs scripts on a host. */
export function fromHost(lab: Lab, host: string): RunScript {
  return (script) => mustSsh(lab, host, script);
}

/**
 * The control planes whose own certificates are shown by so many connections to an address
 * and port, which are open at the same time: the balancer picks the server with the fewest.
 */
export async function serversBehind(
  run: RunScript,
  controlPlanes: readonly string[],
  target: string,
  connections: number,
): Promise<Set<string>> {
  const connect = `sleep 3 | openssl s_client -connect ${target} 2>/dev/null`;
  const names = `openssl x509 -noout -ext subjectAltName 2>/dev/null`;
  const shown = await run(`for _ in $(seq ${connections}); do (${connect} | ${names}) & done; wait`);
  return new Set(controlPlanes.filter((name) => new RegExp(`DNS:${name}\\b`).test(shown)));
}

/**
 * The addresses of API servers that a program on a host is connected to, and was two seconds
 * earlier: not those that a balancer just asks whether they are ready.
 */
export async function serversInUse(lab: Lab, host: string, program = 'haproxy'): Promise<string[]> {
  const list = `ss -Htnp state established 'dport = :6443' | grep ${program} | sed 's/ *users:.*//' | sort`;
  const text = await mustSsh(lab, host, `${list} >/root/then; sleep 2; ${list} | comm -12 /root/then -`);
  const addresses = text.split('\n').map((line) => /(\S+):6443$/.exec(line.trim())?.[1] ?? '');
  return [...new Set(addresses.filter((address) => address !== '' && address !== '127.0.0.1'))];
}

/**
 * From now on packets to a host that has no power are lost without a word, as behind most
 * routers: in one segment, whoever asks in vain for its hardware address is told so after
 * three seconds. Holds for the operator and these hosts, until what it gives is called.
 */
export async function blackHole(
  lab: Lab,
  { address }: LabHost,
  hosts: readonly string[],
): Promise<() => Promise<void>> {
  const octets = address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));
  // The lab derives it from the address, see net_host in test/e2e/lab/machine.sh.
  const hardware = ['02', '00', ...octets].join(':');
  const onEach = async (command: string): Promise<void> => {
    const script = `${command} dev "$(ip -o route get ${address} | sed 's/.* dev \\([^ ]*\\).*/\\1/')"`;
    await mustRunAsOperator(lab, ['sh', '-euc', script]);
    for (const host of hosts) await mustSsh(lab, host, script);
  };
  await onEach(`ip neigh replace ${address} lladdr ${hardware} nud permanent`);
  return () => onEach(`ip neigh del ${address}`);
}
