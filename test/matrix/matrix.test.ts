/**
 * Clusters of every pair of settings, rendered in memory, verified and audited whole: versions, runtimes,
 * proxy modes, bootstrap methods, address families, key algorithms, topologies, endpoints.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { auditCluster } from '../../src/audit/audit.ts';
import { releases } from '../../src/catalog/releases.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { templatesDir } from '../../src/lib/package-root.ts';
import type { Cluster, KeyAlgorithm } from '../../src/model/cluster.ts';
import type { NewKey } from '../../src/pki/keys.ts';
import { planHost } from '../../src/plan/plan.ts';
import { verifyCluster } from '../../src/verify/verify.ts';
import { type Bundles, bundlesOf } from '../support/bundles.ts';
import { clusterOf, pkiOf } from '../support/clusters.ts';
import { canRun, findProgram } from '../support/requirements.ts';
import { constraints, dimensions, inventoryOf, isAllowed, isForbidden } from './dimensions.ts';
import { expectedFailures } from './hardening.ts';
import { allowedPairs, pairsOf, pairwise } from './pairs.ts';

/** RSA keys take long to make: every cluster gets the same ones, each of them once. */
const pool = vi.hoisted(() => ({ keys: new Map<string, Promise<unknown>[]>(), taken: 0 }));
vi.mock(import('../../src/pki/keys.ts'), async (original) => {
  const real = await original();
  const generateKey = (algorithm: KeyAlgorithm): Promise<NewKey> => {
    const known = pool.keys.get(algorithm) ?? [];
    pool.keys.set(algorithm, known);
    const key = (known[pool.taken] ?? real.generateKey(algorithm)) as Promise<NewKey>;
    known[pool.taken] = key;
    pool.taken += 1;
    return key;
  };
  return { ...real, generateKey };
});

const combinations = pairwise(dimensions, isAllowed);
const titled = combinations.map((one) => [Object.values(one).join(' '), one] as const);

test('the combinations hold every pair that may be', () => {
  const held = new Set(combinations.flatMap(pairsOf));
  const wanted = allowedPairs(dimensions, isAllowed);
  expect([...wanted].filter((pair) => !held.has(pair))).toEqual([]);
  expect(wanted.size).toBeGreaterThan(150);
  expect(combinations.filter(isForbidden)).toEqual([]);
  // As few as can be: no fewer than the two longest lists multiplied, and not many more.
  const [longest = 0, second = 0] = Object.values(dimensions)
    .map((values) => values.length)
    .sort((a, b) => b - a);
  expect(combinations.length).toBeLessThan(Math.max(longest * second, 12) * 1.6);
});

test.each(constraints)('the inventory refuses: $why', ({ forbids }) => {
  const plain = combinations[0] ?? {};
  const changed = Object.entries(dimensions).flatMap(([name, values]) =>
    values.flatMap((value) => releases.map(({ minor }) => ({ ...plain, minor, [name]: value }))),
  );
  const cases = changed.filter(forbids);
  expect(cases.length).toBeGreaterThan(0);
  for (const one of cases) {
    const { diagnostics } = loadInventory(`apiVersion: hardway/v1\n${inventoryOf(one)}\n`, 'matrix.yaml');
    expect(
      diagnostics.filter(({ severity }) => severity === 'error'),
      JSON.stringify(one),
    ).not.toEqual([]);
  }
});

const installScript = readFileSync(join(templatesDir, '_bundle/install.sh'), 'utf8');

/** The hardening checks that fail on a host at least, sorted. */
function failuresOf(cluster: Cluster, { facts, bundles }: Bundles): string[] {
  const audited = bundles.map((bundle, index) => {
    const host = cluster.hosts[index];
    return { bundle, directories: host === undefined ? [] : planHost(cluster, host).directories };
  });
  const { results } = auditCluster({ ...facts, bundles: audited, installScript }, 'all');
  const failed = results.filter(({ status }) => status === 'fail').map(({ check }) => check.id);
  return [...new Set(failed)].sort();
}

const units = new Map<string, string>();

describe('every combination is whole', () => {
  beforeEach(() => {
    pool.taken = 0;
  });

  test.each(titled)('%s', async (_, combination) => {
    const cluster = clusterOf(inventoryOf(combination));
    const { facts, bundles } = bundlesOf(cluster, await pkiOf(cluster));
    const findings = verifyCluster(facts, bundles).map(
      ({ check, host, file, line, message }) => `${check} ${host}:${file}:${line}: ${message}`,
    );
    expect(findings).toEqual([]);
    expect(failuresOf(cluster, { facts, bundles })).toEqual(expectedFailures(combination));
    for (const { path, content } of bundles.flatMap(({ files }) => files)) {
      const [, name] = /^\/etc\/systemd\/system\/([^/]+)\.service$/.exec(path) ?? [];
      const hash = createHash('sha256').update(content).digest('hex').slice(0, 8);
      if (name !== undefined) units.set(`${name}-${hash}.service`, content.toString());
    }
  });
});

describe('units', () => {
  const systemd = findProgram('systemd-analyze');
  const folder = mkdtempSync(join(tmpdir(), 'matrix-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.skipIf(!canRun('units of the matrix', { 'systemd-analyze': systemd !== undefined }))(
    'every distinct one is taken by systemd-analyze verify',
    () => {
      expect(units.size).toBeGreaterThan(8);
      const paths = [...units].map(([name, text]) => {
        // Stand-ins for binaries, which are the host's: systemd only asks whether they can be run.
        const program = join(folder, name.replace('.service', ''));
        writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
        writeFileSync(
          join(folder, name),
          text.replace(/^ExecStart=\/usr\/local\/\S+/m, `ExecStart=${program}`),
        );
        return join(folder, name);
      });
      const { stderr, status } = spawnSync(systemd ?? '', ['verify', '--man=no', ...paths], {
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
      expect(status).toBe(0);
    },
  );
});
