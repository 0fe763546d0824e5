// `spendwatch demo`: an invented company, an incident, and the messages it causes.

import { randomUUID } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type App, openApp } from '../app.ts';
import { loadConfig } from '../config/load.ts';
import { type Arrivals, openArrivals } from '../demo/arrivals.ts';
import { openDemoClock } from '../demo/clock.ts';
import { demoConfig } from '../demo/demo-config.ts';
import { startSlackReceiver, startSmtpReceiver, startWebhookReceiver } from '../demo/receivers.ts';
import { openShow, type Show } from '../demo/show.ts';
import { type Incident, plausibleCalls, retryLoop } from '../demo/traffic.ts';
import { counted, displayValue } from '../model/display-value.ts';
import { wordsOf } from '../model/errors.ts';
import { quantityOf } from '../model/quantity.ts';
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

/** An hour of the demo's clock takes twelve seconds, once the incident was stopped. */
const HURRY = 300;

/**
 * Makes a store with 90 days of calls and an incident, and runs the worker and receivers that show the messages. When a
 * message has arrived on every kind of channel the incident is stopped, and time flies until that is told too. Runs until it
 * is stopped, or with `once` until then. Resolves to 0.
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

  const clock = openDemoClock();
  const now = clock.now();
  const arrivals = openArrivals((text) => io.out(text), show);
  const incident: Incident = { from: now - INCIDENT_AGE_MS, callsAMinute: CALLS_A_MINUTE };
  const over = openSignal();
  const toldOfEnd = new Set<string>();
  const ends = await startEnds(arrivals, show, (kind) => {
    if (incident.until !== undefined && toldOfEnd.add(kind).size === 3) over.give();
  });
  const file = join(folder, 'alerts.yaml');
  await writeFile(file, ends.config);
  const app = await openApp(await loadConfig(file, {}), { now: clock.now, serve: say });

  const history = [
    ...plausibleCalls(now - HISTORY_MS, now, SEED),
    ...retryLoop(incident, now - DAY, now, SEED),
  ];
  await writeHistory(app, history, io, say);
  say(
    `3. ${show.alarm('A retry loop began in the service "search" 9 minutes ago')}, and everybody sleeps. Starting the worker: it polls every two seconds here …\n`,
  );

  const observer = openObserver(io, say, show);
  const worker = startWorker(
    app,
    { token: randomUUID(), inHand: new Set(), outages: openOutageNotifier(clock.now, Math.random) },
    observer,
  );
  const live = startLiveTraffic(app, incident, clock.now, now, (reason) => io.out(reason));
  const told = arrivals.allKinds.then(async () => {
    say(
      `4. ${show.heading('The engineer on call stops the job.')} Time flies here from now on, five minutes a second, until the loop has left the window of an hour …\n`,
    );
    incident.until = clock.now();
    clock.hurry(HURRY);
    await over.given;
    clock.hurry(1);
    say(show.heading('5. It is over, and people know it: also what it cost, and how long it took.\n'));
  });

  await Promise.race([io.stopped, ...(options.once ? [told] : [])]);
  await live.stop();
  await worker.stop(2_000);
  await app.close();
  await ends.close();
  await arrivals.shown();
  io.out(
    `\nDone. ${counted(observer.polls(), 'poll')}, ${counted(arrivals.count(), 'message')}. To look closer:`,
  );
  io.out(`  cd ${place} && npx spendwatch check`);
  return 0;
}

/** The receivers, and the alerts.yaml that names them. `onEnd` is called where an end arrives. */
async function startEnds(arrivals: Arrivals, show: Show, onEnd: (kind: string) => void) {
  const smtp = await startSmtpReceiver({
    login: { user: 'spendwatch', password: 'demo-password' },
    onMail(mail) {
      arrivals.take('email', show.email(mail));
      if (/^In-Reply-To:/im.test(mail.raw)) onEnd('email');
    },
  });
  const slack = await startSlackReceiver({
    onPost(post) {
      const isAnswer = post.thread_ts !== undefined;
      arrivals.take('Slack', show.slack(post, isAnswer ? 'an answer in its thread' : 'a new message'));
      if (isAnswer) onEnd('Slack');
    },
    onEdit: (post) => arrivals.take('Slack', show.slack(post, 'the first message, edited')),
  });
  const hook = await startWebhookReceiver({
    secret: HOOK_SECRET,
    onHook(received) {
      arrivals.take('webhook', show.webhook(received));
      if (received.body.includes('"alert.resolved"')) onEnd('webhook');
    },
  });
  return {
    config: demoConfig({
      smtpPort: smtp.port,
      slackApiUrl: slack.apiUrl,
      hookUrl: hook.url,
      hookSecret: HOOK_SECRET,
    }),
    close: () => Promise.all([smtp.close(), slack.close(), hook.close()]),
  };
}

function openObserver(io: Io, say: (text: string) => void, show: Show): Observer & { polls(): number } {
  let polls = 0;
  return {
    polls: () => polls,
    polled: (report) => {
      polls += 1;
      for (const line of pollLines(report, polls)) say(show.dim(line));
    },
    delivered: (report) => {
      // Where time flies, a lease ends before the send begins. It is sent again.
      if (report.outcome !== 'delivered' && report.outcome !== 'lost')
        say(`not delivered to ${report.channel}: ${report.answer}`);
    },
    backfilling: () => undefined,
    bypassed: () => undefined,
    leads: () => undefined,
    noticed: () => undefined,
    reported: () => undefined,
    troubled: (what) => io.out(what),
  };
}

function openSignal() {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give: () => give() };
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
function startLiveTraffic(
  app: App,
  incident: Incident,
  clock: () => number,
  from: number,
  failed: (reason: string) => void,
) {
  let last = from;
  let writing: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    writing = writing
      .then(async () => {
        const now = clock();
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
      `${rule.name}: ${worst.key.join(' / ')} ${displayValue(quantityOf(rule), worst.value.fixed)} (${known})`,
    ];
  });
  if (values.length === 0) return [`${clock}  polled: nothing fires`];
  return [`${clock}  polled`, ...values.map((value) => `          ${value}`)];
}
