import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newFolderFault } from '../../src/sql/new-folder.ts';
import { makeFolder } from '../support/folder.ts';

describe('a folder that is to be made', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  beforeAll(async () => {
    folder = await makeFolder({ 'alerts.yaml': '' });
  });
  afterAll(() => folder.remove());

  it('may be several folders deep', async () => {
    expect(await newFolderFault(join(folder.path, 'a/b/state'))).toBe(null);
  });

  it('cannot be where a file is, nor under it', async () => {
    const file = join(folder.path, 'alerts.yaml');
    for (const path of [file, join(file, 'state')]) {
      expect(await newFolderFault(path)).toMatchObject({
        code: 'store_unreachable',
        message: expect.stringContaining(`${path} cannot be made a folder`),
      });
    }
  });
});
