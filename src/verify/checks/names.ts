/** Names that kubeconfigs dial lead, on the host itself, to a control plane. */
import { hostsFile } from '../../catalog/paths.ts';
import { parseAddress } from '../../lib/ip.ts';
import { dialled, serverOf } from '../certificates.ts';
import { hostsLines } from '../hosts-lines.ts';
import type { ClusterView, Found } from '../view.ts';

/**
 * In mode `hosts` nothing but /etc/hosts says where the endpoint is. Where hardway does not
 * write that file, and in other modes, the name is a matter of DNS.
 */
export function* namesLeadToControlPlanes({ facts, hosts, withRole }: ClusterView): Iterable<Found> {
  if (facts.endpoint.mode !== 'hosts' || parseAddress(facts.endpoint.host) !== undefined) return;
  const planes = new Set(withRole('control-plane').flatMap(({ bundle }) => bundle.addresses));
  for (const host of hosts) {
    if (host.file(hostsFile) === undefined) continue;
    const lines = hostsLines(host);
    for (const { path, document } of host.ofKind('Config')) {
      const name = dialled(serverOf(document.value) ?? '')?.name;
      if (name !== facts.endpoint.host) continue;
      const at = { host: host.name, file: hostsFile };
      const found = lines.filter((one) => one.names.includes(name));
      if (found.length === 0)
        yield {
          ...at,
          line: undefined,
          message: `${name}, which ${path} dials, has no line`,
          fix: 'render again, or give the name an address in DNS and set hostsFile.manage to false',
        };
      for (const { address, line } of found.filter((one) => !planes.has(one.address)))
        yield {
          ...at,
          line,
          message: `${name} leads to ${address}, which is no control plane`,
          fix: 'render again',
        };
    }
  }
}
