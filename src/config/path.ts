// The path of a value in the file.

import { cutText } from '../model/display-text.ts';

/** Where a value is in a YAML file: keys and list positions from the root. */
export type Path = readonly (string | number)[];

/** A path as a map key. */
export function pathKey(path: Path): string {
  return JSON.stringify(path.map(String));
}

/** A path for people: `rules[2].where.user`. Other keys than plain names are quoted, and long ones are cut. */
export function pathText(path: Path): string {
  return path
    .map((key, i) => {
      if (typeof key === 'number') return `[${key}]`;
      if (!/^[\w-]{1,60}$/.test(key)) return `[${JSON.stringify(cutText(key, 60))}]`;
      return i === 0 ? key : `.${key}`;
    })
    .join('');
}

/** The value at `path`; undefined if there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) {
    if (!isRecord(value) && !Array.isArray(value)) return undefined;
    value = Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
  }
  return value;
}

/** Whether it is of the token of the API. */
export function isApiToken(path: Path): boolean {
  return path[0] === 'http' && /^token(_file)?$/.test(String(path[1]));
}

/** Whether only what sends or serves needs the value: of channels, the heartbeat and the API's token. */
export function isOfSending(path: Path): boolean {
  return path[0] === 'channels' || path[0] === 'heartbeat' || isApiToken(path);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
