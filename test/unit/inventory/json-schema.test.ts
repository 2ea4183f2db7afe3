import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { inventoryJsonSchema } from '../../../src/inventory/json-schema.ts';

const root = join(import.meta.dirname, '../../..');
const validate = new Ajv({ strict: true, strictTypes: false, allErrors: true }).compile(
  inventoryJsonSchema(),
);
const errorsOf = (text: string) => {
  validate(parse(text));
  return validate.errors ?? [];
};
const files = ['examples', 'templates/_starter'].flatMap((folder) =>
  readdirSync(join(root, folder)).map((name) => `${folder}/${name}`),
);

test.each(files)('%s is valid', (file) => {
  expect(errorsOf(readFileSync(join(root, file), 'utf8'))).toEqual([]);
});

const host = 'hosts: [{ name: a, address: 192.0.2.1, roles: [etcd, control-plane, worker] }]';

test.each([
  ['no apiVersion', host],
  ['another apiVersion', `apiVersion: v2\n${host}`],
  ['no hosts', 'apiVersion: hardway/v1'],
  ['empty hosts', 'apiVersion: hardway/v1\nhosts: []'],
  ['unknown key', `apiVersion: hardway/v1\nfoo: 1\n${host}`],
  ['unknown nested key', `apiVersion: hardway/v1\nnetwork: { serviceCidr: 10.96.0.0/12 }\n${host}`],
  ['unknown role', 'apiVersion: hardway/v1\nhosts: [{ name: a, address: 192.0.2.1, roles: [master] }]'],
  ['upper case name', 'apiVersion: hardway/v1\nhosts: [{ name: A, address: 192.0.2.1, roles: [worker] }]'],
  ['number as version', `apiVersion: hardway/v1\nkubernetes: { version: 1.20 }\n${host}`],
  ['port out of range', `apiVersion: hardway/v1\nendpoint: { port: 70000 }\n${host}`],
  ['relative path', `apiVersion: hardway/v1\netcd: { dataDir: etcd }\n${host}`],
  ['lower case variable', `apiVersion: hardway/v1\netcd: { env: { etcd_x: a } }\n${host}`],
  ['blank in a flag', `apiVersion: hardway/v1\ncomponents: { kubelet: { args: { v: "1 2" } } }\n${host}`],
  ['config of the scheduler', `apiVersion: hardway/v1\ncomponents: { scheduler: { config: {} } }\n${host}`],
  [
    'three networks',
    `apiVersion: hardway/v1\nnetwork: { podCIDR: [10.0.0.0/16, 10.1.0.0/16, 10.2.0.0/16] }\n${host}`,
  ],
])('%s is refused', (_, text) => {
  expect(errorsOf(text)).not.toEqual([]);
});

test('every key says what it means', () => {
  const schema = JSON.stringify(inventoryJsonSchema());
  expect(schema).toContain('"$schema":"http://json-schema.org/draft-07/schema#"');
  const count = (pattern: RegExp) => schema.match(pattern)?.length ?? 0;
  expect(count(/"description":/g)).toBeGreaterThan(80);
});
