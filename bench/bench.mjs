#!/usr/bin/env node
/**
 * Measures whole renders as a user sees them: the six-host example, and 1,000 and 5,000
 * hosts (three etcd, three control planes, the rest workers), each with a new PKI (cold)
 * and again, with the same PKI and the output replaced (warm). Beside them, in the same
 * run, the same certificates made by an OpenSSL loop. Wall and CPU time are those of the
 * process and its children, peak memory is the command's own.
 *
 *   node bench/bench.mjs [--sizes 6,1000,5000] [--runs 3] [--no-openssl] [--json FILE]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const cli = join(root, 'dist/cli.js');
const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: '6,1000,5000' },
    runs: { type: 'string', default: '3' },
    'no-openssl': { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'hardway-bench-'));

try {
  main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function main() {
  const results = [];
  console.log(`${cpus().length} CPUs, ${cpus()[0]?.model}, Node ${process.version}`);
  console.log(`${'case'.padEnd(26)}${'wall s'.padStart(8)}${'CPU s'.padStart(8)}${'peak MB'.padStart(9)}  phases, s`);
  for (const size of options.sizes.split(',').map(Number)) {
    // A folder for each run: ext4 hands out recently freed inodes slowly, so nothing is deleted until the end.
    const runs = Array.from({ length: Number(options.runs) }, (_, index) => {
      const inventory = writeInventory(size, index);
      return { inventory, cold: render(inventory), warm: render(inventory) };
    });
    const cold = least(runs.map((run) => run.cold));
    report(results, `${size} hosts, cold`, cold);
    report(results, `${size} hosts, warm`, least(runs.map((run) => run.warm)));
    const [{ inventory }] = runs;
    if (!options['no-openssl']) {
      const peer = opensslLoop(inventory);
      report(results, `${size} hosts, openssl loop`, peer);
      const ratio = peer.wallMs / cold.wallMs;
      console.log(`  the certificates alone by OpenSSL take ${ratio.toFixed(1)} times the whole cold render`);
    }
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
}

function writeInventory(size, index) {
  const path = join(folder, `${size}-${index}`, 'inventory.yaml');
  mkdirSync(join(folder, `${size}-${index}`));
  writeFileSync(path, size === 6 ? readFileSync(join(root, 'examples/ha-stacked.yaml')) : generatedInventory(size));
  return path;
}

/** An inventory of this many hosts, one per line. */
function generatedInventory(size) {
  const address = (index) => `172.16.${index >> 8}.${index & 255}`;
  const host = (name, index, roles) => `  - { name: ${name}, address: ${address(index)}, roles: [${roles}] }`;
  const lines = [
    'apiVersion: hardway/v1',
    'cluster: { name: bench, domain: bench.example }',
    'kubernetes: { version: 1.20.2 }',
    'network: { podCIDR: 10.128.0.0/11, nodeCIDRMaskSize: 24 }',
    'endpoint: { host: api.bench.example }',
    'bootstrap: { method: token-file }',
    'hosts:',
    ...[1, 2, 3].map((index) => host(`etcd${index}`, index, 'etcd')),
    ...[4, 5, 6].map((index) => host(`cp${index}`, index, 'control-plane')),
    ...Array.from({ length: size - 6 }, (_, index) => host(`worker${index}`, index + 256, 'worker')),
  ];
  return `${lines.join('\n')}\n`;
}

/** The run with the least wall time, since noise only adds. */
function least(runs) {
  return runs.reduce((best, one) => (one.wallMs < best.wallMs ? one : best));
}

/** A render beside its inventory: cold the first time, warm (the PKI reused, the output replaced) the second. */
function render(inventory) {
  const timings = join(folder, 'timings.json');
  const { out, pki } = foldersOf(inventory);
  const result = measured(process.execPath, [cli, 'render', inventory, '--out', out, '--pki-dir', pki, '--quiet'], {
    HARDWAY_TIMINGS: timings,
  });
  const { phases, peakBytes } = JSON.parse(readFileSync(timings, 'utf8'));
  return { ...result, phases, peakBytes };
}

function foldersOf(inventory) {
  return { out: join(dirname(inventory), 'out'), pki: join(dirname(inventory), 'pki') };
}

/** Wall time, and the CPU time of a program and its children as bash's time keyword has it from the kernel. */
function measured(program, args, env) {
  const start = performance.now();
  const script = 'TIMEFORMAT="%U %S"; time "$@"';
  const result = spawnSync('bash', ['-c', script, 'bash', program, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  });
  const wallMs = performance.now() - start;
  if (result.status !== 0) throw new Error(`${program} failed:\n${result.stdout}${result.stderr}`);
  const [user = 0, system = 0] = result.stderr.trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  return { wallMs, cpuMs: (user + system) * 1000 };
}

/** One genpkey, one req and one x509 for each certificate that the render made, with the same subjects and names. */
function opensslLoop(inventory) {
  const listed = execFileSync(
    process.execPath,
    [cli, 'certs', 'list', inventory, '--pki-dir', foldersOf(inventory).pki, '--format', 'json'],
    { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const work = join(folder, 'openssl');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work);
  const certificates = JSON.parse(listed).certificates;
  const script = [
    `cd ${work}`,
    'openssl ecparam -name prime256v1 -genkey -noout -out ca.key',
    'openssl req -x509 -new -key ca.key -subj /CN=ca -days 3650 -out ca.crt',
    ...certificates.flatMap(({ names }, index) => {
      const extension = [
        'keyUsage=critical,digitalSignature',
        'extendedKeyUsage=serverAuth,clientAuth',
        ...(names.length > 0 ? [`subjectAltName=${names.map((name) => (/^[0-9.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`)).join(',')}`] : []),
      ];
      return [
        `openssl ecparam -name prime256v1 -genkey -noout -out ${index}.key`,
        `openssl req -new -key ${index}.key -subj /O=bench/CN=${index} -out ${index}.csr`,
        `printf '${extension.join('\\n')}\\n' >${index}.ext`,
        `openssl x509 -req -in ${index}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -extfile ${index}.ext -out ${index}.crt`,
      ];
    }),
  ];
  writeFileSync(join(work, 'loop.sh'), `set -e\nexec 2>/dev/null\n${script.join('\n')}\n`);
  return { ...measured('bash', [join(work, 'loop.sh')], {}), phases: { certificates: certificates.length } };
}

function report(results, name, { wallMs, cpuMs, peakBytes, phases }) {
  results.push({ name, wallMs, cpuMs, peakBytes, phases });
  const seconds = (ms) => (ms / 1000).toFixed(2).padStart(8);
  const peak = peakBytes === undefined ? '-' : (peakBytes / 1e6).toFixed(0);
  const shown = Object.entries(phases).map(([phase, ms]) => (phase === 'certificates' ? `${ms} certificates` : `${phase} ${(ms / 1000).toFixed(2)}`));
  console.log(`${name.padEnd(26)}${seconds(wallMs)}${seconds(cpuMs)}${peak.padStart(9)}  ${shown.join(', ')}`);
}
