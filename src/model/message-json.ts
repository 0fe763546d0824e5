// The envelope that every webhook body has.

import { type JsonValue, jsonText } from './json.ts';
import type { MessageType } from './message.ts';
import { isoInstant } from './window.ts';

/** `{ "type", "timestamp", "data" }` as JSON text; `timestamp` in ms. */
export function messageJson(type: MessageType, timestamp: number, data: JsonValue): string {
  return jsonText({ type, timestamp: isoInstant(timestamp), data });
}

/** The body with `name`, the installation that it is from, first in its data. */
export function namedJson(json: string, name: string): string {
  // Type and timestamp, which come before, never hold this.
  return json.replace(/"data":\{(\}?)/, (_, end: string) => {
    return `"data":{"name":${JSON.stringify(name)}${end === '' ? ',' : end}`;
  });
}
