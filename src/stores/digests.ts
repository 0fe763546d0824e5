// Finds which minutes changed, by the versions of rows or by their content.

import type { Aggregate } from '../model/aggregate.ts';
import { isRefusal } from '../model/errors.ts';
import type { SqlSession } from '../sql/port.ts';
import { attempt } from './attempt.ts';
import type { Mapping, SegmentDigest } from './audit-store.ts';
import { type DigestRow, digestSql, digestsOf } from './digest-sql.ts';
import { type RowVersions, rowVersionsOf } from './row-versions.ts';
import type { TimeType } from './time-sql.ts';

/** Digests of one store's rows, one refresh after the other. */
export interface Digests {
  /** As in RollupSource, in the snapshot's transaction. */
  ask(
    aggregates: readonly Aggregate[],
    edges: readonly number[],
    timeType: TimeType,
    session: SqlSession,
  ): Promise<SegmentDigest[]>;
  /** Makes the next question check again whether rows have versions: a right was revoked, or the table was replaced. */
  forget(): void;
}

/**
 * Refreshes between two checks of the table. A partition with another storage may be attached at any time; until then, its
 * changes are found by reconciling.
 */
const CHECKED_EVERY = 60;

/**
 * Digests by the versions of rows where the table has them, else by content. Databases that speak PostgreSQL's protocol may
 * lack versions, or have them for some rows only. A store that refuses once is not asked for versions again.
 */
export function openDigests(mapping: Mapping): Digests {
  /** Undefined before the first question. */
  let versions: RowVersions | null | undefined;
  let asked = 0;

  return {
    async ask(aggregates, edges, timeType, session) {
      const askBy = async (by: RowVersions | null): Promise<SegmentDigest[]> => {
        const statement = digestSql(aggregates, edges, mapping, timeType, by);
        if (statement === null) return [];
        return digestsOf(await session.query<DigestRow>(statement.text, statement.values), timeType);
      };
      asked += 1;
      if (versions != null && asked % CHECKED_EVERY === 0) versions = undefined;
      if (versions === undefined) {
        try {
          return await attempt(session, async () => {
            const found = await rowVersionsOf(mapping, session);
            const digests = await askBy(found);
            versions = found;
            return digests;
          });
        } catch (error) {
          if (!isRefusal(error)) throw error;
          versions = null;
        }
      }
      try {
        return await askBy(versions);
      } catch (error) {
        // This refresh fails, and its rules read the store directly. A savepoint would save it, but would cost every refresh
        // a round trip or two.
        if (isRefusal(error)) versions = null;
        throw error;
      }
    },
    forget: () => {
      versions = undefined;
    },
  };
}
