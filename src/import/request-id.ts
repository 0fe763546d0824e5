// Makes the request_id that lets an import be repeated safely.

import { v5, validate } from 'uuid';
import type { CallRow } from '../stores/audit-store.ts';

/** Namespaces of the generated ids. Never change them, or earlier imports would be imported again. */
const OF_REQUEST_IDS = '5b4e9f0a-3d0c-4c53-9a56-0c9a4b1f7a11';
const OF_CONTENTS = '8d1f6a52-64a7-4d1c-8f27-2f4f4e8a9c33';

const SHARDS = 256;

/**
 * Gives every row of a run its request_id, the same on each repetition of the run: a UUID as it is, another text converted
 * to one, and for a row without one the id of its content and its rank among equal rows (counted here, at some fifty bytes
 * for each such row).
 */
export function requestIds(): (row: CallRow) => CallRow {
  // Sharded, because a single Map holds at most 16 million entries.
  const ranks = Array.from({ length: SHARDS }, () => new Map<number, number>());
  return (row) => {
    const given = row.request_id;
    if (given !== undefined && given !== null) {
      const text = String(given);
      return { ...row, request_id: validate(text) ? text.toLowerCase() : v5(text, OF_REQUEST_IDS) };
    }
    const content = v5(JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))), OF_CONTENTS);
    const shard = ranks[Number.parseInt(content.slice(-2), 16)] as Map<number, number>;
    // 48 bits of the hash. In the rare case that two rows share them, they share a count of ranks, which is still the same
    // in each run.
    const hash = Number.parseInt(content.replaceAll('-', '').slice(0, 12), 16);
    const rank = (shard.get(hash) ?? 0) + 1;
    shard.set(hash, rank);
    return { ...row, request_id: v5(`${content} ${rank}`, OF_CONTENTS) };
  };
}
