/** Templates of pages and reports: what is filled in is escaped, for XML as well as for HTML. */
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { loadTemplate } from './templates.ts';

/** Fills a template below templates/_report, with the parts that it includes. A value that is missing stops it. */
export function fillMarkup(templatesDir: string, name: string, values: object): string {
  return loadTemplate(Handlebars.create(), 'markup', join(templatesDir, '_report'), name).fill(values);
}

/** Text without the control characters that XML cannot hold in any form. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
