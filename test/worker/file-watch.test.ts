import { appendFileSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { watchFiles } from '../../src/worker/file-watch.ts';
import { until } from '../support/until.ts';

interface Scene {
  readonly folder: string;
  /** How often the watch has told of a change. */
  changes(): number;
  /** Looks at the list of files that the watch has taken. */
  looks(): number;
  /** Watches files, and comes back when the watch has seen them once. `beforeLook` is called before each look. */
  watching(files: readonly string[], beforeLook?: () => void): Promise<void>;
  /** Waits until the watch has looked so many more times. */
  more(times: number): Promise<void>;
  /** Exactly so many changes so far, and no further one at the next looks. */
  settledAt(count: number): Promise<void>;
  close(): void;
}

/** A folder of its own for each test, and at most one watch, which is closed with it. */
async function scene(test: TestContext): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'spendwatch-watch-'));
  let watch: { close(): void } | null = null;
  let changes = 0;
  let looks = 0;
  test.onTestFinished(async () => {
    watch?.close();
    await rm(folder, { recursive: true, force: true });
  });
  const more = async (times: number): Promise<void> => {
    const goal = looks + times;
    await until('the watch has looked again', () => looks >= goal);
  };
  return {
    folder,
    changes: () => changes,
    looks: () => looks,
    more,
    async watching(files, beforeLook) {
      watch = watchFiles(
        () => {
          beforeLook?.();
          looks += 1;
          return files;
        },
        () => {
          changes += 1;
        },
      );
      await more(2);
    },
    async settledAt(count) {
      await until(`there were ${count} changes`, () => changes >= count);
      await more(3);
      expect(changes).toBe(count);
    },
    close: () => watch?.close(),
  };
}

// Each has its own folder and mostly waits for the next look.
describe.concurrent('a watched file', () => {
  it('tells once of an edit in place', async (test) => {
    const { folder, watching, settledAt } = await scene(test);
    const file = join(folder, 'alerts.yaml');
    await writeFile(file, 'version: 1\n');
    await watching([file]);
    await writeFile(file, 'version: 2\n');
    await settledAt(1);
    await appendFile(file, '# more\n');
    await settledAt(2);
  });

  it('tells once when another file takes its name, of the same size and age too', async (test) => {
    const { folder, watching, settledAt } = await scene(test);
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

  it('tells of an edit that sets the old time of change again', async (test) => {
    const { folder, watching, settledAt } = await scene(test);
    const file = join(folder, 'token');
    const time = new Date('2026-11-20T00:00:00Z');
    await writeFile(file, 'old-token');
    await utimes(file, time, time);
    await watching([file]);
    await writeFile(file, 'new-token');
    await utimes(file, time, time);
    await settledAt(1);
  });

  it('tells when it goes and when it returns', async (test) => {
    const { folder, watching, settledAt } = await scene(test);
    const file = join(folder, 'alerts.yaml');
    await writeFile(file, 'a: 1\n');
    await watching([file]);
    await rm(file);
    await settledAt(1);
    await writeFile(file, 'a: 1\n');
    await settledAt(2);
  });

  it('tells when the link that leads to it points elsewhere', async (test) => {
    const { folder, watching, settledAt } = await scene(test);
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

  it('tells once when several files change together', async (test) => {
    const { folder, watching, settledAt } = await scene(test);
    const files = ['alerts.yaml', 'prices.yaml', 'token'].map((name) => join(folder, name));
    await watching([...files]);
    for (const file of files) await writeFile(file, 'x');
    await settledAt(1);
  });

  it('tells only once whoever writes it has finished', async (test) => {
    const { folder, watching, changes, more, settledAt } = await scene(test);
    const file = join(folder, 'alerts.yaml');
    await writeFile(file, '');
    let isWriting = false;
    // Written before every look: there are never two equal ones in a row.
    await watching([file], () => {
      if (isWriting) appendFileSync(file, 'more\n');
    });
    isWriting = true;
    await more(3);
    expect(changes()).toBe(0);
    isWriting = false;
    await settledAt(1);
  });

  it('tells of no change when another file is named, but of what is written to that file from then on', async (test) => {
    const { folder, watching, settledAt } = await scene(test);
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

  it('tells nothing once it is closed', async (test) => {
    const { folder, watching, changes, looks, close } = await scene(test);
    const file = join(folder, 'alerts.yaml');
    await writeFile(file, 'a: 1\n');
    await watching([file]);
    close();
    const before = looks();
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
    expect([changes(), looks()]).toEqual([0, before]);
  });
});
