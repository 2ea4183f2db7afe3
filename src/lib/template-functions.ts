/**
 * The functions of templates. Built commands have all of them made beforehand, in a module that the build
 * puts in the place of this one (packaging/templates.mjs): Handlebars' compiler is not in them then.
 */
import { compileTemplate, type TemplateCode, type TemplateKind } from './template-compiler.ts';

export interface TemplateFunction extends Omit<TemplateCode, 'code'> {
  /** What `Handlebars.template` takes. */
  readonly specification: object;
}

/** The function of a template, by its kind, its folder and the name of its file there. */
export function templateFunction(kind: TemplateKind, folder: string, name: string): TemplateFunction {
  const { code, ...reads } = compileTemplate(kind, folder, name);
  return { specification: new Function(`return ${code}`)(), ...reads };
}
