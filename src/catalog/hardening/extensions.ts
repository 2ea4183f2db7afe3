/**
 * What we add to checks.json: equivalents, each with why it is as good, corrections, and the inventory
 * keys that switch what is checked (docs/hardening.md weighs them). A result that passes by an
 * equivalent says so, so that the literal score can be told apart.
 */
import type { HardeningCheck } from './hardening.ts';

type Extension = Partial<Pick<HardeningCheck, 'alternative' | 'alias' | 'fix' | 'roles'>>;

const ownedByService: Extension = {
  alternative: {
    op: 'ownedByConfinedService',
    equivalent:
      'nobody but root and the daemon that reads it may open it, and systemd lets that daemon write nowhere in /etc',
  },
};

const podSecurity: Extension = {
  fix: 'write security.podSecurity: baseline',
  alternative: {
    target: 'AdmissionConfiguration:plugins[PodSecurity].configuration.defaults.enforce',
    op: 'oneOf',
    value: ['baseline', 'restricted'],
    equivalent: 'Pod Security admission, the successor, enforces a level in every namespace without its own',
  },
};

const fix = (text: string): Extension => ({ fix: text });
const audited = fix('write security.audit: true');
const encrypted = fix('write security.encryptionAtRest: true');

export const extensions: Readonly<Record<string, Extension>> = {
  'apiserver-kubelet-ca': fix(
    'take the line with null for kubelet-certificate-authority out of components.apiserver.args',
  ),
  'apiserver-no-token-auth-file': fix('write bootstrap.method: token-secret or signed'),
  'bootstrap-token-expires': fix('write bootstrap.method: token-secret or signed'),
  'apiserver-admission-always-pull-images': fix(
    'add AlwaysPullImages to components.apiserver.args.enable-admission-plugins, which replaces the whole list',
  ),
  'no-user-client-certificates': fix(
    'after the first login by other means, delete auth/admin.conf on the control planes, and waive the check',
  ),
  'unreferenced-private-keys': fix(
    'delete the key on the hosts; the client pair of etcd is for etcdctl there: waive the check, or go without',
  ),
  'kubelet-unit-ip-address-deny': fix(
    'add a drop-in with IPAddressDeny=any and an IPAddressAllow= for every network that a kubelet is dialled from',
  ),
  'apiserver-pod-security-defaults': fix('write security.podSecurity: baseline'),
  'apiserver-audit-log-path': audited,
  'apiserver-audit-log-maxage': audited,
  'apiserver-audit-log-maxbackup': audited,
  'apiserver-audit-log-maxsize': audited,
  'apiserver-audit-policy-file': audited,
  'audit-policy-coverage': audited,
  'apiserver-encryption-config': encrypted,
  'apiserver-encryption-provider': encrypted,
  'encryption-covers-secrets': encrypted,
  'cert-leaf-validity': fix('write pki.certValidityDays of 1095 or less, then render again'),
  'admin-cert-validity': fix('write pki.certValidityDays of 366 or less, then render again'),
  'cert-ca-validity': fix(
    'write pki.caValidityDays of 3653 or less, and replace the authorities (docs/pki.md)',
  ),
  'cert-ca-key-strength': fix('write a stronger pki.keyAlgorithm, and replace the authorities (docs/pki.md)'),
  // Daemons that run as users of their own (unit-*-user) read their files as these users.
  'pki-owner': ownedByService,
  'scheduler-kubeconfig-owner': ownedByService,
  'controller-manager-kubeconfig-owner': ownedByService,
  // Limited by a file instead of the flag, which exclude each other (kubernetes/enhancements#4633).
  'apiserver-anonymous-auth': {
    alternative: {
      target: 'AuthenticationConfiguration:anonymous',
      op: 'anonymousForHealthOnly',
      equivalent: 'without a credential nothing but health checks is answered',
    },
  },
  // What the benchmark fears is a node name that differs from the one in certificates.
  'kubelet-no-hostname-override': {
    alternative: {
      op: 'isOwnHostName',
      equivalent: 'the override is the name that inventory, certificates and review know the host by',
    },
  },
  'apiserver-admission-psp': podSecurity,
  'apiserver-admission-security-context-deny': podSecurity,
  // Hosts with nothing but etcd have no certificate of an API server; theirs are among those compared.
  'apiserver-cert-not-reused': { roles: ['control-plane'] },
  // The kubelet may be told of gates in its configuration; there, it is one field among gates.
  'no-all-alpha-feature-gates': {
    alias: {
      'config-field': 'KubeletConfiguration:featureGates.AllAlpha',
      expect: { op: 'notContains', value: 'true' },
    },
  },
  // The flag is a list of gates, the field one gate: "false" alone is never an item of the list.
  'kubelet-rotate-server-cert-gate': {
    alias: {
      flag: '--feature-gates',
      expect: { op: 'notContains', value: 'RotateKubeletServerCertificate=false' },
    },
  },
};
