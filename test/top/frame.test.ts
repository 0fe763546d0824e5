import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/model/display-text.ts';
import { painter } from '../../src/model/painter.ts';
import { frame } from '../../src/top/frame.ts';
import type { ViewData } from '../../src/top/view-data.ts';
import { AT, burnRule, figuresOf, hostile, MINUTE, rowsOf, statusOf, viewOf } from './view-fixtures.ts';

const PLAIN = painter(false);
const SIZES = [
  { width: 80, height: 24 },
  { width: 200, height: 50 },
  { width: 40, height: 10 },
  { width: 61, height: 17 },
] as const;

function linesOf(
  data: ViewData,
  size: { width: number; height: number } = SIZES[0],
  scroll = 0,
): readonly string[] {
  return frame(data, size, scroll, PLAIN).lines;
}

function textOf(...args: Parameters<typeof linesOf>): string {
  return linesOf(...args).join('\n');
}

const manyRules = Array.from({ length: 120 }, (_, i) => burnRule(`burn-${String(i).padStart(3, '0')}`));
/** The larger its number, the nearer a rule is to its limit; the last ten fire. */
const crowd = (): ViewData =>
  viewOf({
    audit: {
      answer: figuresOf({
        rules: rowsOf(manyRules, ({ name }) => ({ search: (Number(name.slice(5)) * 50) / 110 })),
      }),
      trouble: null,
    },
  });

describe('a frame of 80 x 24', () => {
  it('says what is spent, what fires against which limit, which incident is open, who spends and what waits', () => {
    expect(`\n${textOf(viewOf())}\n`).toMatchInlineSnapshot(`
      "
      spendwatch top  production  2026-11-20 02:05:07 UTC
      last poll 2026-11-20 02:05 UTC (7 s ago); a worker leads
      spend $20.00 a minute (5 min), $210.00 in the hour, peak $20.00 at 02:04
      01:05 ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁██████████ 02:05

      state     rule         worst     value  limit    share  window
      critical  hourly-burn  search  $312.46  $100.00   312%  1h

      incident        severity  about           since  for       spent  rules
      inc-4f8a1c2b9d  critical  service search  01:53  12 min  $201.50  hourly-burn,…

      service  a minute          model    a minute          user    a minute
      search     $19.80  99%     gpt-4.1    $20.00  100%    user-0     $6.00  30%
      chat        $0.20   1%                                user-1     $5.80  29%
                                                            user-2     $5.60  28%
                                                            user-3     $5.40  27%
                                                            user-4     $5.20  26%
                                                            user-5     $5.00  25%
                                                            user-6     $4.80  24%
                                                            user-7     $4.60  23%
                                                            and 1,226 more

      queues: billing 3 waiting for 10 min, 1 given up, the receiver answered 503
      q quit   ↑ ↓ PgUp PgDn scroll
      "
    `);
  });

  it('has the bars of an hour, the highest where most is spent', () => {
    const bars = linesOf(viewOf()).find((line) => line.startsWith('01:05'));
    expect(bars).toBe(`01:05 ${'▁'.repeat(50)}${'█'.repeat(10)} 02:05`);
  });

  it('shows the worst rules first, and the others as it is scrolled', () => {
    const first = linesOf(crowd()).filter((line) => line.includes('burn-'));
    expect(first[0]).toMatch(/^warning +burn-119 +search +\$54\.09 +\$50\.00 +108%/);
    expect(first[0]).not.toBe(first[1]);
    const page = frame(crowd(), SIZES[0], 0, PLAIN);
    expect(page.lines.at(-1)).toContain(`rules 1 to ${page.page} of 120`);
    const last = linesOf(crowd(), SIZES[0], page.furthest).filter((line) => line.includes('burn-'));
    expect(last.at(-1)).toMatch(/^ok +burn-000 +search +\$0\.00/);
    expect(linesOf(crowd(), SIZES[0], 100_000)).toEqual(linesOf(crowd(), SIZES[0], page.furthest));
  });

  it('says that no rule is enabled and that no incident is open', () => {
    const text = textOf(
      viewOf({
        state: { answer: statusOf({ incidents: [] }), trouble: null },
        audit: { answer: figuresOf({ rules: [] }), trouble: null },
      }),
    );
    expect(text).toContain('\nno rule is enabled\n');
    expect(text).toContain('\nno incident is open\n');
  });

  it('gives the reason of each rule where all of them fail', () => {
    const rules = figuresOf().rules.map((row) => ({
      ...row,
      ...{ state: 'not known' as const, key: null, value: null, limit: null, share: null },
      error: 'the column cost is missing',
    }));
    const text = textOf(viewOf({ audit: { answer: figuresOf({ rules }), trouble: null } }));
    expect(text).toContain('\nhourly-burn: the column cost is missing\n');
    expect(text).toMatch(/not known +hourly-burn/);
  });

  it('shows what one store says where the other cannot be reached, with the reason', () => {
    const noAudit = textOf(viewOf({ audit: { answer: null, trouble: 'connection refused' } }));
    expect(noAudit).toContain('audit store: connection refused');
    expect(noAudit).toContain('inc-4f8a1c2b9d');
    const noState = textOf(viewOf({ state: { answer: null, trouble: 'no worker has it open' } }));
    expect(noState).toContain('state store: no worker has it open');
    expect(noState).toContain('$312.46');
    const stale = textOf(viewOf({ audit: { answer: figuresOf(), trouble: 'time-out' } }));
    expect(stale).toMatch(/audit store \(figures of 02:05\): time-out/);
    expect(stale).toContain('$312.46');
  });

  it('says what it is waiting for at first', () => {
    const nothing = { answer: null, trouble: null };
    expect(textOf(viewOf({ state: nothing, audit: nothing }))).toContain(
      'reading the state store …  reading the audit store …',
    );
  });

  it('warns where no worker leads, and of values that lack calls without a price', () => {
    const text = textOf(
      viewOf({
        state: { answer: statusOf({ worker: 'none' }), trouble: null },
        audit: {
          answer: figuresOf({
            unpriced: { calls: 1_204, models: [{ model: 'gpt-9', calls: 1_204 }], unreadable: null },
          }),
          trouble: null,
        },
      }),
    );
    expect(text).toContain('no worker runs');
    expect(text).toContain('at least: 1,204 calls to 1 model have no price');
  });
});

