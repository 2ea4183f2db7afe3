import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { objectName, readManifest } from '../../../src/addons/manifest.ts';

const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n';
const secret = `# the password is hunter2
apiVersion: v1
kind: Secret
metadata:
  name: db # hunter2
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{"stringData":{"password":"hunter2"}}'
    other: kept
data: { password: aHVudGVyMg== }
stringData: { user: hunter2 }
`;
const namesOf = (text: string) => readManifest(text).objects.map((one) => `${one.line} ${objectName(one)}`);
const problemsOf = (text: string) =>
  readManifest(text).problems.map(({ line, message }) => `${line} ${message}`);

describe('objects', () => {
  test('of several documents, empty ones left out, with their lines', () => {
    expect(namesOf(`---\n# nothing\n---\n${configMap}---\n---  # and\n${configMap}`)).toEqual([
      '4 ConfigMap a',
      '9 ConfigMap a',
    ]);
  });

  test('with line ends of Windows', () => {
    expect(namesOf(`${configMap}---\n${configMap}`.replaceAll('\n', '\r\n'))).toHaveLength(2);
  });

  test('of lists, also of lists in lists, each with its own line', () => {
    const text = `apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: ConfigMap, metadata: { name: a } }
  - apiVersion: v1
    kind: ConfigMapList
    items:
      - { apiVersion: v1, kind: ConfigMap, metadata: { name: b, namespace: x } }
`;
    expect(namesOf(text)).toEqual(['4 ConfigMap a', '8 ConfigMap x/b']);
  });

  test('of JSON', () => {
    expect(namesOf('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}')).toEqual([
      '1 ConfigMap a',
    ]);
  });

  test('of the namespace default are those of none', () => {
    expect(namesOf(configMap.replace('name: a', 'name: a, namespace: default'))).toEqual(['1 ConfigMap a']);
  });

  test('with aliases and merge keys, as kubectl takes them', () => {
    const text = `${configMap}x: &x { b: 1 }\ndata: { <<: *x, c: "2" }\n`;
    expect(problemsOf(text)).toEqual([]);
  });

  test('run images of all their containers, wherever these stand', () => {
    const text = `apiVersion: batch/v1
kind: CronJob
metadata: { name: a }
spec:
  jobTemplate: { spec: { template: { spec: {
    initContainers: [{ image: "a:1" }], containers: [{ image: "b:1" }, { image: "a:1" }, { image: "../a b" }, { name: none }] } } } }
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: a }
spec: { properties: { containers: { type: array, items: { image: { type: string } } } } }
`;
    expect(readManifest(text).objects.map(({ images }) => images)).toEqual([['a:1', 'b:1'], []]);
  });
});

