/**
 * Inventories that mean harm, given to the command: each is refused, or gives files in
 * which the text is nothing but the text. Judged by bash, a reading of the units, and the
 * YAML parser. The built command takes those that are refused, and files that are made to
 * break a reader; those that are taken go through its function, at a tenth of the time.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { render } from '../../src/commands/render.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { hardway, temporaryFolder } from '../support/cli.ts';
import { memoryIo } from '../support/io.ts';
import { soleHost, textPlaces } from '../support/places.ts';

const folder = temporaryFolder('attacks');
const pki = join(folder, 'pki');

const payloads = [
  '../../etc',
  '/../../etc/x',
  '$(id)',
  '$(echo>canary)',
  '`echo>canary`',
  ';echo>canary;',
  'a&echo>canary&b',
  'a\nEVIL=1',
  'a\nExecStartPre=/bin/evil',
  'a\r\nb',
  '"',
  "'",
  'a"b',
  "a'b",
  '"; EVIL=1; "',
  '%h',
  '$HOME',
  '${HOME}',
  '`',
  ';',
  '#x',
  'a\\',
  '{{host.name}}',
  'a: b',
  '- a',
  '&a',
  '*',
  '!!js/function x',
  'a\0b',
  '\u001b[2J',
  '\u2028',
  '<script>alert(1)</script>',
  'x'.repeat(10_240),
];

function command(inventory: string | Buffer, ...options: string[]) {
  const work = mkdtempSync(join(folder, 'case-'));
  writeFileSync(join(work, 'inventory.yaml'), inventory);
  const args = ['render', 'inventory.yaml', '--out', 'out', '--pki-dir', pki, ...options];
  return { work, ...hardway(args, { cwd: work }) };
}

type Outcome = ReturnType<typeof command>;

/** The same in this process. */
async function commandHere(inventory: string): Promise<Outcome> {
  const work = mkdtempSync(join(folder, 'case-'));
  writeFileSync(join(work, 'inventory.yaml'), inventory);
  const io = memoryIo();
  const paths = { inventory: join(work, 'inventory.yaml'), out: join(work, 'out'), pkiDir: pki };
  const status = await render({ ...paths, format: 'text', quiet: false, binariesDir: undefined }, io);
  return { work, status, stdout: io.output(), stderr: io.errors() };
}

function expectRefused({ work, status, stdout, stderr }: Outcome) {
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(readdirSync(work)).toEqual(['inventory.yaml']);
  expect(stderr).not.toMatch(/^ {4}at /m);
  expect(stderr).not.toContain('a defect of hardway');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not reach a terminal
  expect(stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
}

/** Files of the review tree below a host's rootfs, by their path there. */
function filesOf(work: string): Map<string, string> {
  const review = join(work, 'out/review');
  return new Map(
    readdirSync(review).flatMap((host) => {
      const root = join(review, host, 'rootfs');
      return readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => [path.slice(root.length), readFileSync(path, 'utf8')] as const);
    }),
  );
}

const envFiles =
  /^\/etc\/(default\/etcd|kubernetes\/(config|apiserver|controller-manager|scheduler|kubelet|proxy))$/;

/**
 * Names that bash has more after it has read a file, for each of several, every one read in a
 * shell of its own; fails when reading did anything else.
 */
function variablesOf(texts: readonly string[]): Record<string, string>[] {
  const cell = mkdtempSync(join(folder, 'cell-'));
  const names = texts.map((_, index) => `file${index}`);
  for (const [index, name] of names.entries()) writeFileSync(join(cell, name), texts[index] ?? '');
  const script =
    'for f; do (compgen -v; echo ----; . "./$f"; compgen -v; echo ----; for n in $(compgen -v); do [[ -v $n ]] && printf "%s\\t%s\\0" "$n" "${!n}"; done); printf "====\\0"; done';
  const { stdout, stderr } = spawnSync(
    '/bin/bash',
    ['--norc', '--noprofile', '-c', script, 'bash', ...names],
    {
      cwd: cell,
      env: { PATH: '/nowhere' },
      encoding: 'utf8',
    },
  );
  expect(stderr).toBe('');
  expect(readdirSync(cell)).toEqual([...names].sort());
  rmSync(cell, { recursive: true });
  const parts = stdout.split('====\0').slice(0, -1);
  expect(parts).toHaveLength(texts.length);
  return parts.map(addedVariables);
}

function addedVariables(part: string): Record<string, string> {
  const [before = '', after = '', ...values] = part.split('----\n');
  const known = new Set(before.split('\n'));
  const added = new Set(after.split('\n').filter((name) => !known.has(name)));
  const pairs = values
    .join('----\n')
    .split('\0')
    .map((pair) => pair.split('\t'));
  return Object.fromEntries(
    pairs.filter(([name = '']) => added.has(name)).map(([name = '', ...rest]) => [name, rest.join('\t')]),
  );
}

