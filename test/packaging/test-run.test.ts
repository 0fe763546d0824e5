import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { childEnvironment } from '../support/command.ts';

const ROOT = join(import.meta.dirname, '../..');

/** As the test runner does: the server is started, stopped, and then the process ends by itself with its exit code. */
const RUN = `
  import { setup } from './test/support/shared-setup.ts';
  let broker;
  const teardown = await setup({ provide: (_, url) => { broker = url; } });
  process.exitCode = (await fetch(new URL('postgres', broker))).ok ? 3 : 4;
  await teardown();
`;

test('a failed test run exits as failed, although it started a PostgreSQL', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', RUN], {
    cwd: ROOT,
    env: childEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const code = await new Promise<number | null>((resolve) => void child.once('close', resolve));
  expect([code, said]).toEqual([3, '']);
});
