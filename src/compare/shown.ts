/**
 * A file as a diff may show it: without secrets, certificates as text, and what of a kubeconfig is
 * base64 as the name of what is inside.
 */
import { createHmac } from 'node:crypto';
import type { RenderedHost } from '../bundle/rendered.ts';
import type { RenderedFile } from '../model/file.ts';
import { certificateFacts, readCertificate } from '../pki/certificate.ts';
import { yetToBeMade } from '../pki/forecast.ts';
import { certificateText, plannedLines } from '../pki/text.ts';

/** Texts of a file before and after; undefined where it may not be shown. */
export interface Shown {
  readonly old: string | undefined;
  readonly new: string;
}

/** A file as it was: its bytes where there is a tarball, its form for review where there is a tree. */
export interface OldFile {
  readonly content: Buffer | undefined;
  readonly review: string | undefined;
  /** Four octal digits. */
  readonly mode: string;
}

/** A file of what was rendered last. */
export function oldFileOf({ content, review }: RenderedHost, path: string, mode: string): OldFile {
  return { content: content(`rootfs${path}`), review: review(`rootfs${path}`), mode };
}

export function shownOf(
  file: Pick<RenderedFile, 'path' | 'review' | 'certificateText'>,
  old: OldFile,
): Shown {
  const before = openText(old);
  const now = file.review.toString();
  if (!file.path.endsWith('.crt')) {
    return { old: before === undefined ? undefined : withoutData(before), new: withoutData(now) };
  }
  const after = file.certificateText ?? now;
  const text = before === undefined ? undefined : certificateLines(before);
  // Of a certificate that has yet to be made, only a part is known.
  return { old: now === yetToBeMade && text !== undefined ? plannedLines(text) : text, new: after };
}

/** A file of before that is no longer there, or is not known to have secrets blotted out, is shown only if all may read it. */
export function openText({ content, review, mode }: OldFile): string | undefined {
  if (review !== undefined) return review;
  const isOpen = (Number.parseInt(mode, 8) & 0o004) !== 0;
  return isOpen ? content?.toString() : undefined;
}

function certificateLines(pem: string): string {
  return attempt(() => certificateText(pem)) ?? pem;
}

/** Lines of kubeconfigs that hold a file in base64: nobody reads them. */
function withoutData(text: string): string {
  return text.replace(
    /^(\s*[a-z-]+-data: )(\S+)$/gm,
    (_, name: string, data: string) => `${name}${insideOf(data)}`,
  );
}

function insideOf(data: string): string {
  const text = Buffer.from(data, 'base64').toString();
  if (text === yetToBeMade) return yetToBeMade;
  const facts = attempt(() => certificateFacts(readCertificate(text)));
  return facts === undefined ? data : `certificate of ${facts.subject}, SHA-256 ${facts.fingerprint}`;
}

function attempt<Value>(make: () => Value): Value | undefined {
  try {
    return make();
  } catch {
    // Not what its name says: it is then shown as it stands.
    return undefined;
  }
}

/**
 * A short name for bytes that may hold a secret, the same for the same bytes. Made with a key of
 * the cluster, so that nobody who reads a diff can try guesses of a weak password against it.
 */
export function fingerprint(content: Buffer, clusterKey: string): string {
  return createHmac('sha256', clusterKey).update(content).digest('hex').slice(0, 12);
}
