import { rmSync } from 'node:fs';
import { chmod, mkdtemp, readFile, statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { join } from 'node:path';

const SHM = '/dev/shm';
const NEEDED_BYTES = 4 * 1024 ** 3;

/**
 * A new folder in memory until this process ends, or null where none is large enough. Each database of a test is some
 * hundred files, which are soon removed. On ext4 that costs more than the test: it looks for room for new files one by
 * one among those that were removed in the last minutes.
 */
export async function makeMemoryFolder(): Promise<string | null> {
  try {
    const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
    const [, , type, options = ''] = mounts.find(([, place]) => place === SHM) ?? [];
    // Some tests run a program that they have written.
    if (type !== 'tmpfs' || options.split(',').includes('noexec')) return null;
    const { bavail, bsize } = await statfs(SHM);
    if (Math.min(bavail * bsize, freemem()) < NEEDED_BYTES) return null;
    const folder = await mkdtemp(join(SHM, 'spendwatch-memory-'));
    // A server's own account must be able to walk into it.
    await chmod(folder, 0o755);
    // Also when the run is interrupted: the machine would lack the memory until it is started again.
    process.once('exit', () => {
      try {
        rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      } catch {
        // A server or a mount of an interrupted run still uses it, and how the run ended counts for more.
      }
    });
    return folder;
  } catch {
    return null;
  }
}
