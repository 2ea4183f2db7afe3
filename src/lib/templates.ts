/** Templates with their partials, ready to be filled. */
import type Handlebars from 'handlebars';
import type { TemplateKind } from './template-compiler.ts';
import { templateFunction } from './template-functions.ts';

/** What the files of partials are called. */
const endings: Readonly<Record<TemplateKind, string>> = { configuration: '.hbs', markup: '.html.hbs' };

export interface Template {
  readonly fill: (values: object) => string;
  /** The first names of what it reads, its partials included. */
  readonly names: ReadonlySet<string>;
}

/** A template below a folder, and in the environment the partials that it calls. */
export function loadTemplate(
  environment: typeof Handlebars,
  kind: TemplateKind,
  folder: string,
  name: string,
): Template {
  const { specification, names, partials } = templateFunction(kind, folder, name);
  const parts = partials.map((partial) => {
    const part = loadTemplate(environment, kind, folder, `${partial}${endings[kind]}`);
    environment.registerPartial(partial, part.fill);
    return part;
  });
  return {
    fill: environment.template(specification),
    names: new Set([...names, ...parts.flatMap((part) => [...part.names])]),
  };
}
