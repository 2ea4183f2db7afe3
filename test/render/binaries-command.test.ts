/** `hardway binaries list, fetch, verify` as a user runs them, against a mirror of the test's own. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fakeProgram, publish, sha256Of, writeLockBeside } from '../support/binaries.ts';
import { hardway, projectRoot, temporaryFolder } from '../support/cli.ts';
import { clusterOf, oneHost } from '../support/clusters.ts';
import { type FileServer, type Mischief, serveFiles } from '../support/file-server.ts';

const base = temporaryFolder('binaries-command');
const version = 'kubernetes: { version: 1.20.2 }';
const kubelet = 'dl.k8s.io/release/v1.20.2/bin/linux/amd64/kubelet';

let folder = '';
let inventory = '';
let lock = new Map<string, string>();
let server: FileServer | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(base, 'case-'));
  inventory = join(folder, 'inventory.yaml');
  writeFileSync(inventory, `apiVersion: hardway/v1\n${version}\n${oneHost}\n`);
  lock = publish(clusterOf(version, oneHost), join(folder, 'site'), ({ arch, path }, name) =>
    Buffer.concat([fakeProgram(arch, path), Buffer.alloc(3_000_000, name)]),
  );
  writeLockBeside(inventory, lock);
});
afterEach(() => server?.close());

const environment = () => ({ ...process.env, XDG_CACHE_HOME: join(folder, 'cache'), NO_PROXY: '127.0.0.1' });
const cached = (path: string) => join(folder, 'cache/hardway/binaries', path);

/** The command beside this process, which has to serve meanwhile. */
function start(args: readonly string[]) {
  const child = spawn(process.execPath, [join(projectRoot, 'dist/cli.js'), ...args], { env: environment() });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => (said.stdout += data));
  child.stderr.on('data', (data) => (said.stderr += data));
  const ended = new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) =>
    child.on('close', (status) => resolve({ status, ...said })),
  );
  return { child, ended };
}

async function fetchFrom(mischief?: Mischief, args: readonly string[] = []) {
  server = await serveFiles(join(folder, 'site'), mischief);
  return start(['binaries', 'fetch', inventory, '--mirror', `http://127.0.0.1:${server.port}/`, ...args]);
}

function listed(verb: string, status: number): Record<string, string>[] {
  const result = hardway(['binaries', verb, inventory, '--format', 'json'], {
    env: { XDG_CACHE_HOME: join(folder, 'cache') },
  });
  expect([result.status, result.stderr]).toEqual([status, expect.not.stringContaining('error[')]);
  return JSON.parse(result.stdout).files;
}

test('list, fetch, verify: from nothing to whole', async () => {
  expect(new Set(listed('list', 0).map(({ state }) => state))).toEqual(new Set(['missing']));
  const { status, stdout, stderr } = await (await fetchFrom()).ended;
  expect([status, stderr.includes('error[')]).toEqual([0, false]);
  expect(stdout).toMatch(/kubelet +1\.20\.2 +amd64 +worker +[0-9a-f]{12} +fetched/);
  expect(listed('list', 0).find(({ path }) => path === kubelet)).toMatchObject({
    url: `https://${kubelet}`,
    roles: ['worker'],
    sha256: lock.get(kubelet),
    state: 'cached',
  });
  expect(new Set(listed('verify', 0).map(({ state }) => state))).toEqual(new Set(['whole']));
});

test('verify exits 1 and names file, wanted and found sum', async () => {
  await (await fetchFrom()).ended;
  truncateSync(cached(kubelet), 1000);
  const found = sha256Of(readFileSync(cached(kubelet)));
  expect(listed('verify', 1).find(({ path }) => path === kubelet)).toMatchObject({ state: 'differs', found });
  const { status, stderr } = hardway(['binaries', 'verify', inventory], {
    env: { XDG_CACHE_HOME: join(folder, 'cache') },
  });
  expect(status).toBe(1);
  expect(stderr).toContain(
    `${cached(kubelet)}: differs\n  SHA-256 wanted ${lock.get(kubelet)}\n  SHA-256 found  ${found}`,
  );
});

describe('a fetch that is interrupted', () => {
  test.each(['SIGTERM', 'SIGKILL'] as const)('by %s goes on where it ended', async (signal) => {
    // The kubelet comes to its half and no further, until the command is gone.
    const half: Mischief = (_request, response, path) => {
      if (path !== kubelet) return false;
      const bytes = readFileSync(join(folder, 'site', path));
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, bytes.length / 2));
      return true;
    };
    const { child, ended } = await fetchFrom(half);
    const part = cached(`${kubelet}.part`);
    const sizeNow = () => (existsSync(part) ? readFileSync(part).length : 0);
    await expect.poll(sizeNow, { timeout: 30_000 }).toBeGreaterThan(1_000_000);
    child.kill(signal);
    await ended;
    await server?.close();
    const had = sizeNow();
    const { status } = await (await fetchFrom()).ended;
    expect(status).toBe(0);
    expect(server?.requests).toContain(`${kubelet} bytes=${had}-`);
    expect(sha256Of(readFileSync(cached(kubelet)))).toBe(lock.get(kubelet));
  });
});

test('what cannot be had is told at once and without a stack; what came stays', async () => {
  const lie: Mischief = (_request, response, path) => {
    if (path !== kubelet) return false;
    response.end('not a kubelet');
    return true;
  };
  const { status, stdout, stderr } = await (await fetchFrom(lie, ['--quiet'])).ended;
  expect([status, stdout]).toEqual([3, '']);
  expect(stderr).toContain(`${kubelet} is not what it should be`);
  expect(stderr).toContain(`wanted ${lock.get(kubelet)}`);
  expect(stderr).toContain(`found  ${sha256Of(Buffer.from('not a kubelet'))}`);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(existsSync(cached('dl.k8s.io/release/v1.20.2/bin/linux/amd64/kubectl'))).toBe(true);
  expect(existsSync(cached(kubelet))).toBe(false);
});

test('a folder is enough, and what is rendered from it is whole', () => {
  writeFileSync(inventory, `${readFileSync(inventory, 'utf8')}binaries: { source: bundle }\n`);
  const env = { XDG_CACHE_HOME: join(folder, 'cache') };
  const fetched = hardway(['binaries', 'fetch', inventory, '--from', join(folder, 'site')], { env });
  expect([fetched.status, fetched.stdout]).toEqual([0, expect.stringContaining('copied')]);
  const rendered = hardway(['render', inventory, '--out', join(folder, 'out'), '--quiet'], { env });
  expect([rendered.status, rendered.stderr]).toEqual([0, '']);
  expect(existsSync(join(folder, 'out/binaries/worker-amd64.tar.gz'))).toBe(true);
});
