// Locks the folder of an embedded database for one process.

import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../model/errors.ts';

/** A folder locked by this process; `release` unlocks it. */
export interface FolderLock {
  release(): void;
}

interface Holder {
  readonly pid: number;
  /** When the process started, in kernel ticks: distinguishes it from a later process with the same pid. */
  readonly started: string | null;
  /** Pids of another host (or container) have no meaning here. */
  readonly host: string;
}

const FILE = 'spendwatch.lock';
const BEAT_MS = 10_000;
/**
 * A lock counts as abandoned after this silence. PGlite runs on the main thread, so one long statement can delay many
 * heartbeats.
 */
const SILENT_MS = 180_000;

/**
 * Takes the folder, or throws `store_locked` with the pid of the process that has it. A lock is taken over when its process
 * is gone: on the same host the pid is looked up; from another host (a container that shared the volume), the process counts
 * as gone when it has not touched its lock for three minutes.
 */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, FILE);
  const mine = JSON.stringify({
    pid: process.pid,
    started: startOf(process.pid),
    host: hostname(),
  } satisfies Holder);
  // Three rounds, because another process may take or drop the lock between two of these steps.
  for (let round = 0; round < 3; round += 1) {
    if (create(path, mine)) return hold(path, mine);
    const found = read(path);
    if (found === null) continue;
    if (isAlive(path, found)) throw lockedBy(folder, found);
    moveAway(path, found);
  }
  throw lockedBy(folder, read(path) ?? '');
}

function hold(path: string, mine: string): FolderLock {
  const beat = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(path, now, now);
    } catch {
      // The folder was removed meanwhile; the database will report that.
    }
  }, BEAT_MS);
  beat.unref();
  return {
    release: () => {
      clearInterval(beat);
      if (read(path) === mine) rmSync(path, { force: true });
    },
  };
}

/** Creates the lock with its content in one step, so that nobody reads half of it; false when there is one already. */
function create(path: string, content: string): boolean {
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, content, { mode: 0o644 });
    linkSync(draft, path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') return false;
    // Some file systems have no hard links.
    if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS') return createExclusively(path, content);
    throw new AppError(
      'store_unreachable',
      `The folder of the embedded database cannot be written: ${code}.`,
      {
        hint: `Check owner and permissions of ${path.slice(0, -FILE.length - 1)}.`,
        cause: error,
      },
    );
  } finally {
    rmSync(draft, { force: true });
  }
}

function createExclusively(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a stale lock. If another process has replaced it since it was read, the new one is put back. */
function moveAway(path: string, stale: string): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
    if (read(aside) !== stale) linkSync(aside, path);
  } catch {
    // Another process was faster. The next round reads the lock again.
  } finally {
    rmSync(aside, { force: true });
  }
}

function isAlive(path: string, content: string): boolean {
  const holder = parse(content);
  if (holder === null) return false;
  if (holder.host !== hostname()) return ageOf(path) < SILENT_MS;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: the process exists, under another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const started = startOf(holder.pid);
  return started === null || holder.started === null || started === holder.started;
}

/** The start time of a process from /proc (field 22, after the name, which may contain anything); null without /proc. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function ageOf(path: string): number {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function parse(content: string): Holder | null {
  try {
    const { pid, started, host } = JSON.parse(content) as Partial<Holder>;
    return typeof pid === 'number' && typeof host === 'string'
      ? { pid, started: started ?? null, host }
      : null;
  } catch {
    return null;
  }
}

function lockedBy(folder: string, content: string): AppError {
  const holder = parse(content);
  const who = holder === null ? 'another process' : `the process with pid ${holder.pid}`;
  const where = holder === null || holder.host === hostname() ? '' : ` on host ${holder.host}`;
  return new AppError('store_locked', `${folder} is in use by ${who}${where}.`, {
    hint: 'An embedded database serves one process: stop that one, or use a PostgreSQL server.',
  });
}
