// Turns a YAML document into plain values: follows aliases, checks limits and keys.

import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml';
import { type Path, pathKey } from './path.ts';
import type { Problem } from './problem.ts';
import { keyName, mergedPairs } from './yaml-merge.ts';
import { BRACES } from './yaml-syntax.ts';

/** Where a value is: offsets in the text of its key, of its beginning and of its end. */
export interface Place {
  readonly key: number;
  readonly value: number;
  readonly end: number;
  /** The text of a scalar as its author wrote it: `007`, whose value is 7. Null for lists and mappings. */
  readonly written: string | null;
}

/** Far more than any real file has. A few aliases of aliases could make billions of values. */
export const MAX_VALUES = 20_000;
export const MAX_DEPTH = 50;

/** What the walk through a document uses and fills. */
export interface Walk {
  readonly places: Map<string, Place>;
  readonly problems: Problem[];
  /** Places whose value could not be read. The fault is among the problems. */
  readonly unread: Path[];
  readonly problem: (offset: number, path: Path, message: string, hint?: string | null) => Problem;
  readonly scalarOf: (scalar: Scalar) => unknown;
  readonly maxValues: number;
}

/**
 * The plain values of a document: aliases resolved, every value's place noted, keys that cannot be used left out.
 * `exhausted` says that the walk was given up, so that the values are not all there.
 */
export function toPlain(document: Document.Parsed, walk: Walk): { value: unknown; exhausted: boolean } {
  let values = 0;
  let exhausted = false;
  const anchors = new Map<string, Node>();

  /** Ends the walk: the rest cannot be read. */
  const refuse = (offset: number, path: Path, message: string, hint: string): void => {
    if (!exhausted) walk.problems.push(walk.problem(offset, path, message, hint));
    exhausted = true;
  };

  const plain = (node: Node | null, path: Path, keyOffset: number | null): unknown => {
    const offset = node?.range?.[0] ?? keyOffset ?? 0;
    values += 1;
    if (values > walk.maxValues) {
      const message = `the file holds more than ${walk.maxValues} values`;
      refuse(offset, path, message, 'do aliases repeat one another?');
    } else if (path.length > MAX_DEPTH) {
      refuse(offset, path, 'the file is nested too deeply', 'does an alias hold itself?');
    }
    if (exhausted) return null;
    walk.places.set(pathKey(path), {
      key: keyOffset ?? offset,
      value: offset,
      end: node?.range?.[1] ?? offset,
      written: isScalar(node) ? (node.source ?? '') : null,
    });
    // Anchors stand before their aliases, and this walk follows the text.
    if (isAlias(node)) {
      const anchor = anchors.get(node.source);
      if (anchor !== undefined) return plain(anchor, path, keyOffset);
      refuse(offset, path, 'an alias has no anchor before it', 'quote a value that begins with *');
      return null;
    }
    if (isAnchored(node)) anchors.set(node.anchor, node);
    if (isTemplate(node)) {
      walk.problems.push(walk.problem(offset, path, BRACES.message, BRACES.hint));
      walk.unread.push(path);
      return null;
    }
    if (isMap(node)) return mapping(node, path);
    if (isSeq(node)) return node.items.map((item, i) => plain(item as Node | null, [...path, i], null));
    if (!isScalar(node)) return null;
    if (typeof node.value === 'string' && UNSTORABLE.test(node.value)) {
      walk.problems.push(walk.problem(offset, path, UNSTORABLE_FAULT.message, UNSTORABLE_FAULT.hint));
    }
    return walk.scalarOf(node);
  };

  const mapping = (map: YAMLMap, path: Path): Record<string, unknown> => {
    const result: Record<string, unknown> = {};
    const { pairs, refused } = mergedPairs(map, anchors);
    for (const { range } of refused.slice(0, 1)) refuse(range?.[0] ?? 0, path, MERGE.message, MERGE.hint);
    for (const pair of pairs) {
      const key = pair.key as Node | null;
      const offset = key?.range?.[0] ?? walk.places.get(pathKey(path))?.value ?? 0;
      const name = keyName(key);
      const fault = keyFault(name, result);
      if (fault !== null) {
        const place = name === null || name === '__proto__' ? path : [...path, name];
        walk.problems.push(walk.problem(offset, place, fault.message, fault.hint));
        continue;
      }
      result[name ?? ''] = plain(pair.value as Node | null, [...path, name ?? ''], offset);
    }
    return result;
  };

  const value = plain(document.contents as Node | null, [], null);
  return { value, exhausted };
}

/** Characters that no database can store: NUL, and half of a surrogate pair. A rule with such a name could not be recorded. */
const UNSTORABLE = /\0|\p{Surrogate}/u;
const UNSTORABLE_FAULT = {
  message: 'the text holds a character that cannot be stored (\\0 or half of a surrogate pair)',
  hint: 'remove the escape',
};

const MERGE = {
  message: 'a merge key (<<) takes a mapping, or a list of at most 50 mappings',
  hint: 'write `<<: *name`, with `&name` before a mapping above',
};

/** `{{ x }}`, which is a mapping with a mapping for its key. */
function isTemplate(node: Node | null): boolean {
  if (!isMap(node) || node.flow !== true || node.items.length !== 1) return false;
  const [pair] = node.items;
  return isMap(pair?.key) && pair.key.range?.[0] === (node.range?.[0] ?? 0) + 1;
}

function isAnchored(node: Node | null): node is Node & { anchor: string } {
  return node !== null && 'anchor' in node && typeof node.anchor === 'string';
}

function keyFault(
  name: string | null,
  seen: Readonly<Record<string, unknown>>,
): { message: string; hint: string } | null {
  if (name === null) return { message: 'a key must be a plain text', hint: 'write `key: value`' };
  if (UNSTORABLE.test(name)) return UNSTORABLE_FAULT;
  // Assigning to it would change the object's prototype instead of adding a key.
  if (name === '__proto__')
    return { message: 'the key "__proto__" cannot be used', hint: 'choose another name' };
  if (Object.hasOwn(seen, name)) {
    return { message: `the key "${name}" stands here twice`, hint: 'keep one of the two' };
  }
  return null;
}
