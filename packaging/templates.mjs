/**
 * For esbuild: built commands have their templates as functions, made beforehand by Handlebars' compiler,
 * and of Handlebars only what runs them. Compiling takes a sixth of the time of a small render.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The folders of templates below templates/, each with the kind of what stands in it. */
const folders = [
  { kind: 'markup', folder: '_report' },
  { kind: 'configuration', folder: '.' },
];

/** The plugin; templates are read anew for each build. */
export function compiledTemplates() {
  return {
    name: 'compiled-templates',
    setup({ onEnd, onLoad, onResolve }) {
      let isReplaced = false;
      onResolve({ filter: /^handlebars$/ }, () => ({
        path: join(root, 'node_modules/handlebars/dist/cjs/handlebars.runtime.js'),
      }));
      onLoad({ filter: /[\\/]src[\\/]lib[\\/]template-functions\.ts$/ }, async () => {
        isReplaced = true;
        return { contents: moduleOf(await functions()), loader: 'js' };
      });
      // Without it the command would ask for a compiler that it does not have.
      onEnd(() => (isReplaced ? {} : { errors: [{ text: 'no module asked for the functions of templates' }] }));
    },
  };
}

/** All templates: their kind and name, and what the product's own compiler makes of them. */
async function functions() {
  const compile = await compiler();
  const templates = join(root, 'templates');
  return folders.flatMap(({ kind, folder }) =>
    namesIn(join(templates, folder))
      .filter((name) => folder !== '.' || !name.startsWith('_report/'))
      .map((name) => ({ key: `${kind} ${name}`, ...compile(kind, join(templates, folder), name) })),
  );
}

function namesIn(folder) {
  const names = readdirSync(folder, { recursive: true }).map((name) => name.replaceAll(sep, '/'));
  return names.filter((name) => name.endsWith('.hbs')).sort();
}

/** The compiler out of the sources, so that tests and built commands have one and the same. */
async function compiler() {
  const work = mkdtempSync(join(tmpdir(), 'hardway-templates-'));
  try {
    const outfile = join(work, 'compiler.cjs');
    await build({
      entryPoints: [join(root, 'src/lib/template-compiler.ts')],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      define: { 'import.meta.url': JSON.stringify(pathToFileURL(join(root, 'src/cli.ts')).href) },
      logLevel: 'warning',
    });
    return (await import(pathToFileURL(outfile).href)).compileTemplate;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A module with the same export as src/lib/template-functions.ts. */
function moduleOf(compiled) {
  const rows = compiled.map(
    ({ key, code, names, partials }) =>
      `${JSON.stringify(key)}: { specification: ${code}, names: ${JSON.stringify(names)}, partials: ${JSON.stringify(partials)} }`,
  );
  return `const functions = {\n${rows.join(',\n')}\n};
export function templateFunction(kind, folder, name) {
  const found = functions[\`\${kind} \${name}\`];
  if (found === undefined) throw new Error(\`no such template: \${name}\`);
  return found;
}
`;
}
