// `spendwatch demo`: an invented company, an incident, and the messages it causes.

import { randomUUID } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type App, openApp } from '../app.ts';
import { loadConfig } from '../config/load.ts';
import { demoConfig } from '../demo/demo-config.ts';
import { startSlackReceiver, startSmtpReceiver, startWebhookReceiver } from '../demo/receivers.ts';
import { openShow, type Show } from '../demo/show.ts';
import { type Incident, plausibleCalls, retryLoop } from '../demo/traffic.ts';
import { counted, displayValue } from '../model/display-value.ts';
import { wordsOf } from '../model/errors.ts';
import { wrapped } from '../model/wrapped-text.ts';
import type { PollReport } from '../pipeline/poll.ts';
import type { CallRow } from '../stores/audit-store.ts';
import type { Observer } from '../worker/observer.ts';
import { openOutageNotifier } from '../worker/outage-notifier.ts';
import { startWorker } from '../worker/worker.ts';
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
/** Any secret of at least 16 bytes. This one protects nothing. */
const HOOK_SECRET = 'whsec_c3BlbmR3YXRjaC1kZW1vLXNlY3JldC0wMDAx';

/**
 * Makes a store with 90 days of calls and an incident, and runs the worker and receivers that show the messages. Runs until
 * it is stopped, or with `once` until a message has arrived on every kind of channel. Resolves to 0.
 */
export async function demo(options: { readonly once: boolean }, io: Io): Promise<number> {
  const show = openShow(io.colour, io.columns);
  const say = (text: string): void => io.out(wrapped(text, io.columns).join('\n'));
  const folder = await mkdtemp(join(process.cwd(), 'spendwatch-demo-'));
  const place = relative(process.cwd(), folder);
  io.out(show.heading('spendwatch demo'));
  say(`Nothing leaves this machine. All files are written to ${show.heading(`./${place}`)}.`);
  say('Remove that folder when you are done.\n');
  say('1. Creating an embedded PostgreSQL, with a table like yours …');

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
  await writeHistory(app, history, io, say);
  say(
    `3. ${show.alarm('A retry loop began in the service "search" 9 minutes ago')}, and everybody sleeps. Starting the worker: it polls every two seconds here …\n`,
  );

  let polls = 0;
  const observer: Observer = {
    polled: (report) => {
      polls += 1;
      for (const line of pollLines(report, polls)) say(show.dim(line));
    },
    delivered: (report) => {
      if (report.outcome !== 'delivered') say(`not delivered to ${report.channel}: ${report.answer}`);
    },
    backfilling: () => undefined,
    bypassed: () => undefined,
    leads: () => undefined,
    noticed: () => undefined,
    troubled: (what) => io.out(what),
  };
  const worker = startWorker(
    app,
    { token: randomUUID(), inHand: new Set(), outages: openOutageNotifier(Date.now, Math.random) },
    observer,
  );
  const live = startLiveTraffic(app, incident, now, (reason) => io.out(reason));

  await Promise.race([io.stopped, ...(options.once ? [arrivals.allKinds] : [])]);
  await live.stop();
  await worker.stop(2_000);
  await app.close();
  await Promise.all([smtp.close(), slack.close(), hook.close()]);
  await arrivals.shown();
  io.out(`\nDone. ${counted(polls, 'poll')}, ${counted(arrivals.count(), 'message')}. To look closer:`);
  io.out(`  cd ${place} && npx spendwatch check`);
  return 0;
}

/** Prints messages in the order in which they arrive, and tracks whether every kind of channel has got one. */
function openArrivals(io: Io, show: Show) {
  const kinds = new Set<string>();
  const waiting: (() => void)[] = [];
  let count = 0;
  let printing: Promise<void> = Promise.resolve();
  let done = (): void => undefined;
  const allKinds = new Promise<void>((resolve) => {
    done = resolve;
  });
  return {
    allKinds,
    count: () => count,
    /** Resolves when everything is printed, including messages that waited for others. */
    shown(): Promise<void> {
      for (const print of waiting.splice(0)) print();
      return printing;
    },
    take(kind: string, text: string | Promise<string>) {
      count += 1;
      const clock = new Date().toISOString().slice(11, 19);
      const print = (): void => {
        printing = printing.then(async () =>
          io.out(`${show.dim(`${clock}  ${kind} arrived`)}\n${await text}\n`),
        );
        kinds.add(kind);
        if (kinds.size === 3) void printing.then(done);
      };
      // Messages for people are printed before those for programs.
      if (kind === 'webhook' && kinds.size < 2 && !kinds.has(kind)) return void waiting.push(print);
      print();
      if (kinds.size >= 2) for (const later of waiting.splice(0)) later();
    },
  };
}

async function writeHistory(
  app: App,
  calls: readonly CallRow[],
  io: Io,
  say: (text: string) => void,
): Promise<void> {
  await app.store.createTable();
  const services = new Set(calls.map(({ service }) => service)).size;
  const many = calls.length.toLocaleString('en-US');
  say(`2. Writing 90 days of calls of an invented company: ${many} calls of ${services} services …`);
  const bar = openProgressBar('writing 90 days of calls', io.stderrIsTerminal);
  for (let from = 0; from < calls.length; from += BATCH) {
    await app.store.insert(calls.slice(from, from + BATCH));
    bar.update(Math.min(calls.length, from + BATCH), calls.length);
  }
  bar.stop();
}

/** Writes new calls every second, as the company and its retry loop would make them. */
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
      .catch((error: unknown) => failed(wordsOf(error)));
  }, LIVE_EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      await writing;
    },
  };
}

/** Lines for the first polls, and then for every sixth: enough to see that polls go on and that nothing is sent twice. */
function pollLines({ at, error, rules, queued }: PollReport, polls: number): string[] {
  if (error !== null) return [`poll failed: ${error.message}`];
  if (queued.length === 0 && polls > 3 && polls % 6 !== 0) return [];
  const clock = new Date(at).toISOString().slice(11, 19);
  const values = rules.flatMap(({ rule, latest, verdicts }) => {
    const worst = latest?.firing[0];
    if (worst === undefined) return [];
    const reason = verdicts.find((verdict) => verdict.reason !== 'pending')?.reason ?? '';
    const known = reason === 'duplicate' ? 'already notified today' : reason;
    return [
      `${rule.name}: ${worst.key.join(' / ')} ${displayValue(rule.metric, worst.value.fixed)} (${known})`,
    ];
  });
  if (values.length === 0) return [`${clock}  polled: nothing fires`];
  return [`${clock}  polled`, ...values.map((value) => `          ${value}`)];
}
