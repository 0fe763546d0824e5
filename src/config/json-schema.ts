// Finds the schema of a value in the file.

import { isRecord } from './path.ts';

/** The parts of JSON Schema that are used here. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  /** Our mark on texts that name values of the data, such as users. Authors write them without quotes. */
  readonly asWritten?: boolean;
  /** Our mark on keys made by `secretKey`. */
  readonly secret?: boolean;
}

/** The schemas that `value` may be meant for, with unions resolved. Of schemas with a fixed `type`, only its own. */
export function alternatives(schema: JsonSchema, value: unknown): JsonSchema[] {
  const parts = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (parts !== undefined) {
    const secret = schema.secret === true ? { secret: true } : {};
    return parts.flatMap((part) => alternatives({ ...part, ...secret }, value));
  }
  const kind = schema.properties?.type?.const;
  const isOther = kind !== undefined && isRecord(value) && value.type !== kind;
  return isOther ? [] : [schema];
}

/** The schemas of the value at `key` of `value`. */
export function childSchemas(
  schemas: readonly JsonSchema[],
  value: unknown,
  key: string | number,
): JsonSchema[] {
  return schemas
    .flatMap((schema) => alternatives(schema, value))
    .flatMap((schema) => {
      if (typeof key === 'number') return schema.items ?? [];
      const named = Object.hasOwn(schema.properties ?? {}, key) ? schema.properties?.[key] : undefined;
      const other = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
      return named ?? other ?? [];
    });
}

/** The schemas of the value at `path` of `root`, which `schema` describes. */
export function schemasAt(
  schema: JsonSchema,
  root: unknown,
  path: readonly (string | number)[],
): JsonSchema[] {
  let schemas: JsonSchema[] = [schema];
  let value = root;
  for (const key of path) {
    schemas = childSchemas(schemas, value, key);
    value =
      isRecord(value) || Array.isArray(value) ? (value as Record<string | number, unknown>)[key] : undefined;
  }
  return schemas.flatMap((found) => alternatives(found, value));
}

export function isSecret(schemas: readonly JsonSchema[]): boolean {
  return schemas.some((schema) => schema.secret === true);
}

/** Whether a value that a schema describes may contain a secret. */
export function holdsSecret(schema: JsonSchema): boolean {
  if (schema.secret === true) return true;
  const { properties = {}, additionalProperties, items, anyOf = [], oneOf = [], allOf = [] } = schema;
  const others = typeof additionalProperties === 'object' ? [additionalProperties] : [];
  const parts = [...Object.values(properties), ...others, ...anyOf, ...oneOf, ...allOf];
  return (items !== undefined && holdsSecret(items)) || parts.some(holdsSecret);
}

/** A text from a variable as the scalar that is expected: a number or a boolean where the schema takes no text. */
export function coerceText(schemas: readonly JsonSchema[], text: string): string | number | boolean {
  const plain = schemas.flatMap((schema) => alternatives(schema, text));
  if (plain.some((schema) => takesText(schema, text))) return text;
  const takes = (...types: string[]) => plain.some((schema) => types.some((type) => hasType(schema, type)));
  if (takes('number', 'integer') && /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (takes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/** Whether the author's own text is expected, not a number or a boolean. */
export function takesTextOnly(schemas: readonly JsonSchema[]): boolean {
  const plain = schemas.flatMap((schema) => alternatives(schema, null));
  const takes = (...types: string[]) => plain.some((schema) => types.some((type) => hasType(schema, type)));
  const isOpen = plain.some(
    (schema) => schema.type === 'string' && !schema.enum && schema.const === undefined,
  );
  return isOpen && !takes('number', 'integer', 'boolean');
}

function takesText(schema: JsonSchema, text: string): boolean {
  if (schema.const !== undefined) return schema.const === text;
  if (schema.enum !== undefined) return schema.enum.includes(text);
  if (!hasType(schema, 'string')) return schema.type === undefined;
  return schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(text);
}

function hasType(schema: JsonSchema, type: string): boolean {
  if (typeof schema.const === type) return true;
  return typeof schema.type === 'string' ? schema.type === type : (schema.type ?? []).includes(type);
}
