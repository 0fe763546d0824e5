// Examples of mappings and list entries, for hints.

import { holdsSecret, type JsonSchema } from './json-schema.ts';

/** A text that names one value of one key: `service = search`. */
const PAIR = /^\s*([A-Za-z_]\w*)\s*(?:==?|:)\s*["']?([\w.-]+)["']?\s*$/;

/** How an entry of a list of mappings begins: `match: …`. Null if the entries are no mappings. */
export function entryExample(entries: readonly JsonSchema[]): string | null {
  const hasName = entries.some(({ properties = {} }) => Object.hasOwn(properties, 'name'));
  const key = hasName ? 'name' : firstKey(entries);
  return key === null ? null : `${key}: …`;
}

/**
 * A mapping to write in place of a single value: `{ url: "https://…" }`. If the value must not be shown, the example has
 * at most the scheme of a URL. Null if no key is more likely to be meant than another.
 */
export function mappingExample(
  schemas: readonly JsonSchema[],
  value: unknown,
  isShowable: boolean,
): string | null {
  const text = String(value);
  const properties = schemas.flatMap((schema) => Object.keys(schema.properties ?? {}));
  if (properties.length === 0) {
    const [, name, meant] = (isShowable ? PAIR.exec(text) : null) ?? [];
    return name === undefined ? '{ name: … }' : `{ ${name}: ${meant} }`;
  }
  const key = firstKey(schemas);
  if (key === null) return null;
  const scheme = key === 'url' ? /^[a-z]+:(\/\/)?/.exec(text)?.[0] : undefined;
  if (scheme !== undefined) return `{ ${key}: "${scheme}…" }`;
  return `{ ${key}: ${isShowable && properties.length === 1 ? JSON.stringify(value) : '…'} }`;
}

/** The first required key, or the only key, or the only one that holds no secret. */
function firstKey(schemas: readonly JsonSchema[]): string | null {
  for (const { properties = {}, required = [] } of schemas) {
    const names = Object.keys(properties);
    const open = names.filter((name) => !holdsSecret(properties[name] as JsonSchema));
    const key = required[0] ?? [names, open].find(({ length }) => length === 1)?.[0];
    if (key !== undefined) return key;
  }
  return null;
}
