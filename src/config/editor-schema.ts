// The JSON Schema of alerts.yaml for editors, with the *_file keys.

import { isSecret, type JsonSchema } from './json-schema.ts';

/**
 * Adds to each key that holds a secret its `<key>_file` (one of the two where the key is required), allows `${NAME}` where
 * a number or a text with a pattern or few characters is expected, and drops the marks that only the loader reads.
 */
export function withFileKeys(schema: JsonSchema): JsonSchema {
  return rewrite(schema) as JsonSchema;
}

function rewrite(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(rewrite);
  if (typeof node !== 'object' || node === null) return node;
  const {
    secret: _mark,
    asWritten,
    properties,
    ...rest
  } = node as JsonSchema & { required?: readonly string[] };
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest))
    result[key] = key === 'propertyNames' ? value : rewrite(value);
  // To an editor `007` is the number 7. The loader takes the text.
  if (asWritten === true) return { ...result, type: ['string', 'number', 'boolean'] };
  if (properties === undefined) return isStrict(rest) ? orVariable(result) : result;

  const secrets = Object.entries(properties).filter(([, child]) => holdsSecret(child));
  const files = secrets.map(([key, child]) => [`${key}_file`, fileSchema(key, child)]);
  const own = Object.entries(properties).map(([key, child]) => [key, rewrite(child)]);
  result.properties = Object.fromEntries([...own, ...files]);

  const required = rest.required ?? [];
  const either = secrets.map(([key]) => key).filter((key) => required.includes(key));
  if (either.length === 0) return result;
  result.required = required.filter((key) => !either.includes(key));
  const choices = either.map((key) => ({ anyOf: [{ required: [key] }, { required: [`${key}_file`] }] }));
  return { ...result, allOf: choices };
}

/** Enumerations stay as they are, so that editors can complete them. */
function isStrict({ type, pattern, maxLength, const: fixed }: JsonSchema): boolean {
  const isLimited = pattern !== undefined || Number(maxLength) < LONGEST_VARIABLE;
  return fixed === undefined && (isLimited || ['number', 'integer', 'boolean'].some((t) => t === type));
}

/** The name of a variable may be longer than the text that it stands for. */
const LONGEST_VARIABLE = 100;

function orVariable({ description, default: fallback, ...scalar }: Record<string, unknown>) {
  const variable = { type: 'string', pattern: '\\$\\{' };
  const words = Object.entries({ description, default: fallback }).filter(([, word]) => word !== undefined);
  return { ...Object.fromEntries(words), anyOf: [scalar, variable] };
}

function holdsSecret(schema: JsonSchema): boolean {
  return isSecret([schema]) || (schema.items !== undefined && isSecret([schema.items]));
}

function fileSchema(key: string, schema: JsonSchema): Record<string, unknown> {
  const description = `A file that holds \`${key}\`; a relative path starts at the folder of alerts.yaml`;
  const path = { type: 'string', minLength: 1 };
  return schema.items === undefined
    ? { ...path, description }
    : { anyOf: [path, { type: 'array', items: path }], description };
}
