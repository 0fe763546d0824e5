import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const text = readFileSync(new URL('../../systemd/spendwatch.service', import.meta.url), 'utf8');

describe('the systemd unit', () => {
  it('accepts notifications of readiness from a child of the main process', () => {
    expect(text).toMatch(/^Type=notify$/m);
    expect(text).toMatch(/^NotifyAccess=all$/m);
    expect(text).toMatch(/^WatchdogSec=/m);
  });

  it('leaves V8 the right to compile', () => {
    expect(text).not.toMatch(/^MemoryDenyWriteExecute=(yes|true|on|1)$/m);
  });
});
