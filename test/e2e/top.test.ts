import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { justNow } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { startOnTerminal, type TerminalProcess } from '../support/pty.ts';
import { startReceivers } from '../support/receivers.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess } from '../support/worker-process.ts';

const SIZE = { columns: 80, rows: 24 };

function seen(terminal: TerminalProcess, what: RegExp): Promise<RegExpExecArray> {
  return until(`${what} is seen`, () => what.exec(terminal.shown.lines().join('\n')));
}

it('top shows an incident beside a worker with the embedded store, at every size, and lets the worker start again', async (test) => {
  const ends = await startReceivers();
  test.onTestFinished(() => ends.close());
  const folder = await makeFolder({
    'alerts.yaml': alertsYaml({ url: 'pglite:./store', channels: ends.channels }),
  });
  test.onTestFinished(() => folder.remove());
  const call = { time: justNow().toISOString(), service: 'search', model: 'gpt-4.1', user: 'job', cost: 120 };
  await spendwatch(['import', '-'], { cwd: folder.path, stdin: JSON.stringify(call) });
  const worker = await startWorkerProcess(folder.path);
  test.onTestFinished(async () => void (await worker.stop('SIGKILL')));
  await worker.polls(1);

  const terminal = await startOnTerminal(['top', '--interval', '1s'], { cwd: folder.path, ...SIZE });
  await seen(terminal, /^inc-\S+ +critical +service search +.*\$120\.00 +hourly-burn/m);
  await seen(terminal, /^critical +hourly-burn +search +\$120\.00 +\$\S+ +\d+% +1h$/m);
  await seen(terminal, /^search +\$\S+ +\d+% +gpt-4\.1 +\$\S+ +\d+% +job +\$\S+ +\d+%$/m);
  await seen(terminal, /last poll .*; a worker leads/);
  expect(terminal.shown.isWhole()).toBe(true);

  await terminal.resize(200, 50);
  await seen(terminal, /fires since\ncritical +hourly-burn +search .*█ +1h +20\d\d-/);
  expect(terminal.shown.lines().at(-1)).toMatch(/^q quit/);

  await worker.stop();
  await seen(terminal, /^state store \(as of .*\): no worker has the embedded database in .*store open/m);
  const next = await startWorkerProcess(folder.path);
  test.onTestFinished(async () => void (await next.stop('SIGKILL')));
  await until('the state store answers again', () => !terminal.shown.lines().join().includes('state store'));

  terminal.type('q');
  expect(await terminal.ended()).toEqual({ code: 0, isRestored: true });
  expect([terminal.shown.isWhole(), terminal.shown.modes()]).toEqual([false, { cursor: true, wraps: true }]);
});

describe.concurrent('top without its stores', () => {
  it.for([
    ['Ctrl-C', (terminal: TerminalProcess) => terminal.type('\u0003')],
    ['SIGTERM', (terminal: TerminalProcess) => terminal.signal('SIGTERM')],
    ['SIGHUP', (terminal: TerminalProcess) => terminal.signal('SIGHUP')],
  ] as const)('says why, ends with %s, and gives the terminal back', async ([, end], test) => {
    const folder = await makeFolder({
      'alerts.yaml': alertsYaml({
        url: 'postgres://nobody@127.0.0.1:9/nothing',
        channels:
          'channels: { hook: { type: webhook, url: "http://127.0.0.1:9/", secret: whsec_c3BlbmR3YXRjaC10ZXN0LXNlY3JldA== } }',
        rules: '  - { name: a, type: threshold, metric: spend, window: 1h, threshold: 1, notify: [hook] }',
      }),
    });
    test.onTestFinished(() => folder.remove());
    const terminal = await startOnTerminal(['top'], { cwd: folder.path, ...SIZE }, { NO_COLOR: '1' });
    await seen(terminal, /^state store: .*127\.0\.0\.1:9/m);
    await seen(terminal, /^audit store: .*127\.0\.0\.1:9/m);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what would be a colour
    expect(terminal.written()).not.toMatch(/\u001b\[\d+m/);
    end(terminal);
    expect(await terminal.ended()).toEqual({ code: 0, isRestored: true });
    expect([terminal.shown.isWhole(), terminal.shown.modes()]).toEqual([
      false,
      { cursor: true, wraps: true },
    ]);
  });

  it('gives the terminal back while it is stopped, and takes it again when it goes on', async (test) => {
    const folder = await makeFolder({
      'alerts.yaml': alertsYaml({
        url: 'postgres://nobody@127.0.0.1:9/nothing',
        channels: 'channels: {}',
        rules: '  - { name: a, type: threshold, metric: spend, window: 1h, threshold: 1 }',
      }),
    });
    test.onTestFinished(() => folder.remove());
    const terminal = await startOnTerminal(['top'], { cwd: folder.path, ...SIZE });
    const isDrawn = () => until('it is drawn', () => /^q quit/.test(terminal.shown.lines().at(-1) ?? ''));
    const stops = [() => terminal.type('\u001a'), () => terminal.signal('SIGTSTP')];
    for (const [times, stop] of stops.entries()) {
      await isDrawn();
      stop();
      expect(await terminal.stopped(times + 1)).toBe(true);
      expect([terminal.shown.isWhole(), terminal.shown.modes()]).toEqual([
        false,
        { cursor: true, wraps: true },
      ]);
      await terminal.resize(100, 30 + times);
      terminal.type('\n');
      await until('it is drawn at the new size', () => {
        const lines = terminal.shown.lines();
        return terminal.shown.isWhole() && lines.length === 30 + times && /^q quit/.test(lines.at(-1) ?? '');
      });
      expect(terminal.shown.modes()).toEqual({ cursor: false, wraps: false });
    }
    terminal.type('q');
    expect(await terminal.ended()).toEqual({ code: 0, isRestored: true });
  });

  it('says that the state store is silent', async (test) => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    test.onTestFinished(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const folder = await makeFolder({
      'alerts.yaml': alertsYaml({
        url: `postgres://nobody@127.0.0.1:${port}/nothing`,
        channels: 'channels: {}',
        rules: '  - { name: a, type: threshold, metric: spend, window: 1h, threshold: 1 }',
      }),
    });
    test.onTestFinished(() => folder.remove());
    const terminal = await startOnTerminal(['top'], { cwd: folder.path, ...SIZE });
    await seen(terminal, /^state store: no answer for 5 s/m);
    terminal.type('q');
    expect(await terminal.ended()).toEqual({ code: 0, isRestored: true });
  });

  it('needs a terminal, and names what does not', async (test) => {
    const folder = await makeFolder({});
    test.onTestFinished(() => folder.remove());
    expect(await spendwatch(['top'], { cwd: folder.path })).toMatchObject({
      ...{ code: 2, stdout: '' },
      stderr: expect.stringMatching(/top draws on a terminal.*\n {2}hint: .*spendwatch status/),
    });
    const dumb = await startOnTerminal(['top'], { cwd: folder.path, ...SIZE }, { TERM: 'dumb' });
    expect(await dumb.ended()).toEqual({ code: 2, isRestored: true });
  });

  it('says its keys in the help', async (test) => {
    const folder = await makeFolder({});
    test.onTestFinished(() => folder.remove());
    const { code, stdout } = await spendwatch(['top', '--help'], { cwd: folder.path });
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/Keys:\n {2}q, Ctrl-C +end\n {2}Ctrl-Z +stop, until fg\n/),
    ]);
  });
});
