/** `hardway verify`: bundles against one another, wherever they come from. */
import { createHash } from 'node:crypto';
import { BundleFolderError, type FoundBundle, findBundles, listedSums } from '../bundle/folder.ts';
import { createInspector, type InspectedBundle, strangers } from '../bundle/inspect.ts';
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import type { CommonOptions, Io } from '../cli/io.ts';
import { maskSecrets } from '../diagnostics/visible.ts';
import { count, textTable } from '../lib/table.ts';
import type { Finding } from '../model/finding.ts';
import { type HeldKey, keyMap } from '../verify/keys.ts';
import { findingsText } from '../verify/text.ts';
import { checks, verifyCluster } from '../verify/verify.ts';

export interface VerifyOptions extends CommonOptions {
  readonly out: string;
  readonly keys: boolean;
}

/** Runs the command; warnings alone do not fail it. */
export async function verify(options: VerifyOptions, io: Io): Promise<ExitStatus> {
  let found: readonly FoundBundle[];
  try {
    found = findBundles(options.out);
  } catch (error) {
    if (!(error instanceof BundleFolderError)) throw error;
    io.stderr(`hardway: ${error.message}\n  fix: ${error.fix}\n`);
    return exitStatus.wrongInput;
  }
  const { findings, bundles } = await readAll(found, listedSums(options.out));
  // With a bundle missing, what the others say of its host would all look wrong.
  const [first] = bundles.length === found.length ? bundles : [];
  const facts = first === undefined ? undefined : { ...first.facts, now: io.now() };
  if (facts === undefined)
    io.stderr('hardway: the bundles are not checked against one another until all of them can be read\n');
  const hosts = bundles.map(({ bundle }) => bundle);
  const all = [
    ...findings,
    ...strangers(bundles),
    ...(facts === undefined ? [] : verifyCluster(facts, hosts)),
  ];
  const keys = facts === undefined ? [] : keyMap(facts, hosts);
  if (options.format === 'json') io.stdout(jsonOf(options.out, found.length, all, keys));
  else io.stdout(textOf(options, found.length, all, keys));
  return all.some(({ severity }) => severity === 'error') ? exitStatus.found : exitStatus.done;
}

async function readAll(found: readonly FoundBundle[], sums: ReadonlyMap<string, string> | undefined) {
  const inspect = createInspector();
  const findings: Finding[] = [];
  const bundles: InspectedBundle[] = [];
  const add = (check: string, host: string, message: string) =>
    findings.push({
      check,
      severity: 'error',
      host,
      file: undefined,
      line: undefined,
      message,
      fix: 'copy the whole output of one render anew',
    });
  for (const { name, file, read } of found) {
    if (read === undefined) {
      add('bundle-readable', name, `${file} is no ordinary file of at most 64 MiB`);
      continue;
    }
    const bytes = read();
    const sum = sums?.get(name);
    if (sums !== undefined && sum !== createHash('sha256').update(bytes).digest('hex'))
      add('sums-match', name, `SHA256SUMS has ${sum === undefined ? 'no sum' : 'another sum'} for ${file}`);
    const { inspected, findings: inBundle } = await inspect(name, bytes);
    findings.push(...inBundle);
    if (inspected !== undefined) bundles.push(inspected);
  }
  const names = new Set(found.map(({ name }) => name));
  for (const name of sums?.keys() ?? [])
    if (!names.has(name)) add('sums-match', name, `SHA256SUMS names a bundle of ${name}, which is not there`);
  return { findings, bundles };
}

function textOf(
  { keys: wantsKeys, quiet }: VerifyOptions,
  hosts: number,
  findings: readonly Finding[],
  keys: readonly HeldKey[],
): string {
  const rows = keys.map(({ host, file, key, why }) => [host, file, key, why]);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const verdict =
    findings.length === 0
      ? 'nothing found'
      : `${count(errors, 'error')}, ${count(findings.length - errors, 'warning')}`;
  return [
    findingsText(quiet ? findings.filter(({ severity }) => severity === 'error') : findings),
    wantsKeys ? textTable(['HOST', 'FILE', 'PRIVATE KEY', 'NEEDED BY'], rows) : '',
    quiet ? '' : `${count(hosts, 'bundle')}, ${count(checks.length, 'check')}: ${verdict}\n`,
  ].join('');
}

function jsonOf(
  out: string,
  bundles: number,
  findings: readonly Finding[],
  keys: readonly HeldKey[],
): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const document = {
    out,
    bundles,
    findings: findings.map(({ check, severity, host, file, line, message, fix }) => ({
      check,
      severity,
      host,
      file: file ?? null,
      line: line ?? null,
      message: maskSecrets(message),
      fix: maskSecrets(fix),
    })),
    totals: { errors, warnings: findings.length - errors },
    keys,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
