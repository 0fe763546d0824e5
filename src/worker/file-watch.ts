// Watches alerts.yaml, its secret files and its price list for changes.

import { stat } from 'node:fs/promises';

const INTERVAL_MS = 1_000;
/** The clock of a file system moves in steps of a few ms, so a file may seem older than it is. */
const CLOCK_STEP_MS = 20;

/**
 * Calls `changed` once after any of the files was edited, replaced, created or removed and then left alone for a second. It
 * polls the files by name instead of waiting for events, which works the same for an editor that replaces the file, for a
 * bind mount of one file and for a network file system. `files` is asked each time. A file that it did not name before
 * counts as changed if it was written since the last call of `changed`.
 */
export function watchFiles(files: () => readonly string[], changed: () => void): { close(): void } {
  let settled: ReadonlyMap<string, string> | null = null;
  let last: ReadonlyMap<string, string> = new Map();
  let calledAt = Number.POSITIVE_INFINITY;
  let isChecking = false;

  const check = async (): Promise<void> => {
    const seen = await Promise.all(files().map(seenOf));
    const now = new Map(seen.map(({ name, signature }) => [name, signature]));
    const known = settled ?? now;
    settled = new Map(
      seen.map(({ name, signature, writtenAt }) => [
        name,
        known.get(name) ?? (writtenAt < calledAt - CLOCK_STEP_MS ? signature : UNKNOWN),
      ]),
    );
    // Changed, and the same at two checks in a row: the writer has finished.
    if (differ(now, settled) && !differ(now, last)) {
      settled = now;
      calledAt = Date.now();
      changed();
    }
    last = now;
  };

  const timer = setInterval(() => {
    if (isChecking) return;
    isChecking = true;
    void check().finally(() => {
      isChecking = false;
    });
  }, INTERVAL_MS);
  timer.unref();
  void check();
  return { close: () => clearInterval(timer) };
}

/** A signature that no file has. */
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
    // ctime changes too when a copy keeps the old mtime, and when a file becomes readable.
    const { ino, size, mtimeMs, ctimeMs } = await stat(name);
    return { name, signature: `${ino} ${size} ${mtimeMs} ${ctimeMs}`, writtenAt: ctimeMs };
  } catch {
    return { name, signature: 'absent', writtenAt: 0 };
  }
}
