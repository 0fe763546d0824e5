import { randomUUID } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type App, openApp } from '../app.ts';
import { loadConfig } from '../config/load.ts';
import { demoConfig } from '../demo/demo-config.ts';
import { startSlackReceiver, startSmtpReceiver, startWebhookReceiver } from '../demo/receivers.ts';
import { openShow, type Show } from '../demo/show.ts';
import { type Incident, plausibleCalls, retryLoop } from '../demo/traffic.ts';
import { openHealthWatch } from '../health-watch.ts';
import { displayValue } from '../model/display-value.ts';
import { messageOf } from '../model/errors.ts';
import type { PollReport } from '../pipeline/poll.ts';
import type { CallRow } from '../stores/audit-store.ts';
import { type Observer, startWorker } from '../worker.ts';
import type { Io } from './io.ts';
import { openProgressBar } from './progress-bar.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const HISTORY_MS = 90 * DAY;
const INCIDENT_AGE_MS = 9 * MINUTE;
const CALLS_A_MINUTE = 180;
const SEED = 20_260_214;
const LIVE_EVERY_MS = 1_000;
const BATCH = 5_000;
/** Any secret of 16 bytes or more will do; this one guards nothing. */
const HOOK_SECRET = 'whsec_c3BlbmR3YXRjaC1kZW1vLXNlY3JldC0wMDAx';

/**
 * The whole thing with nothing installed: a store with 90 days of calls and an incident, the worker, and receivers that
 * show what arrives. Runs until it is stopped, or with `once` until every kind of channel has told. Resolves to 0.
 */
export async function demo(options: { readonly once: boolean }, io: Io): Promise<number> {
  const show = openShow(io.colour);
  const folder = await mkdtemp(join(process.cwd(), 'spendwatch-demo-'));
  const place = relative(process.cwd(), folder);
  io.out(show.heading('spendwatch demo'));
  io.out(
    `Nothing leaves this machine. All it writes is in ${show.heading(`./${place}`)}: remove that folder when you are done.\n`,
  );

  const arrivals = openArrivals(io, show);
  const smtp = await startSmtpReceiver({
    login: { user: 'spendwatch', password: 'demo-password' },
    onMail: (mail) => arrivals.take('email', show.email(mail)),
  });
  const slack = await startSlackReceiver({ onPost: (post) => arrivals.take('Slack', show.slack(post)) });
  const hook = await startWebhookReceiver({
    secret: HOOK_SECRET,
    onHook: (received) => arrivals.take('webhook', show.webhook(received)),
  });
  const file = join(folder, 'alerts.yaml');
  const ends = { smtpPort: smtp.port, slackApiUrl: slack.apiUrl, hookUrl: hook.url, hookSecret: HOOK_SECRET };
  await writeFile(file, demoConfig(ends));
  const app = await openApp(await loadConfig(file, {}));

  const now = Date.now();
  const incident: Incident = { from: now - INCIDENT_AGE_MS, callsAMinute: CALLS_A_MINUTE };
  const history = [
    ...plausibleCalls(now - HISTORY_MS, now, SEED),
    ...retryLoop(incident, now - DAY, now, SEED),
  ];
  await writeHistory(app, history, io, show);
  io.out(
    `${show.alarm('A retry loop began in the service "search" 9 minutes ago')}, and everybody sleeps. Starting the worker.\n`,
  );

  let polls = 0;
  const observer: Observer = {
    polled: (report) => {
      polls += 1;
      for (const line of pollLines(report, polls)) io.out(show.dim(line));
    },
    delivered: (report) => {
      if (report.outcome !== 'delivered') io.out(`not delivered to ${report.channel}: ${report.answer}`);
    },
    building: () => undefined,
    bypassed: () => undefined,
    leads: () => undefined,
    noticed: () => undefined,
    troubled: (what) => io.out(what),
  };
  const worker = startWorker(
    app,
    { token: randomUUID(), inHand: new Set(), health: openHealthWatch(Date.now, Math.random) },
    observer,
  );
  const live = startLiveTraffic(app, incident, now, (reason) => io.out(reason));

  await Promise.race([io.stopped, ...(options.once ? [arrivals.allKinds] : [])]);
  await live.stop();
  await worker.stop(2_000);
  await app.close();
  await Promise.all([smtp.close(), slack.close(), hook.close()]);
  await arrivals.shown();
  io.out(
    `\nDone. ${polls} ${polls === 1 ? 'poll' : 'polls'}, ${arrivals.count()} messages. To look closer: cd ${place} && npx spendwatch check`,
  );
  return 0;
}

/** Prints what arrives, one after the other, and knows when every kind of channel has told of the incident. */
function openArrivals(io: Io, show: Show) {
  const kinds = new Set<string>();
  let count = 0;
  let printing: Promise<void> = Promise.resolve();
  let done = (): void => undefined;
  const allKinds = new Promise<void>((resolve) => {
    done = resolve;
  });
  return {
    allKinds,
    count: () => count,
    shown: () => printing,
    take(kind: string, text: string | Promise<string>) {
      count += 1;
      printing = printing.then(async () => {
        io.out(`${show.dim(`${new Date().toISOString().slice(11, 19)}  ${kind} arrived`)}\n${await text}\n`);
        kinds.add(kind);
        if (kinds.size === 3) done();
      });
    },
  };
}

async function writeHistory(app: App, calls: readonly CallRow[], io: Io, show: Show): Promise<void> {
  await app.store.createTable();
  const bar = openProgressBar('writing 90 days of calls', io.stderrIsTerminal);
  for (let from = 0; from < calls.length; from += BATCH) {
    await app.store.insert(calls.slice(from, from + BATCH));
    bar.update(Math.min(calls.length, from + BATCH), calls.length);
  }
  bar.stop();
  const services = new Set(calls.map(({ service }) => service)).size;
  io.out(
    `Wrote 90 days of calls to an embedded store: ${calls.length.toLocaleString('en-US')} calls of ${services} services. ${show.dim('(PostgreSQL in this process; a table like the one you have)')}`,
  );
}

/** Goes on calling, as the company and its retry loop would. */
function startLiveTraffic(app: App, incident: Incident, from: number, failed: (reason: string) => void) {
  let last = from;
  let writing: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    writing = writing
      .then(async () => {
        const now = Date.now();
        const calls = [...plausibleCalls(last, now, SEED), ...retryLoop(incident, last, now, SEED)];
        last = now;
        await app.store.insert(calls);
      })
      .catch((error: unknown) => failed(messageOf(error)));
  }, LIVE_EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      await writing;
    },
  };
}

/** The first polls and then one in six: enough to see that it goes on, and that nothing is said twice. */
function pollLines({ at, error, rules, queued }: PollReport, polls: number): string[] {
  if (error !== null) return [`poll failed: ${error.message}`];
  if (queued.length === 0 && polls > 3 && polls % 6 !== 0) return [];
  const clock = new Date(at).toISOString().slice(11, 19);
  const values = rules.flatMap(({ rule, latest, verdicts }) => {
    const worst = latest?.firing[0];
    if (worst === undefined) return [];
    const reason = verdicts.find((verdict) => verdict.reason !== 'pending')?.reason ?? '';
    const known = reason === 'duplicate' ? 'told already today' : reason;
    return [
      `${rule.name}: ${worst.key.join(' / ')} ${displayValue(rule.metric, worst.value.fixed)} (${known})`,
    ];
  });
  return [`${clock}  polled: ${values.length === 0 ? 'nothing fires' : values.join(', ')}`];
}
