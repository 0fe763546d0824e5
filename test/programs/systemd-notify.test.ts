import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serviceManager } from '../../src/worker/systemd-notify.ts';
import { eventually } from '../support/until.ts';

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

describe('the real systemd-notify', () => {
  const suffix = missing.length === 0 ? '' : ` (skipped: ${missing.join(' and ')} not found)`;

  it.skipIf(missing.length > 0)(`delivers readiness, signs of life and the stop${suffix}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spendwatch-notify-'));
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
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
