import { stat } from 'node:fs/promises';

const INTERVAL_MS = 1_000;

/**
 * Calls `changed` once after any of the files was edited, replaced, created or removed and then left alone for a
 * second. It looks at the files by name instead of waiting for events: an editor that replaces the file, a bind
 * mount of one file and a network file system all look the same this way. `files` is asked anew each time.
 */
export function watchFiles(files: () => readonly string[], changed: () => void): { close(): void } {
  let settled: string | null = null;
  let last: string | null = null;
  let looking = false;

  const look = async (): Promise<void> => {
    const names = files();
    const now = (await Promise.all(names.map(signatureOf))).join('\n');
    if (settled === null) settled = now;
    // Changed once and the same at two looks in a row: whoever writes it has finished.
    if (now !== settled && now === last) {
      settled = now;
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

async function signatureOf(file: string): Promise<string> {
  try {
    // ctime too: it moves when a copy keeps the old mtime, and when a file becomes readable.
    const { ino, size, mtimeMs, ctimeMs } = await stat(file);
    return `${file} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  } catch {
    return `${file} absent`;
  }
}
