/**
 * Fills the page's templates: the part of Handlebars' syntax that they use, escaped for HTML, without
 * its compiler, which takes longer than all the rest of a report (docs/decisions/0024). A test holds
 * the two to the same result. A value that is missing stops it.
 */

/** What a template reads: `this`, and what stands around it. */
interface Scope {
  readonly value: unknown;
  readonly outer: Scope | undefined;
  readonly isFirst: boolean;
}

type Part = (scope: Scope, out: string[]) => void;

const tag = /\{\{\{([^{}]+)\}\}\}|\{\{([^{}]+)\}\}/g;
/** A block's tag that has a line for itself leaves no empty line. */
const lonelyTag = /^[ \t]*(\{\{(?:[#/>][^{}]*|else)\}\})[ \t]*\n/gm;

/** Fills a template; `partials` are the texts of those that it includes. */
export function fillPage(
  template: string,
  partials: Readonly<Record<string, string>>,
  values: object,
): string {
  const out: string[] = [];
  const parsed = new Map<string, Part>();
  const partial = (name: string): Part => {
    const text = partials[name];
    if (text === undefined) throw new Error(`no template ${name}`);
    const part = parsed.get(name) ?? parse(text, partial);
    parsed.set(name, part);
    return part;
  };
  parse(template, partial)({ value: values, outer: undefined, isFirst: false }, out);
  return out.join('');
}

/** A block while it is read: its parts so far, and those after its `{{else}}`. */
interface Block {
  readonly kind: string;
  readonly path: string;
  readonly parts: Part[];
  otherwise: Part[] | undefined;
}

function parse(text: string, partial: (name: string) => Part): Part {
  const clean = text.replace(lonelyTag, '$1');
  const stack: Block[] = [{ kind: '', path: '', parts: [], otherwise: undefined }];
  const add = (part: Part) => {
    const block = stack.at(-1);
    (block?.otherwise ?? block?.parts)?.push(part);
  };
  let end = 0;
  for (const match of clean.matchAll(tag)) {
    const literal = clean.slice(end, match.index);
    end = match.index + match[0].length;
    if (literal !== '') add((_, out) => out.push(literal));
    const [, raw, words = ''] = match;
    const [, sign = '', rest = ''] = /^([#/>]?)\s*(.*)$/s.exec(raw ?? words) ?? [];
    if (raw !== undefined) add(textPart(raw, String));
    else if (sign === '#') {
      const [kind = '', path = ''] = rest.split(/\s+/);
      stack.push({ kind, path, parts: [], otherwise: undefined });
    } else if (sign === '/') {
      const block = stack.pop();
      if (block?.kind !== rest) throw new Error(`{{/${rest}}} closes {{#${block?.kind}}}`);
      add(blockOf(block));
    } else if (sign === '>') add(partial(rest));
    else if (rest === 'else') {
      const block = stack.at(-1);
      if (block !== undefined) block.otherwise = [];
    } else add(textPart(rest, escaped));
  }
  const literal = clean.slice(end);
  const [whole] = stack;
  if (whole === undefined || stack.length !== 1) throw new Error('a block is not closed');
  whole.parts.push((_, out) => out.push(literal));
  return sequence(whole.parts);
}

function sequence(parts: readonly Part[]): Part {
  return (scope, out) => {
    for (const part of parts) part(scope, out);
  };
}

function textPart(path: string, form: (text: string) => string): Part {
  const read = reader(path);
  return (scope, out) => out.push(form(String(read(scope))));
}

function blockOf({ kind, path, parts, otherwise }: Block): Part {
  const read = reader(path);
  const [body, other] = [sequence(parts), sequence(otherwise ?? [])];
  const kinds: Readonly<Record<string, Part>> = {
    if: (scope, out) => (isTruthy(read(scope)) ? body : other)(scope, out),
    unless: (scope, out) => (isTruthy(read(scope)) ? other : body)(scope, out),
    each: (scope, out) => {
      const items = read(scope);
      if (!Array.isArray(items)) throw new Error(`${path} is no list`);
      if (items.length === 0) other(scope, out);
      for (const [index, value] of items.entries()) body({ value, outer: scope, isFirst: index === 0 }, out);
    },
  };
  const block = kinds[kind];
  if (block === undefined) throw new Error(`no such block: ${kind}`);
  return block;
}

/** As Handlebars has it: an empty list counts as false. */
function isTruthy(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

/** `name`, `this.name.name`, `../name`, `@first`. */
function reader(path: string): (scope: Scope) => unknown {
  if (path === '@first') return (scope) => scope.isFirst;
  const up = path.split('../').length - 1;
  const steps = path
    .slice(up * 3)
    .split('.')
    .filter((step) => step !== 'this' && step !== '');
  return (scope) => {
    let from: Scope | undefined = scope;
    for (let count = 0; count < up; count++) from = from?.outer;
    let value = from?.value;
    for (const step of steps) {
      if (typeof value !== 'object' || value === null || !(step in value))
        throw new Error(`the page's templates read ${path}, which is not there`);
      value = (value as Readonly<Record<string, unknown>>)[step];
    }
    return value;
  };
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#x27;',
  '`': '&#x60;',
  '=': '&#x3D;',
};

/** Text for HTML, also between quotes; the same as Handlebars'. */
function escaped(text: string): string {
  return /[&<>"'`=]/.test(text) ? text.replace(/[&<>"'`=]/g, (sign) => entities[sign] ?? '') : text;
}
