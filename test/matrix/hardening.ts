/** Which hardening checks fail on a cluster of the matrix, and why: docs/hardening.md weighs each of them. */
import { compareMinors } from '../../src/lib/version.ts';
import type { Combination } from './pairs.ts';

interface Row {
  readonly checks: readonly string[];
  readonly when: (combination: Combination) => boolean;
}

const isBetween = ({ minor = '' }: Combination, first: string, last: string) =>
  compareMinors(minor, first) >= 0 && compareMinors(minor, last) <= 0;

const rows: readonly Row[] = [
  { checks: ['apiserver-admission-always-pull-images', 'no-user-client-certificates'], when: () => true },
  {
    checks: ['apiserver-no-token-auth-file', 'bootstrap-token-expires'],
    when: ({ bootstrap }) => bootstrap === 'token-file',
  },
  {
    checks: ['pki-cert-mode', 'kubelet-client-ca-mode'],
    when: (combination) => isBetween(combination, '1.24', '1.28'),
  },
  { checks: ['kubelet-unit-ip-address-deny'], when: (combination) => isBetween(combination, '1.29', '1.31') },
  {
    // Load balancers that others keep ask for health without a credential.
    checks: ['apiserver-anonymous-auth'],
    when: (combination) =>
      isBetween(combination, '1.20', '1.31') && !combination.endpoint?.startsWith('hosts'),
  },
  {
    checks: [
      'apiserver-audit-log-path',
      'apiserver-audit-policy-file',
      'apiserver-encryption-config',
      'apiserver-encryption-provider',
      'audit-policy-coverage',
      'encryption-covers-secrets',
    ],
    when: ({ security }) => security === 'off',
  },
  {
    // From 1.36 on API servers have limits of their own.
    checks: ['apiserver-audit-log-maxage', 'apiserver-audit-log-maxbackup', 'apiserver-audit-log-maxsize'],
    when: (combination) => combination.security === 'off' && isBetween(combination, '1.20', '1.35'),
  },
  { checks: ['cert-ca-key-strength'], when: ({ keys }) => keys === 'rsa-2048' },
];

/** The checks that fail, sorted. */
export function expectedFailures(combination: Combination): string[] {
  return rows
    .filter(({ when }) => when(combination))
    .flatMap(({ checks }) => checks)
    .sort();
}
