/** Templates made functions: the text of a template in, the code that Handlebars makes of it out. */
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { readPackageFile } from './package-root.ts';

/** `configuration`: nothing is escaped but by a helper for the syntax; `markup`: all is, for HTML and XML. */
export type TemplateKind = 'configuration' | 'markup';

export interface TemplateCode {
  /** An expression of JavaScript: what Handlebars' runtime makes a template of. */
  readonly code: string;
  /** First names of all paths; those inside #each that belong to an item do no harm. */
  readonly names: readonly string[];
  /** The partials that it calls. */
  readonly partials: readonly string[];
}

/** Helpers of configuration, see render/template.ts. */
const helpers = {
  env: true,
  envWords: true,
  execArg: true,
  json: true,
  plain: true,
  sh: true,
  unitEnv: true,
  unitText: true,
  yaml: true,
};

/** The names of these helpers. */
export type HelperName = keyof typeof helpers;

const common = { strict: true, preventIndent: true, knownHelpersOnly: true } as const;

const options: Readonly<Record<TemplateKind, PrecompileOptions>> = {
  configuration: { ...common, noEscape: true, knownHelpers: helpers },
  markup: common,
};

/** Compiles a template of a folder; the name is that of its file, such as `etc/hosts.hbs`. */
export function compileTemplate(kind: TemplateKind, folder: string, name: string): TemplateCode {
  const text = readPackageFile(join(folder, name)).toString();
  const tree = Handlebars.parse(text);
  return { code: String(Handlebars.precompile(tree, options[kind])), ...readsOf(tree) };
}

function readsOf(tree: hbs.AST.Program): Pick<TemplateCode, 'names' | 'partials'> {
  const names = new Set<string>();
  const partials = new Set<string>();
  const visitor = new Handlebars.Visitor();
  visitor.PathExpression = ({ parts, data }) => {
    const [first, second] = parts.map(String);
    const name = data && first === 'root' ? second : first;
    if (name !== undefined) names.add(name);
  };
  visitor.PartialBlockStatement = () => {
    throw new Error('partials with a block are not loaded');
  };
  visitor.PartialStatement = (statement) => {
    if (statement.name.type === 'PathExpression')
      partials.add((statement.name as hbs.AST.PathExpression).original);
    Handlebars.Visitor.prototype.PartialStatement.call(visitor, statement);
  };
  visitor.accept(tree);
  return { names: [...names], partials: [...partials] };
}
