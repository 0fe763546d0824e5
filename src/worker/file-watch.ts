// Says when alerts.yaml, a secret file or the price list changed.

import { stat } from 'node:fs/promises';

const INTERVAL_MS = 1_000;
/** The clock of a file system moves in steps of some ms, so that a file may seem older than it is. */
const CLOCK_STEP_MS = 20;

/**
 * Calls `changed` once after any of the files was edited, replaced, created or removed and then left alone for a
 * second. It looks at the files by name instead of waiting for events: an editor that replaces the file, a bind
 * mount of one file and a network file system all look the same this way. `files` is asked anew each time; a file that
 * it did not name before counts as changed if it was written since the last call, which may have read what was before.
 */
export function watchFiles(files: () => readonly string[], changed: () => void): { close(): void } {
  let settled: ReadonlyMap<string, string> | null = null;
  let last: ReadonlyMap<string, string> = new Map();
  let calledAt = Number.POSITIVE_INFINITY;
  let looking = false;

  const look = async (): Promise<void> => {
    const seen = await Promise.all(files().map(seenOf));
    const now = new Map(seen.map(({ name, signature }) => [name, signature]));
    const known = settled ?? now;
    settled = new Map(
      seen.map(({ name, signature, writtenAt }) => [
        name,
        known.get(name) ?? (writtenAt < calledAt - CLOCK_STEP_MS ? signature : UNKNOWN),
      ]),
    );
    // Changed once and the same at two looks in a row: whoever writes it has finished.
    if (differ(now, settled) && !differ(now, last)) {
      settled = now;
      calledAt = Date.now();
      changed();
    }
    last = now;
  };

  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => {
      looking = false;
    });
  }, INTERVAL_MS);
  timer.unref();
  void look();
  return { close: () => clearInterval(timer) };
}

/** The signature of no file. */
const UNKNOWN = '';

function differ(now: ReadonlyMap<string, string>, before: ReadonlyMap<string, string>): boolean {
  return [...now].some(([name, signature]) => before.get(name) !== signature);
}

interface Seen {
  readonly name: string;
  readonly signature: string;
  /** When it was last written, renamed or made readable, ms. */
  readonly writtenAt: number;
}

async function seenOf(name: string): Promise<Seen> {
  try {
    // ctime too: it moves when a copy keeps the old mtime, and when a file becomes readable.
    const { ino, size, mtimeMs, ctimeMs } = await stat(name);
    return { name, signature: `${ino} ${size} ${mtimeMs} ${ctimeMs}`, writtenAt: ctimeMs };
  } catch {
    return { name, signature: 'absent', writtenAt: 0 };
  }
}
