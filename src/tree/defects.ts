/**
 * Defects of clusters that were set up by hand or by other tools, beyond what hardening checks say of
 * single settings: a table of checks over all hosts. Each row says why it matters and how to mend it.
 */

import type { AuditResult } from '../audit/result.ts';
import type { HardeningCheck, Severity } from '../catalog/hardening/hardening.ts';
import { frontProxyIsLetIn, signingKeysMatch } from '../verify/checks/certificates.ts';
import { networksAgree } from '../verify/checks/networks.ts';
import { cgroupDriversAgree, tellsCgroupDrivers } from '../verify/checks/runtime.ts';
import { etcdIsTrusted } from '../verify/checks/urls.ts';
import type { ClusterView, HostView } from '../verify/view.ts';
import type { TreeCluster } from './cluster.ts';
import {
  administratorsStayOnControlPlanes,
  apiServersAreCovered,
  authoritiesAreApart,
  certificatesAreCurrent,
  certificatesAreFresh,
  etcdPeersAreCovered,
  etcdUrlsAreEncrypted,
  keysAreOfOneHost,
  pairsMatch,
  peersAreChecked,
  tokensAreAccepted,
} from './defects/checks.ts';
import type { DefectFound, Looked } from './defects/looked.ts';
import { tellsAllNetworks, tellsFrontProxy, tellsSigningPair, tellsTrustOfEtcd } from './defects/told.ts';

interface DefectRow {
  readonly id: string;
  readonly severity: Severity;
  readonly roles: HardeningCheck['roles'];
  readonly why: string;
  readonly fix: string;
  /** The daemon whose settings, not files alone, it looks at. */
  readonly settingsOf?: string;
  /** What is wrong, and on which hosts there was something to look at. */
  readonly check: (view: ClusterView) => Looked;
}

const everywhere = ['control-plane', 'etcd', 'worker'] as const;

/**
 * Checks of the bundles that hold for any cluster. Of bundles they know every file; a tree may lack
 * what they compare, so `tells` says on which hosts that is there.
 */
function verified(
  check: (view: ClusterView) => Iterable<DefectFound>,
  tells: (host: HostView, view: ClusterView) => boolean,
): DefectRow['check'] {
  return (view) => ({
    found: [...check(view)],
    looked: new Set(view.hosts.filter((host) => tells(host, view)).map(({ name }) => name)),
  });
}

/** A key that was not copied is no wrong one. */
function knownPairsMatch(view: ClusterView): DefectFound[] {
  const told = new Set(view.hosts.filter(tellsSigningPair).map(({ name }) => name));
  return [...signingKeysMatch(view)].filter(({ host }) => told.has(host));
}

