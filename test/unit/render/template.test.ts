import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hostFiles } from '../../../src/catalog/host-files.ts';
import { templatesDir } from '../../../src/lib/package-root.ts';
import { compileTemplate } from '../../../src/lib/template-compiler.ts';
import { loadTemplates } from '../../../src/render/template.ts';
import { temporaryFolder } from '../../support/cli.ts';

const folder = temporaryFolder('template');
mkdirSync(join(folder, 'etc/kubernetes'), { recursive: true });
writeFileSync(
  join(folder, 'etc/kubernetes/_overrides.hbs'),
  readFileSync(join(templatesDir, 'etc/kubernetes/_overrides.hbs')),
);

const context = {
  name: 'kube "1" & <co>',
  zero: 0,
  yes: true,
  no: false,
  empty: [],
  words: ['--a=1', '--b=$HOME'],
  items: [
    { name: 'one', inner: ['x', 'y'] },
    { name: 'two', inner: [] },
  ],
  map: { key: 'value', deep: { er: 'still' } },
};
let number = 0;

function render(text: string, values: object = context): string {
  const name = `t${number++}.hbs`;
  writeFileSync(join(folder, name), text);
  return loadTemplates(folder).get(name)(values);
}

describe('what is there is written', () => {
  test.each([
    ['{{name}}', 'kube "1" & <co>'],
    ['{{map.key}} {{map.deep.er}}', 'value still'],
    ['{{zero}} {{yes}} {{no}}', '0 true false'],
    ['{{#each items}}{{name}}:{{#each inner}}{{this}}{{@index}}{{/each}};{{/each}}', 'one:x0y1;two:;'],
    ['{{#each map}}{{@key}} {{/each}}', 'key deep '],
    ['{{#each empty}}x{{else}}none{{/each}}', 'none'],
    ['{{#if no}}a{{else}}b{{/if}}{{#unless no}}c{{/unless}}', 'bc'],
    ['{{#with map}}{{key}}{{/with}}', 'value'],
    ['{{#each items}}{{../map.key}}{{/each}}', 'valuevalue'],
    ['{{#each items}}{{@root.map.key}}{{/each}}', 'valuevalue'],
  ])('%s', (text, wanted) => expect(render(text)).toBe(wanted));
});

describe('a name that is not there stops the render and is named', () => {
  test.each([
    ['{{missing}}', 'missing'],
    ['{{map.missing}}', 'missing'],
    ['{{map.deep.missing}}', 'missing'],
    ['{{missing.deeper}}', 'missing'],
    ['{{env missing}}', 'missing'],
    ['{{yaml map.missing}}', 'map.missing'],
    ['{{envWords missing}}', 'missing'],
    ['{{unitEnv "A" missing}}', 'missing'],
    ['{{#if missing}}a{{/if}}', 'missing'],
    ['{{#if map.missing}}a{{/if}}', 'map.missing'],
    ['{{#unless missing}}a{{/unless}}', 'missing'],
    ['{{#each missing}}a{{/each}}', 'missing'],
    ['{{#each map.missing}}a{{/each}}', 'map.missing'],
    ['{{#with missing}}a{{/with}}', 'missing'],
    ['{{#each items}}{{missing}}{{/each}}', 'missing'],
    ['{{#each items}}{{this.missing}}{{/each}}', 'missing'],
    ['{{#each items}}{{env missing}}{{/each}}', 'missing'],
    ['{{#each items}}{{#if missing}}a{{/if}}{{/each}}', 'missing'],
    ['{{#each items}}{{../missing}}{{/each}}', 'missing'],
    ['{{#each items}}{{@root.missing}}{{/each}}', 'missing'],
    ['{{#with map}}{{missing}}{{/with}}', 'missing'],
    ['{{#if yes}}{{env map.deep.missing}}{{/if}}', 'missing'],
    ['{{> etc/kubernetes/_overrides overrides=missing}}', 'missing'],
    ['{{> etc/kubernetes/_overrides overrides=map.missing}}', 'missing'],
    ['{{> etc/kubernetes/_overrides}}', 'overrides'],
  ])('%s', (text, name) =>
    expect(() => render(text)).toThrow(new RegExp(`templates/t\\d+\\.hbs: .*${name}`)),
  );

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'])(
    'nor is %s anything',
    (name) => {
      let written = '';
      try {
        written = render(`[{{${name}}}{{map.${name}}}]`);
      } catch {
        return;
      }
      expect(written).toBe('[]');
    },
  );

  test('an unknown helper and an unknown partial', () => {
    expect(() => render('{{shout name}}')).toThrow();
    expect(() => render('{{> nowhere}}')).toThrow();
  });
});

