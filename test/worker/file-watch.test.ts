import { appendFile, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchFiles } from '../../src/worker/file-watch.ts';
import { until } from '../support/until.ts';

let folder: string;
let watch: { close(): void } | null = null;
let changes = 0;
/** Looks at the list of files that the watch has taken. */
let looks = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spendwatch-watch-'));
  changes = 0;
  looks = 0;
});
afterEach(async () => {
  watch?.close();
  watch = null;
  await rm(folder, { recursive: true, force: true });
});

/** Watches files, and comes back when the watch has seen them once. */
async function watching(files: readonly string[]): Promise<void> {
  watch = watchFiles(
    () => {
      looks += 1;
      return files;
    },
    () => {
      changes += 1;
    },
  );
  await more(2);
}

/** Waits until the watch has looked so many more times. */
async function more(times: number): Promise<void> {
  const goal = looks + times;
  await until('the watch has looked again', () => looks >= goal);
}

/** Exactly so many changes so far, and no further one at the next looks. */
async function settledAt(count: number): Promise<void> {
  await until(`there were ${count} changes`, () => changes >= count);
  await more(3);
  expect(changes).toBe(count);
}

describe('a watched file', () => {
  it('tells once of an edit in place', async () => {
    const file = join(folder, 'alerts.yaml');
    await writeFile(file, 'version: 1\n');
    await watching([file]);
    await writeFile(file, 'version: 2\n');
    await settledAt(1);
    await appendFile(file, '# more\n');
    await settledAt(2);
  });

  it('tells once when another file takes its name, of the same size and age too', async () => {
    const [file, next] = [join(folder, 'alerts.yaml'), join(folder, 'next')];
    const time = new Date('2026-11-20T00:00:00Z');
    for (const name of [file, next]) {
      await writeFile(name, name === file ? 'a: 1\n' : 'a: 2\n');
      await utimes(name, time, time);
    }
    await watching([file]);
    await rename(next, file);
    await settledAt(1);
  });

  it('tells of an edit that sets the old time of change again', async () => {
    const file = join(folder, 'token');
    const time = new Date('2026-11-20T00:00:00Z');
    await writeFile(file, 'old-token');
    await utimes(file, time, time);
    await watching([file]);
    await writeFile(file, 'new-token');
    await utimes(file, time, time);
    await settledAt(1);
  });

  it('tells when it goes and when it returns', async () => {
    const file = join(folder, 'alerts.yaml');
    await writeFile(file, 'a: 1\n');
    await watching([file]);
    await rm(file);
    await settledAt(1);
    await writeFile(file, 'a: 1\n');
    await settledAt(2);
  });

  it('tells when the link that leads to it points elsewhere', async () => {
    // This is how a mounted directory of an orchestrator is replaced.
    for (const name of ['one', 'two']) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'alerts.yaml'), 'a: 1\n');
    }
    await symlink('one', join(folder, 'data'));
    await watching([join(folder, 'data', 'alerts.yaml')]);
    await symlink('two', join(folder, 'next'));
    await rename(join(folder, 'next'), join(folder, 'data'));
    await settledAt(1);
  });

  it('tells once when several files change together', async () => {
    const files = ['alerts.yaml', 'prices.yaml', 'token'].map((name) => join(folder, name));
    await watching([...files]);
    for (const file of files) await writeFile(file, 'x');
    await settledAt(1);
  });

  it('tells only once whoever writes it has finished', async () => {
    const file = join(folder, 'alerts.yaml');
    await writeFile(file, '');
    await watching([file]);
    // Written at every look: there are never two equal ones in a row.
    for (let i = 0; i < 3; i += 1) {
      await appendFile(file, `${i}\n`);
      await more(1);
    }
    expect(changes).toBe(0);
    await settledAt(1);
  });

  it('tells of no change when another file is named, but of what is written to that file from then on', async () => {
    const [file, other] = [join(folder, 'alerts.yaml'), join(folder, 'token')];
    await writeFile(file, 'version: 1\n');
    await writeFile(other, 'old');
    const named = [file];
    await watching(named);
    named.push(other);
    await settledAt(0);
    await writeFile(other, 'newer');
    await settledAt(1);
  });

  it('tells nothing once it is closed', async () => {
    const file = join(folder, 'alerts.yaml');
    await writeFile(file, 'a: 1\n');
    await watching([file]);
    watch?.close();
    const before = looks;
    let looksOfAnother = 0;
    let seenByAnother = 0;
    const another = watchFiles(
      () => {
        looksOfAnother += 1;
        return [file];
      },
      () => {
        seenByAnother += 1;
      },
    );
    try {
      await until('another watch knows the file', () => looksOfAnother >= 2);
      await writeFile(file, 'a: 2, longer\n');
      await until('it has seen an edit', () => seenByAnother > 0);
    } finally {
      another.close();
    }
    expect([changes, looks]).toEqual([0, before]);
  });
});
