import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { serviceManager } from '../../src/worker/systemd-notify.ts';
import { eventually } from '../support/until.ts';

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
