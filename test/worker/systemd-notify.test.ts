import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { serviceManager } from '../../src/worker/systemd-notify.ts';

const SYSTEM_PATH = '/usr/bin:/bin';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spendwatch-notify-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A systemd-notify that writes down its arguments, one run a line, after running `before`. */
function recorder(before = ''): { path: string; runs(): string[] } {
  const program = join(folder, 'systemd-notify');
  const file = join(folder, 'runs');
  writeFileSync(program, `#!/bin/sh\n${before}\n(IFS='|'; printf '%s\\n' "$*" >> '${file}')\n`);
  chmodSync(program, 0o755);
  return {
    path: `${folder}:${SYSTEM_PATH}`,
    runs: () => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []),
  };
}

describe('the service manager', () => {
  it('is told each message in the order in which it was sent, however long one takes', async () => {
    const { path, runs } = recorder('case "$1" in RELOADING=1) sleep 0.3 ;; esac');
    const manager = serviceManager({ NOTIFY_SOCKET: '/run/none', PATH: path });
    manager.reloading();
    manager.ready('7 rules');
    manager.status('blind');
    manager.alive();
    manager.stopping();
    await eventually(() => expect(runs()).toHaveLength(5));
    expect(runs()).toEqual([
      'RELOADING=1',
      'READY=1|STATUS=7 rules',
      'STATUS=blind',
      'WATCHDOG=1',
      'STOPPING=1',
    ]);
  });

  it('cannot be told anything else by a status with line breaks in it', async () => {
    const { path, runs } = recorder();
    serviceManager({ NOTIFY_SOCKET: '/run/none', PATH: path }).status('rule a\nMAINPID=1\r\n\tb ');
    await eventually(() => expect(runs()).toHaveLength(1));
    expect(runs()).toEqual(['STATUS=rule a MAINPID=1 b']);
  });

  it('gets nothing of the environment but its own socket', async () => {
    const environment = join(folder, 'environment');
    const { path, runs } = recorder(`env > '${environment}'`);
    vi.stubEnv('SPENDWATCH_TEST_SECRET', 'hunter2hunter2');
    try {
      serviceManager({ NOTIFY_SOCKET: '/run/none', PATH: path }).alive();
      await eventually(() => expect(runs()).toHaveLength(1));
    } finally {
      vi.unstubAllEnvs();
    }
    const seen = readFileSync(environment, 'utf8');
    expect(seen).toContain('NOTIFY_SOCKET=/run/none');
    expect(seen).not.toContain('SPENDWATCH_TEST_SECRET');
  });

  it('that hangs loses one message and not those after it', async () => {
    const { path, runs } = recorder('case "$1" in WATCHDOG=1) exec sleep 60 ;; esac');
    const manager = serviceManager({ NOTIFY_SOCKET: '/run/none', PATH: path });
    manager.alive();
    manager.status('later');
    await eventually(() => expect(runs()).toEqual(['STATUS=later']));
  });

  it('is not started without NOTIFY_SOCKET', async () => {
    const { path, runs } = recorder();
    const manager = serviceManager({ WATCHDOG_USEC: '180000000', PATH: path });
    manager.ready('unheard');
    expect(manager.watchdogIntervalMs).toBeNull();
    // A message of one that is heard comes later than an unwanted one would have.
    serviceManager({ NOTIFY_SOCKET: '/run/none', PATH: path }).status('heard');
    await eventually(() => expect(runs()).toEqual(['STATUS=heard']));
  });

  it('asks for a sign of life at a third of the time after which it would restart the worker', () => {
    const intervalFor = (WATCHDOG_USEC: string | undefined): number | null =>
      serviceManager({ NOTIFY_SOCKET: '/run/none', WATCHDOG_USEC }).watchdogIntervalMs;
    expect(intervalFor('180000000')).toBe(60_000);
    expect([undefined, '', '0', '-1', 'soon', 'Infinity'].map(intervalFor)).toEqual(Array(6).fill(null));
  });

  it('does not disturb the worker where systemd-notify is missing, nor keep it from ending', () => {
    const worker = join(folder, 'worker.mts');
    const module = new URL('../../src/worker/systemd-notify.ts', import.meta.url).href;
    writeFileSync(
      worker,
      `import { serviceManager } from ${JSON.stringify(module)};
       const manager = serviceManager({ NOTIFY_SOCKET: '/run/none', PATH: ${JSON.stringify(folder)} });
       manager.ready('a');
       manager.stopping();
       setTimeout(() => console.log('at work'), 200);`,
    );
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', worker], {
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'at work\n', stderr: '' });
  });
});

const works = (command: string): boolean => spawnSync(command, ['--version']).status === 0;
const missing = ['systemd-notify', 'python3'].filter((command) => !works(command));

/** A datagram socket, which Node cannot open: prints each message that arrives as JSON. */
const RECEIVER = `
import json, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print(json.dumps("bound"), flush=True)
while True:
    print(json.dumps(receiver.recv(4096).decode()), flush=True)
`;

import { eventually } from '../support/until.ts';

describe('the real systemd-notify', () => {
  const suffix = missing.length === 0 ? '' : ` (skipped: ${missing.join(' and ')} not found)`;

  it.skipIf(missing.length > 0)(`delivers readiness, signs of life and the stop${suffix}`, async () => {
    const socket = join(folder, 'notify.sock');
    const receiver: ChildProcess = spawn('python3', ['-c', RECEIVER, socket]);
    const received: string[] = [];
    let rest = '';
    receiver.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) received.push(JSON.parse(line) as string);
    });
    try {
      await eventually(() => expect(received).toEqual(['bound']));
      const manager = serviceManager({ NOTIFY_SOCKET: socket, PATH: process.env.PATH });
      manager.ready('watching 7 rules');
      manager.alive();
      manager.reloading();
      manager.ready('watching 8 rules');
      manager.stopping();
      const expected = [
        'READY=1\nSTATUS=watching 7 rules',
        'WATCHDOG=1',
        'RELOADING=1',
        'READY=1\nSTATUS=watching 8 rules',
        'STOPPING=1',
      ];
      // Between the messages stand the barriers by which systemd-notify waits until it was understood.
      const messages = (): string[] => received.slice(1).filter((message) => !/^BARRIER=1/.test(message));
      await eventually(() => expect(messages().map((text) => text.trim())).toEqual(expected));
    } finally {
      receiver.kill();
      if (receiver.exitCode === null && receiver.signalCode === null) await once(receiver, 'exit');
    }
  });
});
