/** Whether a host's tree has what a check of the bundles compares: without that nothing is said of it. */
import { configDocument } from '../../audit/scope.ts';
import { tellsNetworks } from '../../verify/checks/networks.ts';
import type { ClusterView, HostView } from '../../verify/view.ts';

/** The certificate that a flag of a daemon names, where it is in the tree. */
function named(host: HostView, component: 'apiserver' | 'controllerManager', flag: string) {
  const value = host.command(component)?.flag(flag)?.value;
  return value === undefined ? undefined : host.certificate(value);
}

export function tellsSigningPair(host: HostView): boolean {
  const key = host.command('controllerManager')?.flag('cluster-signing-key-file')?.value;
  const authority = named(host, 'controllerManager', 'cluster-signing-cert-file');
  return authority !== undefined && key !== undefined && host.publicKeyOf(key) !== undefined;
}

export function tellsFrontProxy(host: HostView): boolean {
  return ['proxy-client-cert-file', 'requestheader-client-ca-file'].every(
    (flag) => named(host, 'apiserver', flag) !== undefined,
  );
}

/** All that API servers and members on this host are held against, on either side. */
export function tellsTrustOfEtcd(host: HostView, { withRole }: ClusterView): boolean {
  const pairs = withRole('control-plane').flatMap((server) =>
    withRole('etcd').map((member) => [server, member] as const),
  );
  const own = pairs.filter((pair) => pair.includes(host));
  return own.length > 0 && own.every(([server, member]) => areTold(server, member));
}

function areTold(server: HostView, member: HostView): boolean {
  const [shown, trusted] = ['cert-file', 'trusted-ca-file'].map((name) => {
    const value = member.etcdFlag(name)?.value;
    return value === undefined ? undefined : member.certificate(value);
  });
  const flags = ['etcd-cafile', 'etcd-certfile'].map((flag) => named(server, 'apiserver', flag));
  return [shown, trusted, ...flags].every((certificate) => certificate !== undefined);
}

/** Daemons whose share of networks and names stands in a file of theirs. */
const configured = [
  ['kubelet', 'KubeletConfiguration'],
  ['proxy', 'KubeProxyConfiguration'],
] as const;

/** Something is stated, and no daemon of the host may be told otherwise where nobody can look. */
export function tellsAllNetworks(host: HostView): boolean {
  const flags = (['apiserver', 'controllerManager'] as const).map((key) => host.command(key)?.flags);
  return (
    tellsNetworks(host) &&
    flags.every((own) => own === undefined || own.length > 0) &&
    configured.every(
      ([key, kind]) => host.command(key) === undefined || configDocument(host, kind).place !== undefined,
    )
  );
}
