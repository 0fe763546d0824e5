// JSON text as values that templates can use.

import type { Json, JsonObject } from './template.ts';

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** The object in a JSON text. A number that a double cannot hold in full becomes its text. */
export function jsonValues(text: string): JsonObject {
  const exact = text.replace(TOKEN, (token) => {
    return token.startsWith('"') || token.length < 16 || String(Number(token)) === token
      ? token
      : `"${token}"`;
  });
  return JSON.parse(exact) as JsonObject;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
