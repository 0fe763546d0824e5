import { describe, expect, test } from 'vitest';
import type { MessageTable } from '../../src/model/message.ts';
import { allSamples, type Sample } from './story/all-samples.ts';

const { main, extreme } = await allSamples();
const SAMPLES: readonly (readonly [string, Sample])[] = [...Object.entries(main), ...Object.entries(extreme)];

interface Part {
  readonly value: number;
  readonly calls: number;
}

interface Finding extends Part {
  readonly metric: string;
  readonly unit: string;
  readonly window: { readonly from: string; readonly to: string };
  readonly per_day: number | null;
  readonly breakdown: Readonly<Record<string, readonly Part[]>>;
  readonly others?: Readonly<Record<string, Part>>;
}

interface Event {
  readonly data: { readonly alerts: readonly { readonly incident: string; readonly finding: Finding }[] };
}

const DAY = 86_400_000;
const ADDITIVE = ['spend', 'calls', 'tokens', 'errors'];
/** Money is rounded to the micro-dollar in JSON, and a breakdown has six parts. */
const ROUNDED = 6 * 0.000_001;

const findingsOf = ({ programs }: Sample): Finding[] =>
  programs.flatMap(({ json }) => (JSON.parse(json) as Event).data.alerts.map(({ finding }) => finding));

describe.each(SAMPLES)('the figures of %s add up', (name, sample) => {
  const findings = findingsOf(sample);

  test('the parts of every breakdown are the whole, in value and in calls', () => {
    expect(findings.length).toBeGreaterThan(0);
    for (const { metric, unit, value, calls, breakdown, others } of findings) {
      for (const [dimension, parts] of Object.entries(breakdown)) {
        const all = [...parts, ...(others?.[dimension] === undefined ? [] : [others[dimension]])];
        expect(all.reduce((sum, part) => sum + part.calls, 0)).toBe(calls);
        if (!ADDITIVE.includes(metric) || unit === 'ratio') continue;
        const whole = all.reduce((sum, part) => sum + part.value, 0);
        expect(Math.abs(whole - value)).toBeLessThanOrEqual(ROUNDED + Math.abs(value) * 1e-12);
      }
    }
  });

  test('the rate a day is that of the window', () => {
    for (const { metric, unit, value, window, per_day: perDay } of findings) {
      if (!ADDITIVE.includes(metric) || unit === 'ratio') continue;
      const length = Date.parse(window.to) - Date.parse(window.from);
      expect(Math.abs((perDay ?? 0) - (value * DAY) / length)).toBeLessThan(DAY * 1e-6);
    }
  });

  test('a call costs between nothing and a tenth of a dollar', () => {
    if (name.startsWith('extreme') || name === 'absence') return;
    for (const { metric, value, calls } of findings) {
      if (metric === 'spend') expect(value / calls).toBeLessThan(0.1);
      expect(calls).toBeGreaterThan(0);
    }
  });

  test('shares are those of the whole, and add up to 100 %', () => {
    for (const { tables } of sample.people.sections) for (const table of tables) expectShares(table);
  });
});

/** Less than one percent counts as none, and more than 99 as all, as their shares were rounded. */
function expectShares({ columns, rows }: MessageTable): void {
  const place = columns.indexOf('share');
  const shares = rows.map((row) => row[place] ?? '').filter((share) => /%$/.test(share));
  if (place < 0 || shares.length < rows.length - rows.filter((row) => row[place] === 'credit').length) return;
  const percents = shares.map((share) =>
    share === '<1%' ? 0 : share === '>99%' ? 100 : Number.parseInt(share, 10),
  );
  expect(percents.reduce((sum, percent) => sum + percent, 0)).toBe(100);
}

test('every chapter of the night is about one incident, whose onset does not move', () => {
  const events = [
    'incident-new',
    'incident-grown',
    'incident-ongoing',
    'incident-resolved',
    'incident-reopened',
  ].map((name) =>
    (main[name as keyof typeof main] as Sample).programs.map(({ json }) => JSON.parse(json) as Event),
  );
  const incidents = events.flat().flatMap(({ data }) => data.alerts.map(({ incident }) => incident));
  expect(new Set(incidents).size).toBe(1);
});

test('a picture shows the onset that its message tells', () => {
  for (const [, { people, programs }] of SAMPLES) {
    if (people.chart === null) continue;
    const told = programs.flatMap(({ json }) => json.match(/"onset":\{"at":"([^"]+)"/)?.[1] ?? []);
    const onset = 'onset' in people.chart ? people.chart.onset : null;
    if (onset !== null) expect(told.map((text) => Date.parse(text))).toContain(onset);
  }
});
