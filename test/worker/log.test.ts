import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const LOG = new URL('../../src/worker/log.ts', import.meta.url).href;
const ERRORS = new URL('../../src/model/errors.ts', import.meta.url).href;
const SECRET = new URL('../../src/model/secret.ts', import.meta.url).href;

/** What a process that runs these lines with an open `log` writes. */
function written(lines: string, options = "{ level: 'debug', terminal: null }") {
  const script = `
    import { openLog } from '${LOG}';
    import { AppError } from '${ERRORS}';
    import { Secret } from '${SECRET}';
    const log = openLog(${options});
    void [AppError, Secret];
    ${lines}`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script],
    { encoding: 'utf8' },
  );
  return { stdout, stderr, status };
}

/** The log lines, each of which must be a JSON object. */
function entries(lines: string, options?: string): Record<string, unknown>[] {
  const { stdout, stderr, status } = written(lines, options);
  expect([status, stdout]).toEqual([0, '']);
  return stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the log', () => {
  it('is a JSON object a line on stderr, whatever it is told', () => {
    const [first, second, ...more] = entries(`
      log.info({ rule: 'a\\nb\\u2028c', n: 1 }, 'line one\\nline two');
      log.warn('plain');`);
    expect(first).toMatchObject({ level: 'info', rule: 'a\nb\u2028c', n: 1, msg: 'line one\nline two' });
    expect(first?.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Object.keys(first ?? {}).sort()).toEqual(['level', 'msg', 'n', 'rule', 'time']);
    expect(second).toMatchObject({ level: 'warn', msg: 'plain' });
    expect(more).toEqual([]);
  });

  it('tells of an error its code, what to do, and its words where they are our own, and no stack', () => {
    const [known, wrapped, bare] = entries(`
      const cause = new Error('inner detail');
      log.error({ err: new AppError('store_unreachable', 'connection refused', { hint: 'start it', cause }) }, 'x');
      log.error({ err: Object.assign(new Error('boom'), { code: 'ECONNREFUSED', address: '10.0.0.1' }) }, 'z');
      log.error({ err: 'a word' }, 'y');`);
    expect(known?.err).toEqual({
      code: 'store_unreachable',
      message: 'connection refused',
      hint: 'start it',
    });
    expect(wrapped?.err).toMatchObject({
      code: 'ECONNREFUSED',
      message: expect.stringMatching(/^a fault of the program: Error ECONNREFUSED/),
    });
    expect(Object.keys((wrapped?.err ?? {}) as object)).toEqual(['code', 'message']);
    expect(bare?.err).toEqual({ message: 'a fault of the program: string' });
  });

  it('hides what is secret by type or by name, three levels deep', () => {
    const { stderr } = written(`
      const s = 'hunter2';
      log.info({ password: s, channel: { token: s, options: { secret: s, webhook_url: s } } }, 'x');
      log.info({ url: s, headers: { authorization: s }, secrets: [s] }, 'y');
      log.info({ anything: new Secret(s), list: [new Secret(s)] }, 'z');
      log.info(new Secret(s) + '');`);
    expect(stderr.match(/^\{.*\}$/gm)).toHaveLength(4);
    expect(stderr).not.toContain('hunter2');
    expect(stderr).toContain('"password":"***"');
  });

  it.each([
    ["'warn'", ['warn', 'error']],
    ["'error'", ['error']],
    ["'nonsense'", ['info', 'warn', 'error']],
    ['undefined', ['info', 'warn', 'error']],
  ])('at level %s tells of that and worse', (level, levels) => {
    const told = entries(
      "log.debug('x'); log.info('x'); log.warn('x'); log.error('x');",
      `{ level: ${level}, terminal: null }`,
    );
    expect(told.map((entry) => entry.level)).toEqual(levels);
  });

  it('is written before the process dies', () => {
    const { stderr } = written("log.info('last words'); process.kill(process.pid, 'SIGKILL');");
    expect(stderr).toContain('last words');
  });

  it('is readable on a terminal, coloured only when asked', () => {
    const lines = "log.info({ rule: 'burn' }, 'polled');";
    const terminal = (colour: boolean) =>
      `{ level: 'info', terminal: { colour: ${colour}, print: (line) => void process.stderr.write(line) } }`;
    const plain = written(lines, terminal(false)).stderr;
    expect(plain).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: polled \{"rule":"burn"\}\n$/);
    const coloured = written(lines, terminal(true)).stderr;
    expect(coloured).toContain('\u001b[');
  });
});