export const defectRows: readonly DefectRow[] = [
  {
    id: 'authority-shared',
    severity: 'high',
    roles: ['control-plane', 'etcd'],
    why: 'One authority signs for two of etcd, Kubernetes and the front proxy; whoever has any certificate for one of them is let into the other: a kubelet reads and writes etcd, a client of the API server poses as any user.',
    fix: 'make an authority for each (kubernetes-ca, etcd-ca, kubernetes-front-proxy-ca), and certificates anew',
    check: authoritiesAreApart,
  },
  {
    id: 'service-account-key-unknown',
    severity: 'high',
    roles: ['control-plane'],
    why: 'An API server does not know the key with which a controller manager or another API server signs tokens of service accounts; pods that get such a token are refused, whenever a balancer leads them there.',
    fix: 'put one pair sa.key and sa.pub on all control planes, and name it in --service-account-key-file',
    check: tokensAreAccepted,
  },
  {
    id: 'certificate-expired',
    severity: 'critical',
    roles: everywhere,
    why: 'A certificate is not valid today; whoever checks it refuses the connection.',
    fix: 'issue it anew, and restart what reads it',
    check: certificatesAreCurrent,
  },
  {
    id: 'certificate-due',
    severity: 'medium',
    roles: everywhere,
    why: 'A certificate expires within 30 days.',
    fix: 'issue it anew before that day, and restart what reads it',
    check: certificatesAreFresh,
  },
  {
    id: 'etcd-url-plaintext',
    severity: 'critical',
    roles: ['control-plane', 'etcd'],
    why: 'etcd is reached without TLS; whoever sends packets there, from any pod of the host for loopback, reads and writes all that the cluster is, Secrets too.',
    fix: 'write https:// in every URL of etcd and of --etcd-servers, also for 127.0.0.1',
    settingsOf: 'etcd',
    check: etcdUrlsAreEncrypted,
  },
  {
    id: 'etcd-callers-unchecked',
    severity: 'critical',
    roles: ['etcd'],
    why: 'etcd speaks TLS but asks clients or peers for no certificate; everybody who reaches the port is let in.',
    fix: 'set --client-cert-auth and --peer-client-cert-auth to true, with --trusted-ca-file and --peer-trusted-ca-file',
    settingsOf: 'etcd',
    check: peersAreChecked,
  },
  {
    id: 'apiserver-san-host-missing',
    severity: 'medium',
    roles: ['control-plane'],
    why: 'The certificate of an API server is not valid for an address or name of its own host; whoever dials that API server alone, for a health check or when a balancer is gone, is refused.',
    fix: 'issue the certificate with all names and addresses of the host',
    check: apiServersAreCovered,
  },
  {
    id: 'etcd-peer-san-missing',
    severity: 'medium',
    roles: ['etcd'],
    why: 'The certificate that an etcd member shows to its peers is not valid for the name or address by which they dial it; the member cannot join once peers check.',
    fix: 'issue the certificate with the names and addresses of --initial-advertise-peer-urls',
    check: etcdPeersAreCovered,
  },
  {
    id: 'key-on-several-hosts',
    severity: 'medium',
    roles: everywhere,
    why: 'Several hosts hold one and the same private key of a certificate; it cannot be replaced for one of them alone, and one that is broken into speaks for all.',
    fix: 'give every host a key and a certificate of its own',
    check: keysAreOfOneHost,
  },
  {
    id: 'administrator-on-node',
    severity: 'critical',
    roles: ['etcd', 'worker'],
    why: 'A host that is no control plane holds a certificate of the group system:masters with its key, which no authorization limits and nothing revokes.',
    fix: 'delete it there, and give those who work on the host a credential of their own; one that was copied about is revoked only with a new authority',
    check: administratorsStayOnControlPlanes,
  },
  {
    id: 'pair-broken',
    severity: 'high',
    roles: everywhere,
    why: 'A daemon is told of a certificate and of a key that do not belong together; it does not start.',
    fix: 'put the pair back as it was issued',
    check: pairsMatch,
  },
  {
    id: 'signing-pair-broken',
    severity: 'high',
    roles: ['control-plane'],
    why: 'The key with which the controller manager signs certificates is not that of the authority beside it; no kubelet gets a certificate that others trust.',
    fix: 'name the pair of one authority in --cluster-signing-cert-file and --cluster-signing-key-file',
    check: verified(knownPairsMatch, tellsSigningPair),
  },
  {
    id: 'front-proxy-refused',
    severity: 'high',
    roles: ['control-plane'],
    why: 'The client of the aggregation layer is not let in: its name is none of --requestheader-allowed-names, or another authority signed it. APIs such as metrics do not answer.',
    fix: 'sign it with --requestheader-client-ca-file, and list its common name',
    check: verified(frontProxyIsLetIn, tellsFrontProxy),
  },
  {
    id: 'etcd-untrusted',
    severity: 'high',
    roles: ['control-plane', 'etcd'],
    why: 'The API server and a member of etcd do not trust the authority of one another.',
    fix: 'name the authority that signed the certificates of etcd in --etcd-cafile and --trusted-ca-file',
    check: verified(etcdIsTrusted, tellsTrustOfEtcd),
  },
  {
    id: 'networks-differ',
    severity: 'high',
    roles: everywhere,
    why: 'Components are told of different networks, cluster DNS, domains or issuers of tokens; services or names work on some hosts only.',
    fix: 'write the same value everywhere',
    check: verified(networksAgree, tellsAllNetworks),
  },
  {
    id: 'cgroup-drivers-differ',
    severity: 'high',
    roles: ['worker'],
    why: 'The kubelet and its container runtime are told of different cgroup drivers; pods do not start, or the node breaks under load.',
    fix: 'use the systemd driver in both',
    check: verified(cgroupDriversAgree, tellsCgroupDrivers),
  },
];

/** The rows in the form of hardening checks, which formats know. */
export const defectChecks: readonly HardeningCheck[] = defectRows.map(
  ({ id, severity, roles, why, fix }) => ({
    id,
    severity,
    roles,
    fix,
    note: why,
    cis: {},
    component: 'any',
    kind: 'defect',
    target: id,
    expect: { op: 'none' },
    appliesTo: { minVersion: null, maxVersion: null },
    absentVerdict: 'na',
  }),
);

/** A result for every defect, and for every host of its roles on which there is none. */
export function defectResults({ hosts, view }: TreeCluster): AuditResult[] {
  return defectRows.flatMap((row, index) => {
    const check = defectChecks[index] as HardeningCheck;
    const { found, looked } = row.check(view);
    return hosts.flatMap(({ view: { name: host, bundle }, starts }): AuditResult[] => {
      const isAssumed = starts.some(({ program, kind }) => program === row.settingsOf && kind === 'assumed');
      const own = isAssumed ? [] : found.filter((one) => one.host === host);
      if (own.length > 0)
        return own.map(({ file, line, message }) => ({ check, host, status: 'fail', file, line, message }));
      if (!row.roles.some((role) => bundle.roles.includes(role))) return [];
      return looked.has(host) && !isAssumed
        ? [{ check, host, status: 'pass', message: 'nothing of the kind' }]
        : [
            {
              check,
              host,
              status: 'notApplicable',
              message: 'not told: what it looks at is not in the tree',
            },
          ];
    });
  });
}
