/**
 * `make binary`: the command with Node inside and the templates beside it, as one file that
 * needs glibc and libstdc++ and nothing else. It is a Node single executable application
 * (nodejs.org/api/single-executable-applications.html): one bundle of the sources and the
 * package's files as assets, put into a copy of a Node program.
 *
 * Usage: node packaging/binary.mjs [--out FILE] [--node FILE]
 *   --out   what is written; default: dist/hardway
 *   --node  the Node program that is copied; default: this one. It may be of another
 *           architecture, but must be of the same release, for the format of the blob is its own.
 *
 * The same sources and the same Node give the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { inject } from 'postject';
import { nodeStreams } from './node-streams.mjs';
import { compiledTemplates } from './templates.mjs';

/** What a Node program that takes a blob contains; its last character tells whether it has one. */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const root = dirname(dirname(fileURLToPath(import.meta.url)));

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'dist/hardway') },
    node: { type: 'string', default: process.execPath },
  },
});
await makeBinary(resolve(values.out), resolve(values.node));

async function makeBinary(out, node) {
  mkdirSync(dirname(out), { recursive: true });
  // Beside its place, so that the last step is a rename on one file system.
  const draft = `${out}.new`;
  const work = mkdtempSync(join(tmpdir(), 'hardway-binary-'));
  try {
    const blob = await makeBlob(work);
    copyFileSync(node, draft);
    await injectQuietly(draft, blob);
    chmodSync(draft, 0o755);
    renameSync(draft, out);
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(draft, { force: true });
  }
}

/** Bundles the sources and packs them with the package's files; gives the blob's bytes. */
async function makeBlob(work) {
  await build({
    entryPoints: [join(root, 'src/cli.ts')],
    outfile: join(work, 'cli.cjs'),
    absWorkingDir: root,
    bundle: true,
    minify: true,
    keepNames: true,
    platform: 'node',
    // An application of Node 20 is one CommonJS module.
    format: 'cjs',
    target: 'node20',
    define: { 'import.meta.url': '"file:///hardway/cli.js"' },
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [compiledTemplates(), nodeStreams()],
  });
  const settings = {
    // The blob holds this name: it must not be that of a temporary folder.
    main: 'cli.cjs',
    output: 'blob',
    disableExperimentalSEAWarning: true,
    // It would differ with every build, and saves 20 ms.
    useCodeCache: false,
    assets: assets(),
  };
  writeFileSync(join(work, 'sea.json'), JSON.stringify(settings));
  execFileSync(process.execPath, ['--experimental-sea-config', 'sea.json'], { cwd: work, stdio: 'pipe' });
  return readFileSync(join(work, 'blob'));
}

/** The files that the command reads at run time, by their path below the package's root. */
function assets() {
  const templates = readdirSync(join(root, 'templates'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.hbs'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  return Object.fromEntries(['package.json', ...templates].sort().map((name) => [name, join(root, name)]));
}

/** postject complains of sections that every Node program has, on the console. */
async function injectQuietly(program, blob) {
  const { warn, log } = console;
  Object.assign(console, { warn: () => {}, log: () => {} });
  try {
    await inject(program, 'NODE_SEA_BLOB', blob, { sentinelFuse: fuse });
  } finally {
    Object.assign(console, { warn, log });
  }
}
