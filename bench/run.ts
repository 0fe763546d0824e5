import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench } from './bench.ts';
import { startCluster } from './cluster.ts';
import { DEFAULT_RATE, loadDataSet, removeArrivals } from './data-set.ts';
import { checkOnce } from './parts/check.ts';
import { endurance } from './parts/endurance.ts';
import { manyAtOnce } from './parts/many-rules.ts';
import { pictures } from './parts/pictures.ts';
import { replay } from './parts/replay.ts';
import { ruleTypes } from './parts/rule-types.ts';
import { starts } from './parts/starts.ts';
import { steady } from './parts/steady.ts';
import { minutesAfter } from './polls.ts';
import { describeMachine, type Figure, printed } from './report.ts';

const SIZES: Readonly<Record<string, number>> = { '1m': 1e6, '10m': 1e7, '30m': 3e7 };
const PARTS: Readonly<Record<string, (bench: Bench) => Promise<Figure[]>>> = {
  steady,
  rules: manyAtOnce,
  check: checkOnce,
  starts,
  endurance,
  types: ruleTypes,
  backtest: replay,
  pictures,
};

const USAGE = `npm run bench -- [--rows ${Object.keys(SIZES).join('|')}] [--rate CALLS_A_MINUTE] [--part ${Object.keys(PARTS).join('|')}]…
  [--rounds N] [--days N] [--rollup on|off] [--keep FOLDER] [--json FILE]`;

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '1m' },
    rate: { type: 'string', default: String(DEFAULT_RATE) },
    part: { type: 'string', multiple: true, default: Object.keys(PARTS) },
    rounds: { type: 'string', default: '5' },
    days: { type: 'string', default: '90' },
    rollup: { type: 'string', default: 'on' },
    keep: { type: 'string' },
    json: { type: 'string' },
  },
});
const rows = SIZES[options.rows];
const rate = Number(options.rate);
const rounds = Number(options.rounds);
const days = Number(options.days);
const rollup = options.rollup === 'on' || options.rollup === 'off' ? options.rollup : undefined;
const unknown = options.part.find((name) => PARTS[name] === undefined);
const areCounts = [rate, rounds, days].every((count) => Number.isInteger(count) && count >= 1);
if (rows === undefined || unknown !== undefined || rollup === undefined || !areCounts) {
  console.error(USAGE);
  process.exit(2);
}

const say = (line: string): void => console.error(line);
/** Each rate has a table of its own. */
const folder = rate === DEFAULT_RATE ? options.rows : `${options.rows}-${rate}`;
const cluster = await startCluster(options.keep === undefined ? null : join(options.keep, folder));
try {
  const dataSet = await loadDataSet(cluster, rows, rate, say);
  const minutes = minutesAfter(cluster, dataSet);
  const figures: Figure[] = [];
  /** How busy the machine was when a part began, with what the part before it did. */
  const loads: Record<string, number> = {};
  for (const name of options.part) {
    const [load = 0] = loadavg();
    loads[name] = load;
    say(`part ${name}, load ${load.toFixed(1)}`);
    figures.push(...((await PARTS[name]?.({ cluster, minutes, rate, rollup, rounds, days, say })) ?? []));
  }
  await removeArrivals(cluster, dataSet);
  const [version] = await cluster.owner.query<{ server_version: string }>('SHOW server_version');
  const machine = describeMachine(version?.server_version ?? 'unknown');
  console.log(printed(machine, dataSet.rows, rate, figures));
  if (options.json !== undefined) {
    const all = { machine, rows: dataSet.rows, rate, loads, figures };
    await writeFile(options.json, `${JSON.stringify(all, null, 2)}\n`);
  }
} finally {
  await cluster.stop();
}
