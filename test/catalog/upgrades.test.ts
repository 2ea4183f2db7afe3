/** The tables of catalog/upgrades, held against those of flags and releases. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configFieldsOf, flagsOf } from '../../src/catalog/flags/flags.ts';
import { releases } from '../../src/catalog/releases.ts';
import { noteConditions, upgradeNotes } from '../../src/catalog/upgrades/notes.ts';
import { removedApis } from '../../src/catalog/upgrades/removed-apis.ts';
import { etcdHops } from '../../src/catalog/upgrades/skew.ts';
import { templatesDir } from '../../src/lib/package-root.ts';
import { compareMinors, parseVersion } from '../../src/lib/version.ts';

/** Orders versions of three numbers. */
function compareVersions(left: string, right: string): number {
  const [one, other] = [parseVersion(left), parseVersion(right)];
  return compareMinors(one?.minor ?? '', other?.minor ?? '') || (one?.patch ?? 0) - (other?.patch ?? 0);
}

const minors = releases.map(({ minor }) => minor);

describe('notes', () => {
  test('are of minors that there are, oldest first', () => {
    const order = upgradeNotes.map(({ minor }) => minors.indexOf(minor));
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((left, right) => left - right));
  });

  test('use every condition', () => {
    const used = new Set(upgradeNotes.flatMap(({ when }) => when ?? []));
    expect([...used].sort()).toEqual([...noteConditions].sort());
  });

  test('name flags and fields that exist in their minor', () => {
    for (const { unlessSet } of upgradeNotes) {
      if (unlessSet?.flag !== undefined)
        expect(flagsOf(unlessSet.component)[unlessSet.flag], unlessSet.flag).toBeDefined();
      if (unlessSet?.field !== undefined && unlessSet.component === 'kubelet')
        expect(configFieldsOf('kubelet')[unlessSet.field], unlessSet.field).toBeDefined();
    }
  });

  test('name their source, and end without a full stop', () => {
    for (const { message, fix, source } of upgradeNotes) {
      expect(source).toMatch(/^[A-Za-z-]+\/[a-z-]+#\d+|^CHANGELOG-1\.\d+\.md$/);
      expect(`${message}|${fix}`).not.toMatch(/\.(?:$|\|)/);
    }
  });
});

describe('APIs that are gone', () => {
  test('are of minors that there are, each kind once', () => {
    const all = removedApis.flatMap(({ api, kinds }) => kinds.map((kind) => `${api} ${kind}`));
    expect(new Set(all).size).toBe(all.length);
    for (const { minor } of removedApis) expect(minors).toContain(minor);
  });

  test("none of hardway's own manifests asks for one", () => {
    const folder = join(templatesDir, 'etc/kubernetes');
    const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.yaml.hbs'))
      .map((name) => readFileSync(join(folder, name), 'utf8'));
    const used = texts.flatMap((text) =>
      [...text.matchAll(/^apiVersion: (\S+)\nkind: (\S+)$/gm)].map(([, api, kind]) => `${api} ${kind}`),
    );
    expect(used.length).toBeGreaterThan(10);
    const gone = removedApis.flatMap(({ api, kinds }) => kinds.map((kind) => `${api} ${kind}`));
    // Rendered below 1.23 only (test/versions/changes.test.ts).
    const old = ['policy/v1beta1 PodSecurityPolicy', 'policy/v1beta1 PodSecurityPolicy'];
    expect(used.filter((one) => gone.includes(one))).toEqual(old);
  });
});

describe('steps of etcd', () => {
  const pairs = releases.slice(1).map((row, index) => [releases[index]?.etcd ?? '', row.etcd] as const);

  test('lead from each release to the next', () => {
    for (const [old, now] of pairs) {
      const [from, to] = [old, now].map((version) => parseVersion(version)?.minor);
      expect(compareVersions(old, now), `${old} ${now}`).toBeLessThanOrEqual(0);
      if (from !== to) expect(etcdHops.find(({ minor }) => minor === to)?.from).toBe(from);
    }
  });

  test('the newest etcd before a step is new enough for it', () => {
    for (const [old, now] of pairs) {
      const row = etcdHops.find(({ minor }) => minor === parseVersion(now)?.minor);
      if (row?.atLeast === undefined || parseVersion(old)?.minor !== row.from) continue;
      expect(compareVersions(old, row.atLeast.version), old).toBeGreaterThanOrEqual(0);
    }
  });
});
