/** A load balancer that somebody else keeps: on a host that is in no inventory, and not by hardway. */
import { execIn, type Lab, type LabHost } from './lab.ts';

const unit = 'others-balancer';

/**
 * What docs/endpoint.md asks of one: TLS passed through, servers asked for /readyz, and the
 * connections of one that is down ended.
 */
function configOf(servers: readonly LabHost[]): string {
  return `
defaults
  mode tcp
  retries 2
  option redispatch 1
  timeout connect 2s
  timeout client 1h
  timeout server 1h
listen api
  bind :6443
  balance roundrobin
  option httpchk GET /readyz
  http-check expect status 200
  default-server check check-ssl verify none inter 1s fall 3 on-marked-down shutdown-sessions
${servers.map(({ name, address }) => `  server ${name} ${address}:6443\n`).join('')}`;
}

/** Starts it on a host, at port 6443, in front of API servers. */
export async function startBalancer(lab: Lab, host: string, servers: readonly LabHost[]): Promise<void> {
  await execIn(
    lab,
    host,
    `cat >/root/${unit}.cfg && systemd-run --quiet --unit ${unit} haproxy -db -f /root/${unit}.cfg`,
    configOf(servers),
  );
}

export async function stopBalancer(lab: Lab, host: string): Promise<void> {
  await execIn(lab, host, `systemctl stop ${unit} && rm /root/${unit}.cfg`);
}
