import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const text = readFileSync(new URL('../../systemd/spendwatch.service', import.meta.url), 'utf8');
const analyze = (...args: string[]) => spawnSync('systemd-analyze', args, { encoding: 'utf8' });

/** `security --offline` came with systemd 250; 0 where there is no systemd-analyze. */
const version = Number(/^systemd (\d+)/.exec(analyze('--version').stdout ?? '')?.[1] ?? 0);
const isOld = version < 250;
const suffix = isOld ? ' (skipped: no systemd-analyze of version 250 or newer)' : '';

describe('the systemd unit', () => {
  let folder: string;
  let unit: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'spendwatch-unit-'));
    unit = join(folder, 'spendwatch.service');
    // `verify` looks for the program, and Node is elsewhere on a developer's machine.
    writeFileSync(unit, text.replace('=/usr/bin/node ', `=${process.execPath} `));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.skipIf(isOld)(`is accepted by systemd-analyze verify without a word${suffix}`, () => {
    // Other units of this machine, which it reads too, are not ours to judge.
    const { status, stdout, stderr } = analyze('verify', '--recursive-errors=no', unit);
    const said = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('spendwatch'));
    expect({ status, said }).toEqual({ status: 0, said: [] });
  });

  it.skipIf(isOld)(`is rated OK by systemd-analyze security${suffix}`, () => {
    // The threshold is in tenths: up to 4.9 is OK, and ours is far below.
    const { status, stdout } = analyze('security', '--offline=true', '--no-pager', '--threshold=20', unit);
    expect({ status, verdict: /exposure level for .*: [\d.]+ (\S+)/.exec(stdout)?.[1] }).toEqual({
      status: 0,
      verdict: 'OK',
    });
  });
});
