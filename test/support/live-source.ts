import type { AuditStore } from '../../src/stores/audit-store.ts';
import { openLiveSums } from '../../src/sums/live/live-sums.ts';

/** Live sums over a store, kept in memory, and a source that polls ask. */
export function openLiveSource(store: AuditStore) {
  const live = openLiveSums(store, { latenessMs: 15 * 60_000, kept: null });
  return { live, source: { read: store.read, refresh: live.refresh, known: live.known } };
}
