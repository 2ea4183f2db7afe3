/** Who serves the endpoint, seen from outside and on the hosts. */
import { type Lab, runAsOperator } from './lab.ts';
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

/**
 * The control planes whose own certificates are shown by so many connections to an address
 * and port, which are open at the same time: the balancer picks the server with the fewest.
 */
export async function serversBehind(
  lab: Lab,
  controlPlanes: readonly string[],
  target: string,
  connections: number,
): Promise<Set<string>> {
  const script =
    'sleep 3 | openssl s_client -connect "$0" 2>/dev/null | openssl x509 -noout -ext subjectAltName';
  const shown = await Promise.all(
    Array.from({ length: connections }, () => runAsOperator(lab, ['sh', '-c', script, target])),
  );
  const names = shown.flatMap(({ stdout }) =>
    controlPlanes.filter((name) => new RegExp(`DNS:${name}\\b`).test(stdout)),
  );
  return new Set(names);
}

/** The addresses of API servers that a host is connected to from its own balancer. */
export async function serversInUse(lab: Lab, host: string): Promise<string[]> {
  const text = await mustSsh(lab, host, `ss -Htnp state established 'dport = :6443' | grep haproxy || true`);
  const addresses = text.split('\n').map((line) => /(\S+):6443\s/.exec(line)?.[1] ?? '');
  return [...new Set(addresses.filter((address) => address !== '' && address !== '127.0.0.1'))];
}
