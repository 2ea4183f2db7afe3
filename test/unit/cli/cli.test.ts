/** The command line as a user meets it: help, mistakes, exit statuses, streams. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../../../src/cli/commands.ts';
import { type CliResult, hardway, projectRoot, temporaryFolder } from '../../support/cli.ts';
import { canRun } from '../../support/requirements.ts';

const folder = temporaryFolder('cli');
const single = readFileSync(join(projectRoot, 'examples/single.yaml'), 'utf8');
const wrong = `${single}nonsense: 1\n`;
const names = commands.map(({ usage }) => usage.replace(/ \[.*/, ''));
const cli = join(projectRoot, 'dist/cli.js');

beforeAll(() => {
  writeFileSync(join(folder, 'inventory.yaml'), single);
  writeFileSync(join(folder, 'wrong.yaml'), wrong);
  writeFileSync(join(folder, 'warned.yaml'), `${single}network: { serviceCIDR: 10.76.0.0/12 }\n`);
  mkdirSync(join(folder, 'empty'));
  const old = single.replace(/^apiVersion.*$/m, '$&\nkubernetes: { version: 1.20.2 }');
  writeFileSync(join(folder, 'old.yaml'), old);
  writeFileSync(join(folder, 'blocked.yaml'), `${old}runtime: { type: docker }\n`);
});

function run(line: string, input?: string): CliResult {
  const args = line === '' ? [] : line.split(' ');
  return hardway(args, { cwd: folder, ...(input === undefined ? {} : { input }) });
}

function expectNoStack({ stdout, stderr }: CliResult) {
  expect(`${stdout}${stderr}`).not.toMatch(/^ {4}at /m);
  expect(stderr).not.toContain('a defect of hardway itself');
}

