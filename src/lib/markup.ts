/** Templates of pages and reports: what is filled in is escaped, for XML as well as for HTML. */
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { readPackageFile } from './package-root.ts';

/** Fills a template below templates/_report, with the parts that it includes. A value that is missing stops it. */
export function fillMarkup(
  templatesDir: string,
  name: string,
  values: object,
  parts: readonly string[] = [],
): string {
  const read = (file: string) => readPackageFile(join(templatesDir, '_report', file)).toString();
  const handlebars = Handlebars.create();
  for (const part of parts) handlebars.registerPartial(part, read(`${part}.html.hbs`));
  return handlebars.compile(read(name), { strict: true, preventIndent: true, knownHelpersOnly: true })(
    values,
  );
}

/** Text without the control characters that XML cannot hold in any form. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
