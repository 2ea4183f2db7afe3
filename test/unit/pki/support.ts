/** Throw-away stores, requests and an independent judge for the tests of the PKI. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { onTestFinished } from 'vitest';
import { authorityNames, type PkiRequest, type WantedCertificate } from '../../../src/model/certificate.ts';
import { PkiStoreError } from '../../../src/pki/problem.ts';

export const now = new Date('2026-11-20T12:00:00Z');
export const day = 86_400_000;

export function later(days: number): Date {
  return new Date(now.getTime() + days * day);
}

/** A folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pki-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The path of a store that does not exist yet. */
export function newStore(): string {
  return join(temporaryFolder(), 'store');
}

export function wanted(id: string, changes: Partial<WantedCertificate> = {}): WantedCertificate {
  return {
    id,
    authority: 'kubernetes-ca',
    commonName: 'kube-apiserver',
    organization: undefined,
    usages: ['server'],
    sans: { dns: ['master01', 'kubernetes'], ip: ['10.0.0.1', 'fd00::1'] },
    ...changes,
  };
}

export const apiserver = wanted('hosts/master01/apiserver');
export const etcdServer = wanted('hosts/master01/etcd-server', {
  authority: 'etcd-ca',
  commonName: 'kube-etcd',
  usages: ['server', 'client'],
});
export const admin = wanted('operator/admin', {
  commonName: 'kubernetes-admin',
  organization: 'system:masters',
  usages: ['client'],
  sans: { dns: [], ip: [] },
});

export function request(changes: Partial<PkiRequest> = {}): PkiRequest {
  return {
    authorities: authorityNames,
    keyAlgorithm: 'ecdsa-p256',
    caValidityDays: 3650,
    certValidityDays: 365,
    renewBeforeDays: 30,
    subject: {},
    certificates: [apiserver, etcdServer, admin],
    ...changes,
  };
}

/** Every file below a folder: relative path to content. */
export function filesOf(folder: string): Map<string, string> {
  return new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((path) => join(folder, path))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
      .sort()
      .map((path) => [relative(folder, path), readFileSync(path, 'utf8')]),
  );
}

export function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

export function write(folder: string, path: string, content: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content, { mode: 0o600 });
}

/** What openssl prints; fails the test with its complaint. */
export function openssl(folder: string, ...args: readonly string[]): string {
  return execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A key of RSA 2048 bits in a.key and the request for CN=a in a.csr. */
export function requestOf(folder: string): void {
  const names = ['-keyout', 'a.key', '-out', 'a.csr', '-subj', '/CN=a'];
  openssl(folder, 'req', '-new', '-newkey', 'rsa:2048', '-nodes', ...names);
}

/** Whether openssl accepts. */
export function opensslAccepts(folder: string, ...args: readonly string[]): boolean {
  return spawnSync('openssl', args, { cwd: folder }).status === 0;
}

/** The refusal that a promise ends in. */
export async function refusal(promise: Promise<unknown>): Promise<PkiStoreError> {
  const error = await promise.then(
    () => new Error('nothing was refused'),
    (reason: unknown) => reason,
  );
  if (error instanceof PkiStoreError) return error;
  throw error;
}
