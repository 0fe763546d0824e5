import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startCluster } from './cluster.ts';
import { loadDataSet, removeArrivals } from './data-set.ts';
import { type Bench, checkOnce, endurance, manyAtOnce, replay, starts, steady } from './parts.ts';
import { minutesAfter } from './polls.ts';
import { describeMachine, type Figure, printed } from './report.ts';

const SIZES: Readonly<Record<string, number>> = { '1m': 1e6, '10m': 1e7, '30m': 3e7 };
const PARTS: Readonly<Record<string, (bench: Bench) => Promise<Figure[]>>> = {
  steady,
  rules: manyAtOnce,
  check: checkOnce,
  starts,
  endurance,
  backtest: replay,
};

const USAGE = `npm run bench -- [--rows ${Object.keys(SIZES).join('|')}] [--part ${Object.keys(PARTS).join('|')}]…
  [--rounds N] [--days N] [--rollup on|off] [--keep FOLDER] [--json FILE]`;

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '1m' },
    part: { type: 'string', multiple: true, default: Object.keys(PARTS) },
    rounds: { type: 'string', default: '5' },
    days: { type: 'string', default: '90' },
    rollup: { type: 'string', default: 'on' },
    keep: { type: 'string' },
    json: { type: 'string' },
  },
});
const rows = SIZES[options.rows];
const rounds = Number(options.rounds);
const days = Number(options.days);
const rollup = options.rollup === 'on' || options.rollup === 'off' ? options.rollup : undefined;
const unknown = options.part.find((name) => PARTS[name] === undefined);
if (rows === undefined || unknown !== undefined || rollup === undefined || !(rounds >= 1) || !(days >= 1)) {
  console.error(USAGE);
  process.exit(2);
}

const say = (line: string): void => console.error(line);
const cluster = await startCluster(options.keep === undefined ? null : join(options.keep, options.rows));
try {
  const dataSet = await loadDataSet(cluster, rows, say);
  const minutes = minutesAfter(cluster, dataSet);
  const figures: Figure[] = [];
  for (const name of options.part) {
    say(`part ${name}`);
    figures.push(...((await PARTS[name]?.({ cluster, minutes, rollup, rounds, days, say })) ?? []));
  }
  await removeArrivals(cluster, dataSet);
  const [version] = await cluster.owner.query<{ server_version: string }>('SHOW server_version');
  const machine = describeMachine(version?.server_version ?? 'unknown');
  console.log(printed(machine, dataSet.rows, figures));
  if (options.json !== undefined) {
    await writeFile(options.json, `${JSON.stringify({ machine, rows: dataSet.rows, figures }, null, 2)}\n`);
  }
} finally {
  await cluster.stop();
}
