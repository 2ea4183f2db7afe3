/** Conditions and placeholders that rows name: all exist, all are used, and the clusters of these tests reach them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { certificates } from '../../src/catalog/certificates.ts';
import { components } from '../../src/catalog/components.ts';
import { connections } from '../../src/catalog/connections.ts';
import { hostDirectories, hostFiles } from '../../src/catalog/host-files.ts';
import * as requirements from '../../src/catalog/requirements.ts';
import { templatesDir } from '../../src/lib/package-root.ts';
import { factsOf } from '../../src/plan/facts.ts';
import { manyPlans } from '../support/clusters.ts';

const facts = manyPlans.map(([, { cluster, host }]) => factsOf(cluster, host));
const known = Object.keys(facts[0]?.conditions ?? {});

const rows: readonly { readonly when?: string }[] = [
  ...components.flatMap((component) => component.flags),
  ...hostFiles,
  ...hostDirectories,
  ...Object.values(requirements).flat(),
];
const named = [
  ...rows.flatMap(({ when }) => (when === undefined ? [] : [when])),
  ...connections.flatMap(({ when = [] }) => when.map((one) => one.replace(/^!/, ''))),
];

/** `is.NAME` in templates. */
const inTemplates = readdirSync(templatesDir, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.hbs'))
  .flatMap((name) => [...readFileSync(join(templatesDir, name), 'utf8').matchAll(/\bis\.(\w+)/g)])
  .map(([, name = '']) => name);

const placeholders = components.flatMap((component) =>
  component.flags.flatMap(({ value }) => [...value.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)),
);

test('every condition of a row and of a template is a fact', () => {
  expect(named.length).toBeGreaterThan(20);
  expect(known).toEqual(expect.arrayContaining([...new Set([...named, ...inTemplates])]));
});

test('every condition is used', () => {
  expect([...new Set([...named, ...inTemplates])].sort()).toEqual([...known].sort());
});

test.each(known)('the clusters of these tests have %s both ways', (name) => {
  expect(new Set(facts.map(({ conditions }) => conditions[name]))).toEqual(new Set([true, false]));
});

test('every placeholder of a flag is a fact with a text, and every text is used', () => {
  const texts = Object.keys(facts[0]?.text ?? {});
  expect([...new Set(placeholders)].sort()).toEqual([...texts].sort());
});

describe.each(manyPlans)('%s', (_, { cluster, host }) => {
  const { conditions, text } = factsOf(cluster, host);

  test('every flag that is there has a value', () => {
    for (const { flag, value, when } of components.flatMap((component) => component.flags)) {
      if (when !== undefined && conditions[when] === false) continue;
      const filled = value.replace(/\{(\w+)\}/g, (_all, name: string) => text[name] ?? `no fact ${name}`);
      expect(filled, flag).toMatch(/^[^\s{}"'\\]+$/);
    }
  });
});

test('{node} is the one placeholder of certificates', () => {
  const found = certificates.flatMap(({ commonName }) => commonName.match(/\{\w+\}/g) ?? []);
  expect(new Set(found)).toEqual(new Set(['{node}']));
});

test('{scheduler} is the one placeholder of modules, and no plan shows it', () => {
  const found = requirements.modules.flatMap(({ name }) => name.match(/\{\w+\}/g) ?? []);
  expect(found).toEqual(['{scheduler}']);
  for (const [, plan] of manyPlans) expect(plan.modules.map(({ name }) => name).join()).not.toContain('{');
});
