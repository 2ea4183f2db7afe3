/** Templates of pages and reports: what is filled in is escaped, for XML as well as for HTML. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';

/** Fills a template below templates/_report. A value that is missing stops it. */
export function fillMarkup(templatesDir: string, name: string, values: object): string {
  const text = readFileSync(join(templatesDir, '_report', name), 'utf8');
  return Handlebars.create().compile(text, { strict: true })(values);
}

/** Text without the control characters that XML cannot hold in any form. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
