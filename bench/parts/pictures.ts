import { pictureOf } from '../../src/charts/picture.ts';
import { normal, seededRandom } from '../../src/demo/random.ts';
import type { Chart } from '../../src/model/chart.ts';
import { localTime } from '../../src/model/display-time.ts';
import { HOUR, MINUTE } from '../bench.ts';
import { median, timed } from '../measure.ts';
import { forgetPeak, peakMb, residentMb } from '../memory.ts';
import type { Figure } from '../report.ts';

const part = 'pictures';
const PICTURES = 30;
const TO = Date.parse('2026-11-20T02:05:00Z');

/** The pictures of alerts, one after the other, of values that no line is smooth over. */
export async function pictures(): Promise<Figure[]> {
  const charts = Array.from({ length: PICTURES }, (_, seed) => roughChart(seed));
  const times: number[] = [];
  let largest = 0;
  // A worker has loaded what tells local times anyway.
  localTime(TO, 'Europe/Berlin');
  const before = residentMb();
  forgetPeak();
  for (const chart of charts) {
    const ms = await timed(async () => {
      const picture = await pictureOf(chart);
      if (picture === null) throw new Error('a picture was not drawn');
      largest = Math.max(largest, picture.length);
    });
    times.push(ms);
  }
  return [
    { part, what: 'the first picture', value: times[0] ?? null, unit: 'ms', atMost: 150 },
    { part, what: 'a picture', value: median(times), unit: 'ms', atMost: 150 },
    { part, what: 'the largest of 30', value: largest / 1000, unit: 'kB', atMost: 60 },
    { part, what: 'memory at the most while 30 are drawn', value: peakMb() - before, unit: 'MB', atMost: 80 },
  ];
}

function roughChart(seed: number): Chart {
  const random = seededRandom(seed);
  const points = Array.from({ length: 145 }, (_, i): [number, number] => [
    TO - (144 - i) * 10 * MINUTE,
    (i > 139 ? 300 : 40) * Math.exp(0.4 * normal(random)),
  ]);
  return {
    title: 'service search: spend in 1h',
    plainTitle: 'spend in 1h',
    zone: 'Europe/Berlin',
    points,
    last: '$312.46',
    ticks: [0, 250, 500, 750, 1000].map((value) => ({ value, label: `$${value}` })),
    limits: [
      { severity: 'warning', value: 50, label: 'warning $50' },
      { severity: 'critical', value: 100, label: 'critical $100' },
    ],
    usual: null,
    onset: TO - 46 * MINUTE,
    window: { from: TO - HOUR, to: TO },
    alt: '',
  };
}
