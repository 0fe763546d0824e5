import { execFile } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { chown, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openSql } from '../../src/sql/open.ts';
import { onServer } from '../support/database.ts';

const run = promisify(execFile);
const SIZE_MB = 32;

/** Where a state database lies that can run out of room. */
export interface SmallDisk {
  /** In what way it is full, for the figures. */
  readonly how: string;
  fill(): Promise<void>;
  free(): Promise<void>;
  /** To be called when the database has been dropped. */
  remove(): Promise<void>;
}

/**
 * Moves a database, to which nobody may be connected, to a file system of its own that `fill` leaves without a byte:
 * a tmpfs, where this process may mount one. Elsewhere the server answers every row that is inserted with the error
 * of a full disk.
 */
export async function onSmallDisk(url: string): Promise<SmallDisk> {
  const database = new URL(url).pathname.slice(1);
  const folder = await mkdtemp(join(tmpdir(), 'spendwatch-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m,mode=0755`, 'tmpfs', folder]);
  } catch {
    await rm(folder, { recursive: true });
    return refusingInserts(url);
  }
  const admin = await openSql(new URL('/postgres', url).href);
  const [row] = await admin
    .query<{ data_directory: string }>('SHOW data_directory')
    .finally(() => admin.close());
  const administer = (statement: string) => onServer(new URL('/postgres', url).href, statement);
  const { uid, gid } = await stat(row?.data_directory ?? '');
  await chown(folder, uid, gid);
  const space = `space_of_${database}`;
  await administer(`CREATE TABLESPACE ${space} LOCATION '${folder}'`);
  await administer(`ALTER DATABASE ${database} SET TABLESPACE ${space}`);
  const ballast = join(folder, 'ballast');
  // Where the small disk is not mounted any more, it would take all of a large one, or of the memory.
  let takenMb = 0;
  const takeAll = (): void => {
    try {
      for (; takenMb <= SIZE_MB; takenMb += 1) appendFileSync(ballast, Buffer.alloc(1024 * 1024));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  };
  let taking: NodeJS.Timeout | undefined;
  const stop = (): void => clearInterval(taking);
  return {
    how: 'a tmpfs without a byte left',
    async fill() {
      takeAll();
      // What the server gives back, at a checkpoint for example, is taken as well.
      taking = setInterval(takeAll, 20);
    },
    async free() {
      stop();
      await rm(ballast);
    },
    async remove() {
      stop();
      await administer(`DROP TABLESPACE ${space}`);
      await run('umount', [folder]);
      await rm(folder, { recursive: true });
    },
  };
}

async function refusingInserts(url: string): Promise<SmallDisk> {
  const once = async (text: string): Promise<void> => {
    const sql = await openSql(url);
    await sql.query(text).finally(sql.close);
  };
  return {
    how: 'a trigger that raises SQLSTATE 53100, for nothing can be mounted here',
    fill: () =>
      once(`CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
            END $$;
            CREATE TRIGGER full_disk BEFORE INSERT ON spendwatch.delivery FOR EACH ROW EXECUTE FUNCTION no_room();
            CREATE TRIGGER full_disk BEFORE INSERT ON spendwatch.notification FOR EACH ROW EXECUTE FUNCTION no_room()`),
    free: () => once('DROP FUNCTION no_room CASCADE'),
    remove: () => Promise.resolve(),
  };
}
