/** The built command, run as a user runs it. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

/** The project's root. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `hardway` with arguments; `make build` must have been run. */
export function hardway(
  args: readonly string[],
  options: {
    readonly input?: string | Buffer;
    readonly cwd?: string;
    /** Added to this process's own. */
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): CliResult {
  const cli = join(projectRoot, 'dist/cli.js');
  if (!existsSync(cli)) throw new Error('dist/cli.js is missing: run make build first');
  const result = spawnSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
    cwd: options.cwd ?? projectRoot,
    env: { ...process.env, ...options.env },
    maxBuffer: 64 * 1024 * 1024,
    ...(options.input === undefined ? {} : { input: options.input }),
  });
  return { status: result.status, stdout: result.stdout, stderr: result.stderr };
}

/** The same without blocking, for tests that serve what the command asks for. */
export function spawnHardway(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(projectRoot, 'dist/cli.js'), ...args], {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** A folder that is removed after the file's tests. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `hardway-${name}-`));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Renders an inventory into FOLDER/out with the store FOLDER/pki; throws with the messages when that fails. */
export function render(
  inventory: string,
  folder: string,
  env: Readonly<Record<string, string>> = {},
): { readonly out: string; readonly pki: string; readonly stdout: string } {
  const out = join(folder, 'out');
  const pki = join(folder, 'pki');
  const result = hardway(['render', inventory, '--out', out, '--pki-dir', pki], { env });
  if (result.status !== 0)
    throw new Error(`render ended with ${result.status}:\n${result.stdout}${result.stderr}`);
  return { out, pki, stdout: result.stdout };
}

/** Writes the six-host example to a file, changed so that nothing in it is warned of. */
export function writeQuietExample(file: string): void {
  const example = readFileSync(join(projectRoot, 'examples/ha-stacked.yaml'), 'utf8');
  writeFileSync(
    file,
    example
      // Host bits, and one control plane for all workers.
      .replaceAll('10.76.0.0/12', '10.64.0.0/12')
      .replace('endpoint:\n', 'endpoint:\n  mode: external\n'),
  );
}
