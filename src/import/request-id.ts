// The request_id that makes an import safe to repeat.

import { v5, validate } from 'uuid';
import type { CallRow } from '../stores/audit-store.ts';

/** Namespaces of the ids that are made here: never change them, or what was imported before is imported again. */
const OF_REQUEST_IDS = '5b4e9f0a-3d0c-4c53-9a56-0c9a4b1f7a11';
const OF_CONTENTS = '8d1f6a52-64a7-4d1c-8f27-2f4f4e8a9c33';

const SHARDS = 256;

/**
 * Gives every row of one run its request_id, the same on each repetition of the run: a UUID as it is, another text
 * turned into one, and for a row without one the id of its content and its rank among equal rows (counted here, at
 * some fifty bytes for each row without an id).
 */
export function requestIds(): (row: CallRow) => CallRow {
  // Sharded, for a single Map ends at 16 million entries.
  const ranks = Array.from({ length: SHARDS }, () => new Map<number, number>());
  return (row) => {
    const given = row.request_id;
    if (given !== undefined && given !== null) {
      const text = String(given);
      return { ...row, request_id: validate(text) ? text.toLowerCase() : v5(text, OF_REQUEST_IDS) };
    }
    const content = v5(JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))), OF_CONTENTS);
    const shard = ranks[Number.parseInt(content.slice(-2), 16)] as Map<number, number>;
    // 48 bits of the hash: in the rare case that two rows share them, their ranks go on counting, still the same each time.
    const hash = Number.parseInt(content.replaceAll('-', '').slice(0, 12), 16);
    const rank = (shard.get(hash) ?? 0) + 1;
    shard.set(hash, rank);
    return { ...row, request_id: v5(`${content} ${rank}`, OF_CONTENTS) };
  };
}