it('a frame of 200 x 50 also has a table of the queues, since when a rule fires, and what was spent in the hour', () => {
  const alert = {
    ...{ rule: 'hourly-burn', group: { service: 'search' }, severity: 'critical' as const },
    ...{ since: AT - 12 * MINUTE, onset: AT - 20 * MINUTE, quietSince: null, notified: null },
    ...{ quantity: 'spend' as const, incident: 'inc-4f8a1c2b9d', silenced: null },
  };
  const text = textOf(viewOf({ state: { answer: statusOf({ alerts: [alert] }), trouble: null } }), SIZES[1]);
  expect(text).toMatch(/critical +hourly-burn +search .*312% +█{20} +1h +2026-11-20 01:53/);
  // The money of an incident counts from when the value left its usual level.
  expect(text).toMatch(/inc-4f8a1c2b9d +critical +service search +01:45 +20 min +\$201\.50 +2/);
  expect(text).toMatch(/billing +webhook +3 +2026-11-20 01:55 +1 +the receiver answered 503/);
  expect(text).toMatch(/search +\$19\.80 +99% +\$312\.46/);
});

it.each(SIZES)('a frame fits $width x $height, whatever it shows', (size) => {
  const waiting = { answer: null, trouble: null };
  for (const data of [
    viewOf(),
    crowd(),
    hostile(),
    viewOf({ state: waiting, audit: waiting }),
    viewOf({ state: { answer: null, trouble: 'x'.repeat(5_000) }, audit: { answer: null, trouble: 'y' } }),
  ]) {
    const lines = linesOf(data, size);
    expect(lines).toHaveLength(size.height);
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(size.width);
    expect(lines.at(-1)).toContain('q quit');
  }
});

it.each(SIZES)(
  'no character that moves what is around it reaches the terminal, at $width x $height',
  (size) => {
    const { lines } = frame(hostile(), size, 0, painter(true));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: only colours may be there
    const text = lines.join('').replace(/\u001b\[\d+m/g, '');
    expect(text).not.toMatch(/\p{Cc}|[\u202a-\u202e]/u);
  },
);

it('a window that is too small says so', () => {
  expect(linesOf(viewOf(), { width: 39, height: 24 })).toEqual(['at least 40 x 10 is needed']);
  expect(linesOf(viewOf(), { width: 8, height: 3 })).toEqual(['at leas…']);
});

it('colours are there only where they are wanted', () => {
  expect(textOf(viewOf())).not.toContain('\u001b');
  expect(frame(viewOf(), SIZES[0], 0, painter(true)).lines.join('')).toContain('\u001b[31mcritical');
});
