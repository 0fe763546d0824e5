// The names that values have: those that any of several samples has, at every depth.

import { isObject } from './json-values.ts';
import type { Json, JsonObject } from './template.ts';

/** The names within a value. `fields` and `item` are null where no sample has an object or a list there. */
export interface Names {
  readonly fields: ReadonlyMap<string, Names> | null;
  readonly item: Names | null;
  /** Whether a sample has a text, a number or a truth value there. */
  readonly isScalar: boolean;
}

/** The names in all of some values. */
export function namesIn(values: readonly Json[]): Names {
  const objects = values.filter(isObject);
  const lists = values.filter((value): value is readonly Json[] => Array.isArray(value));
  const names = new Set(objects.flatMap((value) => Object.keys(value)));
  const under = (name: string): Json[] =>
    objects.flatMap((one) => (Object.hasOwn(one, name) ? [one[name] as Json] : []));
  return {
    fields: objects.length === 0 ? null : new Map([...names].map((name) => [name, namesIn(under(name))])),
    item: lists.length === 0 ? null : namesIn(lists.flat()),
    isScalar: values.some((value) => value !== null && typeof value !== 'object'),
  };
}

/** What a list, an object or a text has besides its own names. */
const BESIDE = ['size', 'first', 'last'];

/**
 * The place in a path whose name nothing has, with the names that there are; null for a path that can be there. Where only
 * null is known, any name may be.
 */
export function unknownIn(
  names: Names,
  path: readonly (string | number)[],
): { readonly place: number; readonly known: readonly string[] } | null {
  let here = names;
  for (const [place, name] of path.entries()) {
    const { fields, item, isScalar } = here;
    if (fields === null && item === null && !isScalar) return null;
    const isOfList = typeof name === 'number' || name === 'first' || name === 'last';
    const next = fields?.get(String(name)) ?? (isOfList ? item : null);
    if (next === null || next === undefined) {
      if (place > 0 && BESIDE.includes(String(name))) return null;
      return { place, known: [...(fields?.keys() ?? []), ...(item === null ? [] : BESIDE)] };
    }
    here = next;
  }
  return null;
}

/** The value with null for each name that it lacks. Nothing shows these but a template that names them. */
export function withNames(value: Json, names: Names): Json {
  if (Array.isArray(value)) {
    const { item } = names;
    return item === null ? value : (value as readonly Json[]).map((one) => withNames(one, item));
  }
  if (!isObject(value) || names.fields === null) return value;
  const copy = {};
  for (const [name, under] of names.fields) {
    const own = Object.hasOwn(value, name) ? (value[name] as Json) : undefined;
    Object.defineProperty(copy, name, {
      value: own === undefined ? null : withNames(own, under),
      enumerable: own !== undefined,
    });
  }
  return copy as JsonObject;
}
