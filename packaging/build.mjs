/**
 * `npm run build`: the sources as a command in dist/, one module for what all commands need and one for
 * each command, and the thread that a large render starts.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { nodeStreams } from './node-streams.mjs';
import { compiledTemplates } from './templates.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

await build({
  entryPoints: { cli: join(root, 'src/cli.ts'), 'writer-thread': join(root, 'src/assembly/writer-thread.ts') },
  outdir: join(root, 'dist'),
  bundle: true,
  splitting: true,
  minifyWhitespace: true,
  minifySyntax: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  legalComments: 'none',
  logLevel: 'warning',
  // Packages in the older format of modules call require, which modules of this one do not have.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  plugins: [compiledTemplates(), nodeStreams()],
});
