import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LISTEN } from '../../src/config/listen.ts';

const root = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');
const dockerfile = read('Dockerfile').replaceAll('\\\n', ' ');

/** The words after each `instruction`, in the order of the file. */
const instructions = (instruction: string): string[] =>
  [...dockerfile.matchAll(new RegExp(`^\\s*${instruction}\\s+(.*)$`, 'gm'))].map(([, rest = '']) =>
    rest.trim(),
  );

const copied = instructions('COPY')
  .filter((words) => !words.startsWith('--from='))
  .flatMap((words) => words.split(/\s+/).slice(0, -1));

describe('the container image', () => {
  it('is built from files that exist, and from no other file of the folder', () => {
    const [everything, ...allowed] = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(everything).toBe('*');
    expect(allowed.sort()).toEqual(copied.map((file) => `!${file}`).sort());
    expect(copied.filter((file) => !existsSync(new URL(file, root)))).toEqual([]);
  });

  it('runs as a user that is a number other than 0', () => {
    const [uid, gid] = (instructions('USER').at(-1) ?? '').split(':').map(Number);
    expect(uid).toBeGreaterThan(0);
    expect(gid).toBeGreaterThan(0);
  });

  it('starts node itself, so that signals reach the worker and no shell swallows them', () => {
    expect(JSON.parse(instructions('ENTRYPOINT').at(-1) ?? '')).toEqual(['node', '/app/dist/cli.js']);
    expect(JSON.parse(instructions('CMD').at(-1) ?? '')).toEqual(['run']);
  });

  it('installs what the lock file says and runs no script of a dependency', () => {
    const installs = dockerfile.match(/npm (ci|install)[^&\n]*/g) ?? [];
    expect(installs.length).toBeGreaterThan(0);
    for (const install of installs) expect(install).toMatch(/^npm ci .*--ignore-scripts/);
  });

  it('has the drivers that the ordinary install leaves out', () => {
    expect(dockerfile).toMatch(/^RUN npm ci --prefix drivers /m);
    expect(instructions('COPY')).toContain('--from=build /app/drivers /app/drivers');
  });
});

describe('the healthcheck of the image', () => {
  const [, command = '[]'] = /HEALTHCHECK .*?\sCMD\s+(\[.*\])/.exec(dockerfile) ?? [];
  const [, ...args] = JSON.parse(command) as string[];

  /** The exit code of the check against a server that answers with `status`, or against none. */
  async function check(status: number | null): Promise<number | null> {
    const server = createServer((_, response) => response.writeHead(status ?? 500).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    if (status === null) await new Promise((resolve) => server.close(resolve));
    const url = `http://127.0.0.1:${port}/healthz`;
    try {
      const env = { ...process.env, SPENDWATCH_HEALTH_URL: url };
      const [code] = await once(spawn(process.execPath, args, { env, stdio: 'ignore' }), 'exit');
      return code as number | null;
    } finally {
      if (status !== null) await new Promise((resolve) => server.close(resolve));
    }
  }

  it('is green while the worker answers and red when it does not, or answers that it is not well', async () => {
    expect(await check(200)).toBe(0);
    expect(await check(503)).toBe(1);
    expect(await check(null)).toBe(1);
  });

  it('asks where the worker listens by default', () => {
    expect(args.join(' ')).toContain(`http://${DEFAULT_LISTEN}/healthz`);
  });
});
