// Where rules stand, remembered from one quiet poll to the next.

import type { Standing } from './ledger.ts';
import type { State } from './open.ts';
import { onlyMovesOn, type Recording } from './record.ts';

/** So many polls may go by what is remembered: what somebody changes in the database by hand is seen by then. */
const LONGEST = 10;
/** After a pause this long another process has probably polled, and all that it did would be judged again for nothing. */
const TOO_OLD_MS = 10 * 60_000;

interface Memory {
  readonly fingerprints: readonly string[];
  readonly standing: ReadonlyMap<string, Standing>;
  readonly uses: number;
  /** When it was last known to be so, ms. */
  readonly asOf: number;
}

/**
 * The state, with where rules stand remembered from one quiet poll to the next, in which nothing changes but how far they
 * have come. Where another process has recorded meanwhile, the rules' progress is not what was remembered: `record`
 * refuses them as overtaken, the ledger is read again, and nothing is remembered any more: a process that polls the same
 * rules would be met at every poll. What a check said meanwhile moves no progress; the ledger keeps it from being said twice.
 */
export function rememberStanding(state: State, now: () => number): State {
  let memory: Memory | null = null;
  let isAlone = true;
  const isGood = ({ uses, asOf }: Memory): boolean => uses < LONGEST && Math.abs(now() - asOf) < TOO_OLD_MS;
  return {
    ...state,
    async readStanding(fingerprints) {
      if (memory !== null && isGood(memory) && isSame(memory.fingerprints, fingerprints)) {
        memory = { ...memory, uses: memory.uses + 1 };
      } else {
        memory = { fingerprints, standing: await state.readStanding(fingerprints), uses: 0, asOf: now() };
      }
      return new Map(memory.standing);
    },
    async record(recordings, at, leader) {
      const before = memory;
      memory = null;
      const recorded = await state.record(recordings, at, leader);
      isAlone &&= recorded.overtaken.length === 0;
      if (before !== null && isAlone && recorded.failed.size === 0)
        memory = movedOn({ ...before, asOf: now() }, recordings);
      return recorded;
    },
  };
}

/** Null where more is changed than how far the rules have come, or not all of them were recorded. */
function movedOn(memory: Memory, recordings: readonly Recording[]): Memory | null {
  if (recordings.length !== memory.fingerprints.length || !recordings.every(advances)) return null;
  const standing = new Map(
    recordings.map(({ fingerprint, progress }) => [
      fingerprint,
      { ...(memory.standing.get(fingerprint) ?? NOTHING), progress: progress?.at ?? null },
    ]),
  );
  return { ...memory, standing };
}

const NOTHING: Standing = { progress: null, episodes: [], said: [] };

/** A clock that was set back moves nothing on. */
function advances(recording: Recording): boolean {
  const { progress } = recording;
  return onlyMovesOn(recording) && progress !== null && progress.at >= (progress.before ?? progress.at);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}
