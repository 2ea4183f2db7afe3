/** Findings for people: where, what, and how to mend it. No secret is in them, and no control character. */
import { escapeControls, maskSecrets } from '../diagnostics/visible.ts';
import type { Finding } from '../model/finding.ts';

/** Most findings that the terminal gets; the rest is counted, and JSON has all of them. */
const mostListed = 100;

/** A finding in two lines: where and what, and how to mend it. */
export function findingText({ check, severity, host, file, line, message, fix }: Finding): string {
  const place = [host, file === undefined ? '' : ` ${file}`, line === undefined ? '' : `:${line}`].join('');
  const shown = (text: string) => escapeControls(maskSecrets(text));
  return `${severity}[${check}]: ${shown(place)}: ${shown(message)}\n  fix: ${shown(fix)}\n`;
}

/** The first findings one by one, the rest counted; ends with a line break unless empty. */
export function findingsText(findings: readonly Finding[]): string {
  const rest = findings.length - mostListed;
  return [
    ...findings.slice(0, mostListed).map(findingText),
    ...(rest > 0 ? [`... and ${rest} more\n`] : []),
  ].join('');
}
