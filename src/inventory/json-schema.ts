/** schema.ts as a JSON Schema (draft-07, which editors understand). Looser than the checks where a pattern cannot say more. */
import { formats } from './formats.ts';
import { inventoryType } from './schema.ts';
import { defaultText, type Key, type Keys, type Type } from './types.ts';

export type JsonSchema = { readonly [keyword: string]: unknown };

/** The JSON Schema of an inventory. */
export function inventoryJsonSchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'hardway inventory',
    ...schemaOf(inventoryType),
  };
}

function schemaOf(type: Type): JsonSchema {
  switch (type.kind) {
    case 'text':
      return textSchema(type);
    case 'choice':
      return { type: 'string', enum: type.values };
    case 'integer':
      return { type: 'integer', minimum: type.min, maximum: type.max };
    case 'boolean':
      return { type: 'boolean' };
    case 'list': {
      const items = schemaOf(type.of);
      const many = { type: 'array', items, minItems: type.min, maxItems: type.max };
      return type.takesOne ? { anyOf: [items, many] } : many;
    }
    case 'record': {
      const propertyNames = type.keyFormat === undefined ? {} : { propertyNames: patternOf(type.keyFormat) };
      return { type: 'object', ...propertyNames, additionalProperties: schemaOf(type.of) };
    }
    case 'map':
      return mapSchema(type.keys);
    case 'switch':
      return { anyOf: [{ type: 'boolean' }, { ...mapSchema(type.settings.keys), type: 'object' }] };
    case 'any':
      return {};
  }
}

function textSchema(type: Type & { kind: 'text' }): JsonSchema {
  const types = [
    'string',
    ...(type.takesAnyScalar ? ['number', 'boolean'] : []),
    ...(type.takesNull ? ['null'] : []),
  ];
  return { type: types.length === 1 ? 'string' : types, ...patternOf(type.format) };
}

function patternOf(format: keyof typeof formats): JsonSchema {
  return { pattern: formats[format].pattern.source, maxLength: formats[format].maxLength };
}

function mapSchema(keys: Keys): JsonSchema {
  const entries = Object.entries(keys);
  const needed = entries.filter(([, entry]) => entry.isRequired).map(([name]) => name);
  return {
    // An empty section (`network:` with every key commented out) counts as absent.
    type: needed.length === 0 ? ['object', 'null'] : 'object',
    properties: Object.fromEntries(
      entries.map(([name, entry]) => [name, { ...schemaOf(entry.type), ...docsOf(entry) }]),
    ),
    ...(needed.length === 0 ? {} : { required: needed }),
    additionalProperties: false,
  };
}

function docsOf(entry: Key): JsonSchema {
  return {
    description: entry.isRequired ? entry.meaning : `${entry.meaning}. Default: ${defaultText(entry)}`,
  };
}