describe('helpers', () => {
  test('quote for their syntax', () => {
    expect(render('{{env name}}')).toBe('"kube \\"1\\" & <co>"');
    expect(render('{{json name}}')).toBe('"kube \\"1\\" & <co>"');
    expect(render('{{sh name}}')).toBe(`'kube "1" & <co>'`);
    expect(render('{{yaml zero}} {{yaml yes}}')).toBe('"0" "true"');
    expect(render('{{envWords words}}')).toBe('"--a=1 \\\n    --b=\\$HOME"');
  });

  test.each(['{{env map}}', '{{env items}}', '{{yaml map.deep}}', '{{envWords name}}', '{{sh empty}}'])(
    '%s is a mistake: the kind of value is wrong',
    (text) => expect(() => render(text)).toThrow(/wanted/),
  );

  test('a value that the syntax cannot carry stops the render', () => {
    expect(() => render('{{env name}}', { name: 'a\nb' })).toThrow(/environment file/);
    expect(() => render('{{envWords words}}', { words: ['a b'] })).toThrow(/word/);
  });
});

test('values are never templates themselves', () => {
  expect(render('{{name}}', { name: '{{secret}}', secret: 'x' })).toBe('{{secret}}');
});

describe('reads', () => {
  test.each([
    ['{{name}}', ['name']],
    ['{{map.key}} {{#if yes}}{{zero}}{{/if}}', ['map', 'yes', 'zero']],
    ['{{env map.key}}', ['map']],
    ['{{#each items}}{{name}}{{../secrets.token}}{{/each}}', ['items', 'secrets']],
    ['{{> etc/kubernetes/_overrides overrides=variables.x}}', ['variables', 'overrides', 'words']],
  ])('%s', (text, names) => {
    const name = `t${number++}.hbs`;
    writeFileSync(join(folder, name), text);
    expect([...loadTemplates(folder).reads(name)]).toEqual(expect.arrayContaining(names));
  });

  test('sees what is read through the root, so that no secret passes for public', () => {
    const name = `t${number++}.hbs`;
    writeFileSync(join(folder, name), '{{#each items}}{{@root.secrets.token}}{{/each}}');
    expect(loadTemplates(folder).reads(name).has('secrets')).toBe(true);
  });

  test('sees what a path in brackets names', () => {
    const name = `t${number++}.hbs`;
    writeFileSync(join(folder, name), '{{[secrets].[token]}}');
    expect(loadTemplates(folder).reads(name).has('secrets')).toBe(true);
  });
});

describe('the templates of hardway', () => {
  const templates = readdirSync(templatesDir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.hbs'),
  );
  const rows = new Set(hostFiles.flatMap(({ source }) => ('template' in source ? [source.template] : [])));
  /** Named by no row: read by other templates, or by code of their own. */
  const others = [
    '_kit/HOWTO.txt.hbs',
    '_report/audit.html.hbs',
    '_report/hardening.html.hbs',
    '_report/hosts.html.hbs',
    '_report/junit.xml.hbs',
    '_report/keys.html.hbs',
    '_report/overview.html.hbs',
    '_report/page.html.hbs',
    '_report/pki.html.hbs',
    '_report/ports.html.hbs',
    '_report/settings.html.hbs',
    '_report/topology.html.hbs',
    'etc/containerd/_hosts.toml.hbs',
    'etc/kubernetes/_overrides.hbs',
    'etc/kubernetes/auth/_kubeconfig.hbs',
  ];

  test.each(templates)('%s compiles and is named by a row, or is a known other', (name) => {
    const kind = name.startsWith('_report/') ? 'markup' : 'configuration';
    expect(() => compileTemplate(kind, templatesDir, name)).not.toThrow();
    expect(rows.has(name) !== others.includes(name), name).toBe(true);
  });

  test('every row has its template', () => {
    for (const name of [...rows, ...others]) expect(templates).toContain(name);
  });

  test.each([...rows])('%s: no value, no file', (name) => {
    const reads = loadTemplates(templatesDir).reads(name);
    if (reads.size > 0)
      expect(() => loadTemplates(templatesDir).get(name)({})).toThrow(/no value named|not defined/);
  });
});
