/** etcd's own configuration file, in the names of its flags. Beside it etcd reads neither flags nor variables. */
import { isRecord, readYaml, type Steps } from '../verify/read-yaml.ts';
import type { Flag } from '../verify/view.ts';

/** Fields of the two maps, which flags have with a prefix or without (embed/config.go, `securityConfig`). */
const prefixes: Readonly<Record<string, string>> = {
  'client-transport-security': '',
  'peer-transport-security': 'peer-',
};

export function etcdConfigFlags(file: string, text: string): Flag[] {
  return readYaml(text).documents.flatMap(({ value, lineOf }) =>
    Object.entries(value).flatMap(([name, item]) => {
      const prefix = prefixes[name];
      if (prefix !== undefined && isRecord(item))
        return Object.entries(item).map(([field, one]) =>
          flagOf(`${prefix}${field}`, one, file, lineOf, [name, field]),
        );
      return [flagOf(name, item, file, lineOf, [name])];
    }),
  );
}

function flagOf(
  name: string,
  value: unknown,
  file: string,
  lineOf: (steps: Steps) => number,
  steps: Steps,
): Flag {
  return {
    name,
    value: Array.isArray(value) ? value.join(',') : String(value ?? ''),
    file,
    line: lineOf(steps),
  };
}
