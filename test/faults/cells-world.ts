import { alertsYaml } from '../support/alerts-yaml.ts';
import { createAuditDatabase } from '../support/audit-table.ts';
import { samplesOf } from '../support/exposition.ts';
import { makeFolder } from '../support/folder.ts';
import { type SqlGate, startSqlGate } from '../support/sql-gate.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

/** What a rule saw last, by its name and its group. */
type Values = Readonly<Record<string, number>>;

/** A database with a month of calls behind a gate, and a worker that keeps cells of it. */
export interface CellsWorld {
  readonly gate: SqlGate;
  /** Starts a worker that has the lease at once; the one before must be dead. */
  start(): Promise<WorkerProcess>;
  /** Kills the worker that was started last. */
  kill(): Promise<void>;
  /** Rows that come now and are 3 h or 20 days old. */
  logLate(): Promise<void>;
  query(text: string): Promise<void>;
  /** Cells that the state database keeps. */
  keptCells(): Promise<number>;
  /** Resolves when polls of the worker answer from cells instead of reading what the rules are about. */
  answersFromCells(): Promise<void>;
  /** What the worker says of each rule. */
  said(): Promise<Values>;
  /** The same by a plain statement for each rule. */
  summed(): Promise<Values>;
  close(): Promise<void>;
}

const ROWS = 6_000;

/** Windows of which no edge meets a row while a test runs: the rows stand 3 h, 9 h, 15 h … before now. */
const RULES = [
  { name: 'month-by-user', window: '30 days', key: 'user_id', value: 'sum(cost_usd)' },
  { name: 'week-by-service', window: '7 days', key: 'service_name', value: 'sum(cost_usd)' },
  { name: 'four-weeks-of-calls', window: '28 days', key: null, value: 'count(*)' },
] as const;

const RULES_YAML = `  - { name: month-by-user, type: threshold, metric: spend, window: 30d, group_by: [user], threshold: 1000000 }
  - { name: week-by-service, type: threshold, metric: spend, window: 7d, group_by: [service], threshold: 1000000 }
  - { name: four-weeks-of-calls, type: threshold, metric: calls, window: 28d, threshold: 1000000 }
`;

/** Polls every second; compares with the store as often as `reconcile` says. */
export async function openCellsWorld(reconcile = '1h'): Promise<CellsWorld> {
  const audit = await createAuditDatabase();
  await audit.sql.query(
    `INSERT INTO api_audit_logs (request_id, request_timestamp, service_name, user_id, model, endpoint, input_tokens, status_code, cost_usd)
     SELECT gen_random_uuid(), now() - interval '3 hours' - n % 120 * interval '6 hours', 'service-' || n % 3, 'user-' || n % 7,
       'm', '', 10, 200, (n % 9973)::numeric / 1000000
     FROM generate_series(1, ${ROWS}) AS n`,
  );
  const gate = await startSqlGate(audit.url);
  const folder = await makeFolder({
    'alerts.yaml': alertsYaml({
      url: gate.url,
      audit: `reconcile: ${reconcile}`,
      // Nothing is due here, so nobody listens.
      channels: `channels:
  nobody: { type: webhook, url: "http://127.0.0.1:9/", secret: "a secret that nobody checks" }
defaults: { notify: [nobody] }
`,
      rules: RULES_YAML,
    }),
  });
  let worker: WorkerProcess | null = null;
  const running = (): WorkerProcess => {
    if (worker === null) throw new Error('no worker was started');
    return worker;
  };
  const rowsRead = async (): Promise<number> => (await running().metric('spendwatch_rows_read_total')) ?? 0;
  return {
    gate,
    async start() {
      const [made] = await audit.sql.query<{ isMade: boolean }>(
        `SELECT to_regclass('spendwatch.leader') IS NOT NULL AS "isMade"`,
      );
      if (made?.isMade === true) {
        await audit.sql.query('UPDATE spendwatch.leader SET held_until = clock_timestamp()');
      }
      worker = await startWorkerProcess(folder.path);
      return worker;
    },
    async kill() {
      await running().stop('SIGKILL');
    },
    logLate: () =>
      audit.log(
        { at: new Date(Date.now() - 3 * 3_600_000), service: 'service-1', user: 'user-1', cost: '1.000001' },
        {
          at: new Date(Date.now() - 20 * 86_400_000),
          service: 'service-2',
          user: 'user-2',
          cost: '2.000002',
        },
      ),
    async query(text) {
      await audit.sql.query(text);
    },
    async keptCells() {
      const [row] = await audit.sql.query<{ cells: string }>(
        'SELECT count(*) AS cells FROM spendwatch.aggregate_bucket',
      );
      return Number(row?.cells);
    },
    async answersFromCells() {
      await until('polls read little', async () => {
        const before = await rowsRead();
        await running().polls(1);
        return (await rowsRead()) - before < ROWS / 10;
      });
    },
    async said() {
      const samples = samplesOf((await running().get('/metrics')).text);
      return Object.fromEntries(
        samples
          .filter(({ name }) => name === 'spendwatch_rule_value')
          .map(({ labels: { rule, ...group }, value }) => [[rule, ...Object.values(group)].join(' '), value]),
      );
    },
    async summed() {
      const values: Record<string, number> = {};
      for (const { name, window, key, value } of RULES) {
        const rows = await audit.sql.query<{ key: string | null; value: string }>(
          `SELECT ${key ?? 'NULL'} AS key, (${value})::text AS value FROM api_audit_logs
           WHERE request_timestamp >= now() - interval '${window}' ${key === null ? '' : `GROUP BY ${key}`}`,
        );
        for (const row of rows) values[row.key === null ? name : `${name} ${row.key}`] = Number(row.value);
      }
      return values;
    },
    async close() {
      await worker?.stop('SIGKILL');
      await gate.close();
      await Promise.all([audit.drop(), folder.remove()]);
    },
  };
}
