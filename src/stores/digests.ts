// Which minutes changed, by the versions of rows or by their content.

import type { Cube } from '../model/cube.ts';
import { isRefusal } from '../model/errors.ts';
import type { SqlSession } from '../sql/port.ts';
import { attempt } from './attempt.ts';
import type { Mapping, SegmentDigest } from './audit-store.ts';
import { type DigestRow, digestSql, digestsOf } from './digest-sql.ts';
import { type RowVersions, rowVersionsOf } from './row-versions.ts';
import type { TimeType } from './time-sql.ts';

/** Digests of one store's rows, in one look after the other. */
export interface Digests {
  /** As AuditSnapshot says, in that snapshot's transaction. */
  ask(
    cubes: readonly Cube[],
    edges: readonly number[],
    timeType: TimeType,
    session: SqlSession,
  ): Promise<SegmentDigest[]>;
  /** Finds out again at the next question whether rows have versions: a right was revoked, or another table took the place. */
  forget(): void;
}

/** A partition that is stored elsewhere may be attached at any time; the comparison finds what changed in it until then. */
const LOOKED_AT_EVERY = 60;

/**
 * By the versions of rows where the table has some, else by what is in them. What PostgreSQL knows of a table others that
 * speak like it may not, or not for every row: a store that once refused is not asked for versions again.
 */
export function openDigests(mapping: Mapping): Digests {
  /** Undefined before the first question. */
  let versions: RowVersions | null | undefined;
  let asked = 0;

  return {
    async ask(cubes, edges, timeType, session) {
      const askBy = async (by: RowVersions | null): Promise<SegmentDigest[]> => {
        const statement = digestSql(cubes, edges, mapping, timeType, by);
        if (statement === null) return [];
        return digestsOf(await session.query<DigestRow>(statement.text, statement.values));
      };
      asked += 1;
      if (versions != null && asked % LOOKED_AT_EVERY === 0) versions = undefined;
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
        // This look is lost, and its rules ask the store directly; a savepoint for each would cost all looks a round trip or two.
        if (isRefusal(error)) versions = null;
        throw error;
      }
    },
    forget: () => {
      versions = undefined;
    },
  };
}
