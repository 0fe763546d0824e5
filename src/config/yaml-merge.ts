// Follows YAML merge keys (<<).

import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';

/** Far more mappings than people merge into one. */
const MAX_MERGED = 50;

/** A mapping with its merge keys (`<<`) followed. */
export interface Merged {
  /** Its pairs, then those of the merged mappings for keys that it lacks. */
  readonly pairs: readonly Pair[];
  /** Values of merge keys that are no mappings, or one mapping too many. */
  readonly refused: readonly Node[];
}

/**
 * Follows merge keys as YAML 1.1 defines them, like most parsers of 1.2. A key of the mapping itself takes precedence over
 * a merged one, and an earlier merged mapping over a later one.
 */
export function mergedPairs(map: YAMLMap, anchors: ReadonlyMap<string, Node>): Merged {
  const pairs: Pair[] = [];
  const refused: Node[] = [];
  // A mapping that merges itself, or another one twice, adds nothing.
  const seen = new Set<YAMLMap>();
  let waiting = [map];
  for (let from = waiting.shift(); from !== undefined; from = waiting.shift()) {
    if (seen.has(from)) continue;
    if (seen.size > MAX_MERGED) return { pairs, refused: [from] };
    seen.add(from);
    const names = new Set(pairs.map((pair) => keyName(pair.key)));
    const merged: YAMLMap[] = [];
    for (const pair of from.items) {
      if (!isMergeKey(pair.key)) {
        const name = keyName(pair.key);
        if (name === null || !names.has(name)) pairs.push(pair);
        continue;
      }
      for (const node of isSeq(pair.value) ? pair.value.items : [pair.value]) {
        const base = isAlias(node) ? anchors.get(node.source) : node;
        if (isMap(base)) merged.push(base);
        else refused.push((node ?? pair.key) as Node);
      }
    }
    waiting = [...merged, ...waiting];
  }
  return { pairs, refused };
}

/** The text of a key, or null when it is a list or a mapping. */
export function keyName(key: unknown): string | null {
  return isScalar(key) ? (key.source ?? String(key.value)) : null;
}

/** A `<<` in quotes is a key like any other. */
function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.source === '<<';
}