describe('what is wrong is told with its line', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['nothing', '# nothing\n', '1 holds no object'],
    ['a NUL', `${configMap}data: { a: "\0" }\n`, '4 holds the character U+0000, which YAML does not allow'],
    ['bytes that are no UTF-8', `${configMap}# \ufffd\n`, '4 is not UTF-8 text'],
    ['no YAML', `${configMap}---\na: [\n`, '5 is not valid YAML'],
    ['a key twice', `${configMap}kind: Secret\n`, '4 is not valid YAML (map keys must be unique)'],
    ['a text', 'hello\n', '1 is no Kubernetes object'],
    ['a list', '- a\n', '1 is no Kubernetes object'],
    ['no apiVersion', configMap.replace(/^apiVersion.*\n/, ''), '1 lacks apiVersion'],
    ['a number as version', configMap.replace('v1', '1'), '1 has an unusable apiVersion, the number 1'],
    ['no kind', configMap.replace(/kind.*\n/, ''), '1 lacks kind'],
    ['a kind of lower case', configMap.replace('ConfigMap', 'configmap'), '1 has an unusable kind'],
    ['no metadata', configMap.replace(/metadata.*\n/, ''), '1 lacks metadata.name'],
    [
      'a number as name',
      configMap.replace('name: a', 'name: 5'),
      '1 has an unusable metadata.name, the number 5',
    ],
    ['a name with a slash', configMap.replace('name: a', 'name: a/b'), '1 has an unusable metadata.name'],
    [
      'a name made up each time',
      configMap.replace('name: a', 'generateName: a'),
      '1 has metadata.generateName',
    ],
    [
      'a wrong namespace',
      configMap.replace('name: a', 'name: a, namespace: A'),
      '1 has an unusable metadata.namespace',
    ],
    [
      'an item without a kind',
      'apiVersion: v1\nkind: List\nitems:\n  - { apiVersion: v1 }\n',
      '4 lacks kind',
    ],
    ['text that kubectl drops', `${configMap}--- {apiVersion: v1}\n`, '4 has text behind "---"'],
    [
      'more than etcd takes',
      `${configMap}data: { a: ${'x'.repeat(1_600_000)} }\n`,
      '1 holds an object of 16000',
    ],
    [
      'aliases that grow',
      `${configMap}a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n`,
      '1 grows without bounds',
    ],
  ];
  test.each(cases)('%s', (_, text, message) => {
    const problems = problemsOf(text);
    expect(problems[0]).toContain(message);
    expect(readManifest(text).problems.every(({ fix }) => fix.length > 5)).toBe(true);
  });

  test('all of it at once', () => {
    expect(problemsOf(`kind: a\n---\n${configMap}---\nhello\n`)).toHaveLength(4);
  });

  test('without showing what may be secret', () => {
    for (const text of [
      `${secret}x: [hunter2\n`,
      `${secret}hunter2\n`,
      `a: "hunter2\n`,
      secret.replace('db', '[hunter2'),
      `${secret}y: *hunter2\n`,
    ])
      expect(JSON.stringify(readManifest(text).problems), text).not.toContain('hunter2');
  });
});

describe('the form for review', () => {
  test('is the text itself without a Secret', () => {
    const text = `# why\n${configMap}`;
    expect(readManifest(text).review).toBe(text);
  });

  const places = {
    alone: secret,
    'among others': `${configMap}# hunter2\n---\n${secret}`,
    'in a list': JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: parseAllDocuments(secret).map((one) => one.toJS()),
    }),
  };
  test.each(Object.entries(places))('shows nothing of a Secret %s', (_, text) => {
    const { review, objects, problems } = readManifest(text);
    expect(problems).toEqual([]);
    expect(review).not.toMatch(/hunter2|aHVudGVyMg/);
    expect(review).toMatch(/password: REDACTED/);
    expect(review).toMatch(/other: kept/);
    expect(readManifest(review).objects.map(objectName)).toEqual(objects.map(objectName));
  });

  test('nothing of one that has items too, whatever these are', () => {
    for (const items of ['[]', '[{ apiVersion: v1, kind: ConfigMap, metadata: { name: a } }]'])
      expect(readManifest(`${secret}items: ${items}\n`).review, items).not.toMatch(/hunter2|aHVudGVyMg/);
  });

  test('nothing of a SecretList whose items do not say that they are Secrets', () => {
    const item = { metadata: { name: 'db' }, stringData: { password: 'hunter2' } };
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'SecretList', items: [item] });
    expect(readManifest(list).review).not.toContain('hunter2');
  });

  test('nothing of what a server keeps of those who wrote a Secret', () => {
    const { review } = readManifest(
      secret.replace('  annotations:', '  managedFields: [hunter2]\n  annotations:'),
    );
    expect(review).toContain('managedFields: REDACTED');
    expect(review).not.toContain('hunter2');
  });

  test('whatever stands in place of the values', () => {
    for (const data of ['hunter2', '[hunter2]', '{ a: { b: hunter2 } }', '{ a: 5, b: [hunter2] }'])
      expect(readManifest(secret.replace('{ password: aHVudGVyMg== }', data)).review).not.toContain(
        'hunter2',
      );
  });
});
