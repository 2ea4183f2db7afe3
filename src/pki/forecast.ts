/**
 * What opening a store would do, without doing it: nothing is made, written, moved or locked, so
 * that it also works where the store cannot be written. What has yet to be made stands in the
 * result under a text that says so.
 */
import { statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createPause } from '../lib/pause.ts';
import type {
  AuthorityName,
  KeyPair,
  Pki,
  PkiChange,
  PkiRequest,
  WantedCertificate,
} from '../model/certificate.ts';
import { changesOf } from './changes.ts';
import { type Contents, readContents } from './contents.ts';
import { defaultLockWaitMs, onDisk } from './environment.ts';
import { findFolder } from './folder.ts';
import { pendingPaths } from './journal.ts';
import { distinguishedName, formatName } from './names.ts';
import { PkiStoreError, refuse } from './problem.ts';
import { createReader } from './reader.ts';
import { type PairText, plannedCertificateText } from './text.ts';

/** Stands in place of every key, token and certificate that a render would make. */
export const yetToBeMade = 'made-by-the-render';

export interface Forecast {
  /** As the render would see it, with `yetToBeMade` in place of what it would make. */
  readonly pki: Pki;
  readonly changes: readonly PkiChange[];
  readonly warnings: readonly string[];
  /** The texts of what would be made. */
  readonly pairTexts: WeakMap<KeyPair | Pki['serviceAccount'], PairText>;
}

/** The forecast for the store at `dir`, which need not exist; PkiStoreError as from openStore. */
export async function forecastStore(dir: string, request: PkiRequest, now: Date): Promise<Forecast> {
  return onDisk(dir, async () => {
    const contents = await readUndisturbed(dir, request, now);
    refuse(contents.problems);
    return forecastOf(contents, request);
  });
}

/**
 * The contents as they stand between two changes. Every run that changes a store makes and removes
 * files at its top (its lock, its journal), so a top that has the same time afterwards was not
 * touched meanwhile; a journal that waits is read through, see pendingPaths.
 */
export async function readUndisturbed(dir: string, request: PkiRequest, now: Date): Promise<Contents> {
  const deadline = Date.now() + defaultLockWaitMs;
  for (;;) {
    const before = timeOf(dir);
    const folder = findFolder(dir);
    const root = folder?.root ?? dir;
    const reader = createReader(root, false, folder === undefined ? new Map() : pendingPaths(root));
    const contents = await readContents(
      reader,
      request,
      folder ?? { isComplete: false, made: [] },
      now,
      createPause(),
    );
    if (timeOf(dir) === before) return contents;
    if (Date.now() >= deadline) throw changing(dir);
    await delay(50);
  }
}

function timeOf(dir: string): bigint | undefined {
  return statSync(dir, { bigint: true, throwIfNoEntry: false })?.mtimeNs;
}

function changing(dir: string): PkiStoreError {
  const message = `is being changed again and again; waited ${defaultLockWaitMs / 1000} s`;
  return new PkiStoreError({ kind: 'locked', message, path: dir, fix: 'wait until other runs have ended' });
}

function forecastOf(contents: Contents, request: PkiRequest): Forecast {
  const changes = changesOf(contents, request, undefined);
  const changed = new Set(changes.map(({ what }) => what));
  const pairTexts: Forecast['pairTexts'] = new WeakMap();
  const planned = (certificate: string): KeyPair => {
    const pair = { certificatePem: yetToBeMade, privateKeyPem: yetToBeMade };
    pairTexts.set(pair, { certificate, publicKeySha256: yetToBeMade });
    return pair;
  };
  const subjects = new Map<AuthorityName, string>();
  const authorities = request.authorities.map((name) => {
    const state = contents.authorities[name];
    const isThere = typeof state !== 'string';
    const subject = isThere ? state.certificate.subject : distinguishedName(name, undefined, request.subject);
    subjects.set(name, formatName(subject));
    return [name, isThere ? state.pair : planned(authorityText(formatName(subject), request))] as const;
  });
  const certificates = request.certificates.map((wanted) => {
    const leaf = contents.leaves.get(wanted.id);
    const stays = leaf !== undefined && 'pair' in leaf && !changed.has(wanted.id);
    const issuer = subjects.get(wanted.authority) ?? wanted.authority;
    return [wanted.id, stays ? leaf.pair : planned(leafText(wanted, issuer, request))] as const;
  });
  return {
    pki: {
      authorities: Object.fromEntries(authorities) as Pki['authorities'],
      certificates: new Map(certificates),
      serviceAccount: serviceAccountOf(contents, pairTexts),
      bootstrapToken: textOf(contents.bootstrapToken, `${yetToBeMade}.${yetToBeMade}`),
      encryptionKey: textOf(contents.encryptionKey, yetToBeMade),
    },
    changes,
    warnings: contents.warnings,
    pairTexts,
  };
}

function textOf(state: Contents['bootstrapToken'], otherwise: string): string {
  return typeof state === 'string' ? otherwise : state.text;
}

function serviceAccountOf(
  { serviceAccount }: Contents,
  pairTexts: Forecast['pairTexts'],
): Pki['serviceAccount'] {
  if (typeof serviceAccount !== 'string') return serviceAccount.pair;
  const pair = { privateKeyPem: yetToBeMade, publicKeyPem: yetToBeMade };
  pairTexts.set(pair, { certificate: '', publicKeySha256: yetToBeMade });
  return pair;
}

function authorityText(subject: string, { keyAlgorithm }: PkiRequest): string {
  return plannedCertificateText({
    subject,
    issuer: subject,
    keyAlgorithm,
    usages: [],
    sans: { dns: [], ip: [] },
  });
}

function leafText(wanted: WantedCertificate, issuer: string, { keyAlgorithm, subject }: PkiRequest): string {
  const name = formatName(distinguishedName(wanted.commonName, wanted.organization, subject));
  return plannedCertificateText({ ...wanted, subject: name, issuer, keyAlgorithm });
}
