import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { loadDriver } from '../../src/stores/sqlite/driver.ts';

const ROOT = join(import.meta.dirname, '../..');

it('an installation without a driver of SQLite names the command that brings it to its own folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'spendwatch-driver-'));
  try {
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    for (const file of ['src/stores/sqlite/driver.ts', 'src/model/errors.ts']) {
      await cp(join(ROOT, file), join(folder, file));
    }
    const module = (await import(join(folder, 'src/stores/sqlite/driver.ts'))) as {
      loadDriver: typeof loadDriver;
    };
    if (isBuiltin('node:sqlite')) expect(await module.loadDriver()).toHaveProperty('DatabaseSync');
    else {
      await expect(module.loadDriver()).rejects.toMatchObject({
        code: 'driver_missing',
        hint: `npm ci --prefix ${join(folder, 'drivers')}; or use Node 22.13 or newer`,
      });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
