/** Names that the API servers' certificates have and a render would leave out. */
import { parseAddress } from '../lib/ip.ts';
import type { Cluster } from '../model/cluster.ts';
import { subjectAltNames } from '../plan/sans.ts';
import type { Entry } from './draft.ts';
import type { Draft } from './import.ts';
import { placeText } from './stated.ts';

export function sanEntries(cluster: Cluster, { hosts }: Draft): Entry[] {
  const planned = new Set(
    cluster.hosts
      .filter(({ roles }) => roles.includes('control-plane'))
      .flatMap((host) => {
        const { dns, ip } = subjectAltNames('apiserver', cluster, host);
        return [...dns, ...ip];
      }),
  );
  const found = hosts.flatMap(({ tree }) => {
    const file = tree.view.command('apiserver')?.flag('tls-cert-file')?.value;
    const certificate = file === undefined ? undefined : tree.view.certificate(file);
    if (file === undefined || certificate === undefined) return [];
    const place = placeText({ host: tree.view.name, file, line: undefined });
    return [...certificate.sans.dns.map((name) => name.toLowerCase()), ...certificate.sans.ip]
      .filter(
        (name) =>
          !planned.has(parseAddress(name)?.text ?? name) && !name.includes('*') && !/^127\./.test(name),
      )
      .map((name) => ({ name, place }));
  });
  if (found.length === 0) return [];
  const names = [...new Set(found.map(({ name }) => name))];
  return [{ path: ['pki', 'extraSANs'], value: names, comment: found[0]?.place ?? '' }];
}
