import type { Standing } from './ledger.ts';
import type { State } from './open.ts';
import { onlyMovesOn, type Recording } from './record.ts';

/** So many polls may go by what is remembered: what somebody changes in the database by hand is seen by then. */
const LONGEST = 10;

interface Memory {
  readonly fingerprints: readonly string[];
  readonly standing: ReadonlyMap<string, Standing>;
  readonly uses: number;
}

/**
 * The state, with where rules stand remembered from one quiet poll to the next, in which nothing changes but how far they
 * have come. Where another process has recorded meanwhile, the rules' progress is not what was remembered: `record`
 * refuses them as overtaken, and the ledger is read again. What a check said meanwhile moves no progress; the ledger keeps it
 * from being said twice.
 */
export function rememberStanding(state: State): State {
  let memory: Memory | null = null;
  return {
    ...state,
    async readStanding(fingerprints) {
      if (memory !== null && memory.uses < LONGEST && isSame(memory.fingerprints, fingerprints)) {
        memory = { ...memory, uses: memory.uses + 1 };
      } else {
        memory = { fingerprints, standing: await state.readStanding(fingerprints), uses: 0 };
      }
      return new Map(memory.standing);
    },
    async record(recordings, now, leader) {
      const before = memory;
      memory = null;
      const recorded = await state.record(recordings, now, leader);
      if (before !== null && recorded.overtaken.length === 0) memory = movedOn(before, recordings);
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
