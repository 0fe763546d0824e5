import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { type App, openApp } from '../../../src/app.ts';
import { fileId } from '../../../src/config/file-id.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { startWebhookReceiver } from '../../../src/demo/receivers.ts';
import type { Report } from '../../../src/model/report.ts';
import type { DeliveryReport } from '../../../src/pipeline/deliver.ts';
import { type PollReport, poll } from '../../../src/pipeline/poll.ts';
import { reportPeriods } from '../../../src/report/period.ts';
import { openSql } from '../../../src/sql/open.ts';
import type { Sql } from '../../../src/sql/port.ts';
import { postgres } from '../../../src/stores/postgres.ts';
import { openDeliverer } from '../../../src/worker/deliverer.ts';
import { openEvaluationCounter } from '../../../src/worker/evaluation-counter.ts';
import { reportMaker } from '../../../src/worker/reports/make.ts';
import { type MakeReport, openReportWatch } from '../../../src/worker/reports/watch.ts';
import { NOTHING_TO_SAY } from '../../report/empty-report.ts';
import { createDatabase } from '../../support/database.ts';
import { makeFolder } from '../../support/folder.ts';
import { HOOK_SECRET } from '../../support/receivers.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const DAILY = '{ name: daily, schedule: "0 8 * * *", period: day, notify: [hook] }';

/** A state database, a receiver and a clock that is played; workers over them as processes would have them. */
export interface ReportWorld {
  now: number;
  readonly sql: Sql;
  /** The ids of what the receiver took. */
  readonly taken: readonly string[];
  readonly reports: readonly DeliveryReport[];
  readonly logged: { readonly troubles: string[]; readonly reported: string[] };
  /** Whether the receiver refuses everything. */
  isDown: boolean;
  /** A process that knows nothing of the one before; `reports` are entries of the file, by default one for each day. */
  start(options?: {
    readonly reports?: readonly string[];
    /** How it makes reports: by default as the worker does. */
    readonly make?: MakeReport;
  }): Promise<ReportWorker>;
  /** Writes calls into the audit table. */
  spend(...calls: readonly { readonly at: number; readonly cost: number }[]): Promise<void>;
  /** The ids of what was queued, by channel. */
  queued(): Promise<readonly { readonly id: string; readonly channel: string; readonly state: string }[]>;
}

export interface ReportWorker {
  readonly app: App;
  /** One poll, and what is counted of it. */
  polls(at: number): Promise<PollReport>;
  /** What follows a poll. */
  looks(): Promise<void>;
  /** Sends what is due. */
  sends(): Promise<void>;
  stops(): void;
  /** Ends without a word, as a process that is killed. */
  dies(): Promise<void>;
}

export async function openReportWorld(test: TestContext, now: number): Promise<ReportWorld> {
  const database = await createDatabase();
  test.onTestFinished(() => database.drop());
  const sql = await openSql(database.url);
  test.onTestFinished(() => sql.close());
  const store = postgres.open(sql, {}, null);
  await store.createTable();
  const taken: string[] = [];
  const hook = await startWebhookReceiver({
    secret: HOOK_SECRET,
    respond(hook) {
      if (world.isDown) return { status: 503 };
      taken.push(String(hook.headers['webhook-id']));
      return { status: 204 };
    },
  });
  test.onTestFinished(() => hook.close());
  const delivered: DeliveryReport[] = [];
  const open = new Set<App>();
  test.onTestFinished(async () => {
    for (const app of open) await app.close();
  });
  const world: ReportWorld = {
    now,
    sql,
    taken,
    reports: delivered,
    logged: { troubles: [], reported: [] },
    isDown: false,
    async start({ reports = [DAILY], make } = {}) {
      const folder = await makeFolder({
        'alerts.yaml': `version: 1
name: reports
schedule: "*/30 * * * *"
audit: { url: "${database.url}", preset: api_audit_logs }
channels:
  hook: { type: webhook, url: "${hook.url}", secret: "${HOOK_SECRET}" }
  other: { type: webhook, url: "${hook.url}", secret: "${HOOK_SECRET}" }
rules:
  - { name: hourly-burn, type: threshold, metric: spend, window: 1h, threshold: 100 }
reports:
${reports.map((one) => `  - ${one}`).join('\n')}
`,
      });
      test.onTestFinished(() => folder.remove());
      // All processes have the file at one path.
      const config = { ...(await loadConfig(join(folder.path, 'alerts.yaml'), {})), path: '/alerts.yaml' };
      const app = await openApp(config, { now: () => world.now });
      open.add(app);
      const counter = openEvaluationCounter(
        app.state,
        { file: fileId(config), zone: 'UTC' },
        app.now,
        (what) => world.logged.troubles.push(what),
      );
      const watch = openReportWatch(app, make ?? reportMaker(app, counter.write, null), {
        reported: (name, period) => world.logged.reported.push(`${name} ${period}`),
        troubled: (what) => world.logged.troubles.push(what),
      });
      const deliverer = openDeliverer(app, await app.state(), null, (report) => delivered.push(report));
      return {
        app,
        async polls(at) {
          world.now = at;
          const report = await poll(await app.pollParts(), at, app.now);
          counter.polled(report);
          return report;
        },
        looks: () => watch.polled(),
        sends: () => deliverer.deliverDue(),
        stops: () => watch.stop(),
        async dies() {
          watch.stop();
          open.delete(app);
          await app.close();
        },
      };
    },
    async spend(...calls) {
      await store.insert(
        calls.map(({ at, cost }) => ({
          request_id: randomUUID(),
          time: new Date(at).toISOString(),
          service: 'search',
          model: 'gpt-4.1',
          cost,
        })),
      );
    },
    queued: () =>
      sql.query('SELECT id, channel, state FROM spendwatch.delivery ORDER BY created_at, channel, id'),
  };
  return world;
}

/** A report that says nothing. */
export const emptyReport: MakeReport = async ({ name, period, where }, at): Promise<Report> => ({
  name,
  period,
  ...reportPeriods(period, at, 'UTC'),
  at,
  zone: 'UTC',
  currency: 'USD',
  where,
  newestRow: at,
  spend: { now: 0n, before: null },
  ...NOTHING_TO_SAY,
  retention: { oldestRow: null, newestRow: at, rows: 0, users: null },
});
