/**
 * Certificates and keys by their text, each read once: a render meets one and the same in its store,
 * in its review tree and in its bundle. By text, not by object, so that whoever reads a bundle
 * gets what the bundle says. Made by a command for its own run, and gone with it.
 */
import { kept } from '../lib/kept.ts';
import { remembered } from '../lib/remember.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import { publicKeyDerOf } from './keys.ts';

export interface PairReader {
  /** The first certificate of a PEM text; DerError when there is none or it cannot be read. */
  readonly certificate: (pem: string) => Certificate;
  /** SubjectPublicKeyInfo of a private key in PEM; node's error when it cannot be read. */
  readonly publicKey: (privateKeyPem: string) => Buffer;
}

export function createPairReader(): PairReader {
  return {
    certificate: remembered(readCertificate),
    publicKey: remembered((privateKeyPem) => kept(publicKeyDerOf(privateKeyPem))),
  };
}