/** The variables of every environment file, by its path. */
function variablesByPath(files: ReadonlyMap<string, string>): Map<string, Record<string, string>> {
  const paths = [...files.keys()].filter((path) => envFiles.test(path));
  const variables = variablesOf(paths.map((path) => files.get(path) ?? ''));
  return new Map(paths.map((path, index) => [path, variables[index] ?? {}]));
}

/** `[Section]` and `Name=` of a unit in their order; continued lines belong to the line before. */
function directivesOf(text: string): string[] {
  const lines = text.replaceAll('\\\n', ' ').split('\n');
  return lines.flatMap(
    (line) => /^(\[.*\]|[A-Za-z]+=)/.exec(line)?.slice(0, 1) ?? (/^(#.*)?$/.test(line) ? [] : [line]),
  );
}

let plain: Map<string, string>;
let plainVariables: Map<string, string[]>;

beforeAll(() => {
  const outcome = command(stringify({ apiVersion: 'hardway/v1', hosts: [soleHost] }));
  expect(outcome.status).toBe(0);
  plain = filesOf(outcome.work);
  const variables = variablesByPath(plain);
  expect(variables.size).toBe(7);
  plainVariables = new Map([...variables].map(([path, values]) => [path, Object.keys(values)]));
});

function expectHarmless({ work, status, stderr }: Outcome, place: string) {
  expect({ place, status, stderr: stderr.includes('defect') }).toEqual({ place, status: 0, stderr: false });
  expect(readdirSync(work).sort()).toEqual(['inventory.yaml', 'out']);
  expect(readdirSync(join(work, 'out')).sort()).toEqual([
    '.gitignore',
    'SHA256SUMS',
    'bundles',
    'report.html',
    'review',
  ]);
  // Its data and its own script, see test/report.
  expect(readFileSync(join(work, 'out/report.html'), 'utf8').match(/<\/?script/g)).toHaveLength(6);
  const files = filesOf(work);
  const variables = variablesByPath(files);
  for (const [path, text] of files) {
    expect(path).toMatch(/^\/(etc|var\/lib\/(kubelet|kube-proxy)|usr\/local\/sbin)\//);
    if (envFiles.test(path)) {
      const names = Object.keys(variables.get(path) ?? {}).filter((name) => !name.startsWith('ETCD_'));
      const known = plainVariables.get(path) ?? [];
      // A component with flags of its own may set the common variables again, and no others.
      expect(names.filter((name) => !known.includes(name) && !/^KUBE_[A-Z_]+$/.test(name))).toEqual([]);
    } else if (path.startsWith('/etc/systemd/')) {
      const wanted = plain.get(path);
      if (wanted !== undefined) expect(directivesOf(text)).toEqual(directivesOf(wanted));
      else expect(new Set(directivesOf(text))).toEqual(new Set(['[Service]', 'Environment=']));
    } else if (/\.(yaml|conf)$/.test(path) && !/\/(sysctl|modules-load)\.d\//.test(path)) {
      expect(parseAllDocuments(text).flatMap((one) => ('errors' in one ? one.errors : []))).toEqual([]);
    } else if (path.endsWith('.json')) {
      JSON.parse(text);
    }
  }
}

describe('a hostile text in place of every text', () => {
  const places = textPlaces();

  test('there are many places', () => expect(places.length).toBeGreaterThan(80));

  test.each(places.map((place, index) => ({ ...place, index })))(
    '$path',
    async ({ path, index, inventoryWith }) => {
      const taken = payloads.filter((payload) => {
        const { cluster } = loadInventory(stringify(inventoryWith(payload)), 'inventory.yaml');
        return cluster !== undefined;
      });
      const refused = payloads.filter((payload) => !taken.includes(payload));
      // All are loaded; through the command go one that was refused and those that were taken, of
      // which one does where the same key stands in several sections.
      const repeated = /^(roleDefaults|hosts\[\])\..*components\./.test(path);
      const [first] = refused;
      if (first !== undefined && !repeated) expectRefused(command(stringify(inventoryWith(first))));
      // Names of files that are not there: taken as text, and refused when they are read.
      const expectation = path === 'addons.extra[]' ? expectRefused : expectHarmless;
      for (const payload of repeated ? taken.filter((_, at) => at === index % taken.length) : taken)
        expectation(await commandHere(stringify(inventoryWith(payload))), `${path}: ${payload}`);
    },
  );
});

describe('flags that are taken arrive as one word', () => {
  test.each([
    '../../etc',
    '%h',
    '#x',
    ';echo>canary;',
    'a&b',
    '*',
    '{{host.name}}',
    '!!x',
    '~root',
    '-rf',
    '|cat',
  ])('%s', async (value) => {
    const outcome = await commandHere(
      stringify({
        apiVersion: 'hardway/v1',
        hosts: [soleHost],
        components: { apiserver: { args: { 'cors-allowed-origins': value } } },
      }),
    );
    expectHarmless(outcome, value);
    const [variables] = variablesOf([filesOf(outcome.work).get('/etc/kubernetes/apiserver') ?? '']);
    const words = Object.values(variables ?? {}).flatMap((text) => text.split(/\s+/));
    expect(words).toContain(`--cors-allowed-origins=${value}`);
  });
});

describe('texts in configuration files arrive as they are', () => {
  const inConfig = payloads.filter((payload) => !payload.includes('\0'));
  test.each(inConfig.map((payload) => [JSON.stringify(payload).slice(0, 40), payload]))(
    '%s',
    async (_, payload) => {
      const components = {
        kubelet: { config: { providerID: payload, evictionHard: { 'memory.available': payload } } },
      };
      const outcome = await commandHere(
        stringify({ apiVersion: 'hardway/v1', hosts: [soleHost], components }),
      );
      if (outcome.status === 2) return expectRefused(outcome);
      expectHarmless(outcome, 'kubelet.config');
      const config = parse(filesOf(outcome.work).get('/var/lib/kubelet/config.yaml') ?? '');
      expect(config.providerID).toBe(payload);
      expect(config.evictionHard['memory.available']).toBe(payload);
    },
  );
});

describe('files that are made to break a reader end with 2, at once, with nothing written', () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]']
    .concat(
      'bcdefghij'
        .split('')
        .map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefghij'[index]}`)}]`),
    )
    .join('\n');
  const valid = stringify({ apiVersion: 'hardway/v1', hosts: [soleHost] });
  const cases: Record<string, string | Buffer> = {
    'a bomb of aliases': bomb,
    'a bomb of aliases in a valid inventory': `${valid}components: { kubelet: { config: { x: *j } } }\n${bomb}\n`,
    'an alias of itself': 'a: &a [*a]\n',
    'merge keys': `${valid}x: &x { <<: *x }\n`,
    'ten megabytes of text': `${valid}#${'x'.repeat(10_000_000)}\n`,
    'ten megabytes of hosts': `apiVersion: hardway/v1\nhosts:\n${'  - { name: a, address: 192.0.2.1, roles: [worker] }\n'.repeat(190_000)}`,
    'ten megabytes on one line': `a: ${'"x",'.repeat(2_500_000)}`,
    'lists, deep': '['.repeat(100_000),
    'lists, deep and closed': `a: ${'['.repeat(20_000)}${']'.repeat(20_000)}`,
    'maps, deep': '{a: '.repeat(50_000),
    'indentation, deep': Array.from({ length: 5000 }, (_, index) => `${' '.repeat(index)}a:`).join('\n'),
    'deep below a free field': `${valid}components: { kubelet: { config: { a: ${'['.repeat(5000)}${']'.repeat(5000)} } } }\n`,
    'NUL bytes': Buffer.alloc(4096),
    'a NUL in a valid file': `${valid}# \0\n`,
    'bytes that are no UTF-8': Buffer.from([0x61, 0x3a, 0x20, 0xff, 0xfe, 0xc3, 0x28]),
    'UTF-16': Buffer.from(`\ufeff${valid}`, 'utf16le'),
    nothing: '',
    'a key named __proto__': `${valid}__proto__: { polluted: true }\n`,
    'a key named constructor': `${valid}constructor: { prototype: { polluted: true } }\n`,
    'two documents': `${valid}---\n${valid}`,
    'a tag': `${valid}cluster: !!js/function 'function(){}'\n`,
    'a tarball': Buffer.from(Array.from({ length: 2048 }, (_, index) => (index * 7919) % 256)),
  };
  test.each(Object.keys(cases))('%s', (name) => {
    const started = performance.now();
    const outcome = command(cases[name] ?? '');
    expect(performance.now() - started).toBeLessThan(10_000);
    expectRefused(outcome);
    expect(outcome.stderr.length).toBeLessThan(100_000);
  });
});

test('a store named by --pki-dir or by the cluster never leaves its place', () => {
  const work = join(folder, 'traversal');
  mkdirSync(work);
  for (const name of ['../x', '..', '.', '/etc', 'a/b', 'a/../../b']) {
    writeFileSync(
      join(work, 'inventory.yaml'),
      stringify({ apiVersion: 'hardway/v1', cluster: { name }, hosts: [soleHost] }),
    );
    expect(hardway(['render', 'inventory.yaml'], { cwd: work }).status).toBe(2);
    expect(readdirSync(work)).toEqual(['inventory.yaml']);
  }
});