describe('help and version', () => {
  test.each(['--help', '-h', 'help'])('%s names every command, once', (option) => {
    const { status, stdout, stderr } = run(option);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const first of new Set(names.map((name) => name.split(' ')[0]))) {
      expect(stdout.match(new RegExp(`^ +hardway ${first}\\b`, 'gm')), first).toHaveLength(1);
    }
  });

  test.each(commands.map((row) => [row.usage.replace(/ \[.*/, ''), row] as const))(
    '%s --help names its options',
    (name, row) => {
      const { status, stdout, stderr } = run(`${name} --help`);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain(row.describe);
      for (const option of ['format', 'quiet', 'no-color', ...Object.keys(row.options ?? {})]) {
        expect(stdout).toContain(`--${option} `);
      }
      if (row.takesInventory) expect(stdout).toContain('inventory.yaml');
    },
  );

  test('--version is that of package.json', () => {
    const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
    expect(run('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('completion prints a script that bash takes', () => {
    const { status, stdout } = run('completion');
    expect(status).toBe(0);
    expect(stdout).toContain('hardway');
    expect(spawnSync('bash', ['-n'], { input: stdout }).status).toBe(0);
  });

  test('completion knows the commands', () => {
    const { stdout } = run('--get-yargs-completions hardway ');
    for (const name of ['render', 'validate', 'certs', 'kubeconfig']) expect(stdout).toContain(name);
  });
});

describe('mistakes in the command line end with 2, one sentence and a way on', () => {
  test.each([
    ['', /no command given/],
    ['rendr', /[Dd]id you mean render\?/],
    ['frobnicate', /unknown command "frobnicate"/],
    ['certs', /certs: no command given/],
    ['certs lst', /[Dd]id you mean list\?/],
    ['render --ot x', /unknown option --ot; did you mean --out\?/],
    ['render --pkidir=x', /unknown option --pkidir; did you mean --pki-dir\?/],
    ['validate --qiet', /unknown option --qiet; did you mean --quiet\?/],
    ['certs list --pki-di x', /did you mean --pki-dir\?/],
    ['validate --ot x', /unknown option --ot$/m],
    ['validate -x', /unknown option -x$/m],
    ['validate inventory.yaml more.yaml', /unexpected argument "more.yaml"/],
    ['init extra', /unexpected argument "extra"/],
    ['init --topology triangle', /triangle.*"single", "ha-stacked", "ha-external"/],
    ['validate --format xml', /xml.*"text", "json"/],
    ['validate --format', /Not enough arguments following: format/],
    ['render --out', /Not enough arguments following: out/],
    ['validate --format json --format text', /--format is given twice/],
    ['render --out a --out b', /--out is given twice/],
    ['render --out=', /--out wants a value/],
    ['render --pki-dir=', /--pki-dir wants a value/],
    ['kubeconfig --user a --days soon', /--days wants a number/],
    ['kubeconfig --user a --days=', /--days wants a/],
    ['kubeconfig --user a --days 1 --days 2', /--days is given twice/],
    ['kubeconfig --user a --days 1.5', /--days wants a whole number/],
    ['kubeconfig --user a --days 0', /--days wants a whole number/],
    ['kubeconfig --user a --days=-3', /--days wants a whole number/],
    ['kubeconfig --user a --days 1e9', /--days wants a whole number/],
    ['upgrade-check inventory.yaml', /Missing required argument: to/],
    ['upgrade-check inventory.yaml --to=', /--to wants a value/],
    ['kubeconfig --group g', /want --user/],
    ['kubeconfig --days 3', /want --user/],
  ])('%s', (line, message) => {
    const result = run(line);
    expect({ status: result.status, stdout: result.stdout }).toEqual({ status: 2, stdout: '' });
    expect(result.stderr).toMatch(/^hardway: /);
    expect(result.stderr).toMatch(message);
    expectNoStack(result);
  });

  test('an empty name of an inventory', () => {
    const result = hardway(['validate', ''], { cwd: folder });
    expect(result.status).toBe(2);
    expect(result.stderr).toContain('empty');
  });
});

/** Options that a command cannot do without. */
const needed: Readonly<Record<string, string>> = { 'upgrade-check': ' --to 1.37' };
const reading = names
  .filter((name) => commands.find(({ usage }) => usage.startsWith(name))?.takesInventory)
  .map((name) => `${name}${needed[name] ?? ''}`);

describe.each(reading)('%s and an inventory that is not there', (name) => {
  test.each([
    ['missing.yaml', /cannot read missing\.yaml: there is no such file/],
    ['inventory.yaml/x', /cannot read inventory\.yaml\/x: there is no such file/],
    ['empty', /cannot read empty: it is a folder/],
    ['x'.repeat(5000), /too long/],
  ])('ends with 2: %s', (file, message) => {
    const result = run(`${name} ${file}`);
    expect({ status: result.status, stdout: result.stdout }).toEqual({ status: 2, stdout: '' });
    expect(result.stderr).toMatch(message);
    expect(result.stderr).toContain('fix: ');
    expectNoStack(result);
  });

  test('the default is inventory.yaml in the current folder', () => {
    const { status, stderr } = hardway(name.split(' '), { cwd: join(folder, 'empty') });
    expect(status).toBe(2);
    expect(stderr).toContain('inventory.yaml');
  });

  test('an inventory with errors: 2, diagnostics on standard error, nothing on standard output', () => {
    const result = run(`${name} wrong.yaml`);
    expect({ status: result.status, stdout: result.stdout }).toEqual({ status: 2, stdout: '' });
    expect(result.stderr).toMatch(/^wrong\.yaml:\d+:\d+: error\[unknown-key\]/);
    expectNoStack(result);
  });

  test('- is standard input', () => {
    const result = run(`${name} -`, wrong);
    expect(result.status).toBe(2);
    expect(result.stderr).toMatch(/^<stdin>:\d+:\d+: error\[unknown-key\]/);
  });
});

describe('standard input', () => {
  test('holds a whole inventory', () => {
    expect(run('validate -', single)).toMatchObject({ status: 0, stderr: '' });
    expect(run('validate --quiet -', single)).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('the store of a cluster is then below the current folder', () => {
    const { stdout } = run('render - --out fromstdin --format json', single);
    expect(JSON.parse(stdout).pkiDir).toBe('pki/kubernetes');
  });

  test('that is empty or closed is wrong input, not a crash', () => {
    const empty = run('validate -', '');
    expect(empty.status).toBe(2);
    expectNoStack(empty);
  });
});

describe('--format json', () => {
  test.each([
    ['validate inventory.yaml', 0],
    ['validate wrong.yaml', 2],
    ['validate warned.yaml', 0],
    ['render inventory.yaml', 0],
    ['certs list inventory.yaml', 0],
    ['certs check inventory.yaml', 0],
    ['schema', 0],
    ['versions', 0],
    ['upgrade-check old.yaml --to 1.23', 0],
    ['upgrade-check blocked.yaml --to 1.24', 1],
  ])('%s gives one JSON document on standard output', (line, status) => {
    const result = run(`${line} --format json`);
    expect(result.status).toBe(status);
    expect(JSON.parse(result.stdout)).toBeTypeOf('object');
  });

  test('diagnostics say where', () => {
    const [first] = JSON.parse(run('validate wrong.yaml --format json').stdout);
    expect(first).toMatchObject({ code: 'unknown-key', severity: 'error' });
    expect(JSON.stringify(first)).toContain('"line":5');
  });

  test('the diagnostics of a failed render are JSON on standard error', () => {
    const { stdout, stderr } = run('render wrong.yaml --format json');
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)[0].code).toBe('unknown-key');
  });
});

describe('--quiet', () => {
  test.each(['validate inventory.yaml', 'validate warned.yaml', 'render inventory.yaml'])(
    '%s says nothing',
    (line) => expect(run(`${line} --quiet`)).toEqual({ status: 0, stdout: '', stderr: '' }),
  );

  test('errors are said all the same', () => {
    expect(run('validate wrong.yaml --quiet').stderr).toContain('unknown-key');
  });

  test('without it the warning is there, and does not fail', () => {
    const { status, stderr } = run('validate warned.yaml');
    expect(status).toBe(0);
    expect(stderr).toContain('warning[');
  });
});

describe('versions', () => {
  test('marks the default, which an inventory without a version means', () => {
    const { status, stdout } = run('versions');
    const [marked, ...more] = stdout.split('\n').filter((line) => /^\d\S+ \*/.test(line));
    expect({ status, more }).toEqual({ status: 0, more: [] });
    const { default: version } = JSON.parse(run('versions --format json').stdout);
    expect(marked?.split(' ')[0]).toBe(version);
  });
});

describe('upgrade-check', () => {
  test('exits 0 when nothing blocks, and has a paragraph for each step', () => {
    const { status, stdout } = run('upgrade-check old.yaml --to 1.23');
    expect(status).toBe(0);
    expect(stdout.match(/^1\.\d+\.\d+ -> 1\.\d+\.\d+$/gm)).toEqual([
      '1.20.2 -> 1.21.14',
      '1.21.14 -> 1.22.17',
      '1.22.17 -> 1.23.17',
    ]);
  });

  test('exits 1 when something blocks; --quiet prints that alone', () => {
    expect(run('upgrade-check blocked.yaml --to 1.24').status).toBe(1);
    const { status, stdout } = run('upgrade-check blocked.yaml --to 1.24 --quiet');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^1\.23\.17 -> 1\.24\.17\n {2}blocks {4}dockershim: /);
    expect(run('upgrade-check old.yaml --to 1.23 --quiet').stdout).toBe('');
  });

  test('one minor is a screen or two', () => {
    for (const to of ['1.21', '1.20.15']) {
      const { stdout } = run(`upgrade-check old.yaml --to ${to}`);
      expect(stdout.split('\n').length).toBeLessThan(60);
      expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
    }
  });

  test.each([
    ['1.19', /cannot be downgraded/],
    ['1.20.1', /older than the inventory's 1\.20\.2/],
    ['1.20.2', /at 1\.20\.2 already/],
    ['1.99', /not known/],
    ['soon', /no version/],
  ])('--to %s ends with 2 and a way on', (to, message) => {
    const result = run(`upgrade-check old.yaml --to ${to}`);
    expect({ status: result.status, stdout: result.stdout }).toEqual({ status: 2, stdout: '' });
    expect(result.stderr).toMatch(message);
    expect(result.stderr).toContain('  fix: ');
    expectNoStack(result);
  });

  test('takes the inventory from standard input', () => {
    const { status, stdout } = run(
      'upgrade-check - --to 1.24',
      readFileSync(join(folder, 'blocked.yaml'), 'utf8'),
    );
    expect(status).toBe(1);
    expect(stdout).toContain('1.23.17 -> 1.24.17');
  });
});

describe('colour', () => {
  const colourStart = '\u001b[';
  /** script(1) gives the command a terminal. */
  const onTerminal = (line: string, environment: Record<string, string> = {}) =>
    spawnSync('script', ['-qec', `${process.execPath} ${cli} ${line}`, '/dev/null'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '', ...environment },
    }).stdout;

  test('is never in a pipe', () => {
    expect(run('validate wrong.yaml').stderr).not.toContain(colourStart);
  });

  test('is on a terminal, but not with --no-color or NO_COLOR', () => {
    const hasScript = spawnSync('script', ['--version']).status === 0;
    if (!canRun('colours on a terminal', { script: hasScript })) return;
    expect(onTerminal('validate wrong.yaml')).toContain(colourStart);
    expect(onTerminal('validate wrong.yaml --no-color')).not.toContain(colourStart);
    expect(onTerminal('validate wrong.yaml', { NO_COLOR: '1' })).not.toContain(colourStart);
  });
});

describe('streams', () => {
  test('a reader that stops early is no error', () => {
    const script = 'set -o pipefail; "$0" "$1" schema | head -1; echo "${PIPESTATUS[@]}"';
    const { stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, cli], { encoding: 'utf8' });
    expect(stdout).toBe('{\n0 0\n');
    expect(stderr).toBe('');
  });

  test('nor one that never reads', () => {
    const script = '{ sleep 1; "$0" "$1" schema; echo $? >&2; } | true';
    const { stderr } = spawnSync('bash', ['-c', script, process.execPath, cli], { encoding: 'utf8' });
    expect(stderr).toBe('0\n');
  });

  test('a full disk behind standard output is status 3', () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [cli, 'schema'], {
      encoding: 'utf8',
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    expect(status).toBe(3);
    expect(stderr).toMatch(/^hardway: .*ENOSPC/);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });
});

describe('init', () => {
  test.each(['single', 'ha-stacked', 'ha-external'])(
    '--topology %s prints an inventory that validates',
    (topology) => {
      const { stdout } = run(`init --topology ${topology}`);
      expect(stdout).toMatch(/^#/);
      expect(run('validate -', stdout).status).toBe(0);
    },
  );
});
