/**
 * Text as a terminal may see it. What comes from an inventory is shown without
 * control characters (a terminal obeys them), without characters that reorder or
 * hide text, and without secrets.
 */

/** Control, invisible and reordering characters, and halves of surrogate pairs. */
const dangerous =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\udb40[\udc00-\udc7f]/g;

/** The text with every dangerous character as an escape: `\n`, `\x1b`, `\u202e`. */
export function escapeControls(text: string): string {
  return text.replace(dangerous, escapeOf);
}

function escapeOf(characters: string): string {
  const code = characters.codePointAt(0) ?? 0;
  const short = { 9: '\\t', 10: '\\n', 13: '\\r' }[code];
  if (short !== undefined) return short;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** A value from the inventory as messages quote it: escaped, at most 60 characters. */
export function quote(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return `"${escapeControls(shown)}"`;
}

/** Keys whose value is a secret; the token of an etcd cluster is only a name. */
const secretKey = /(?:password|passwd|passphrase|secret|token|credentials?|privatekey|apikey)$/i;

/** Whether the value below a key is a secret. */
export function isSecretKey(key: string): boolean {
  return secretKey.test(key) && key !== 'clusterToken';
}

/** The text with secrets blotted out, character by character so that columns stay where they are. */
export function maskSecrets(text: string): string {
  return maskUrls(text).replace(
    /([\w.-]{1,80})(["']?\s{0,8}[:=]\s{0,8}["']?)([^\s"',{}]+)/g,
    (whole, key: string, between: string, value: string) =>
      isSecretKey(key) ? `${key}${between}${blot(value)}` : whole,
  );
}

/** The text with users and passwords in URLs blotted out, and nothing else. */
export function maskUrls(text: string): string {
  return text.replace(/\/\/[^\s"']+/g, maskUserinfo);
}

/** The user and password of a URL blotted out, its colon forgotten or not: everything from `//` to the last `@`. */
export function maskUserinfo(text: string): string {
  const start = text.indexOf('//') + 2;
  const end = text.lastIndexOf('@');
  return start < 2 || end < start
    ? text
    : text.slice(0, start) + blot(text.slice(start, end)) + text.slice(end);
}

/** As many stars as characters. */
export function blot(text: string): string {
  return '*'.repeat(text.length);
}

/** Columns that a character takes in a terminal: 0 for combining marks, 2 for wide characters. */
export function columnsOf(character: string): number {
  if (/^[\p{Mn}\p{Me}]/u.test(character)) return 0;
  return isWide(character.codePointAt(0) ?? 0) ? 2 : 1;
}

/** First and last code points of the blocks that East Asian Width (UAX 11) calls wide, joined where near. */
const wideBlocks = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1faff],
  [0x20000, 0x3fffd],
] as const;

function isWide(code: number): boolean {
  return wideBlocks.some(([first, last]) => first <= code && code <= last);
}
