import type { AuditSnapshot, RollupSource } from '../../src/stores/audit-store.ts';

/** What a store can tell of changes; throws for one that cannot. */
export function changesOf({ changes }: AuditSnapshot): RollupSource {
  if (changes === null) throw new Error('this store cannot tell what changed');
  return changes;
}
