import type { HttpReply } from '../../src/demo/http-receiver.ts';
import { startSlackReceiver } from '../../src/demo/slack-receiver.ts';
import { type SmtpReply, startSmtpReceiver } from '../../src/demo/smtp-receiver.ts';
import { startWebhookReceiver } from '../../src/demo/webhook-receiver.ts';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { createAuditDatabase, justNow } from '../support/audit-table.ts';
import { makeFolder } from '../support/folder.ts';
import { HOOK_SECRET } from '../support/receivers.ts';
import { type SqlGate, startSqlGate } from '../support/sql-gate.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

/** A message as a receiver has taken it: its id there, and all of its text. */
export interface Taken {
  readonly id: string;
  readonly text: string;
}

/** Where a receiver keeps the sender waiting once; what it was sent is taken all the same. */
export type Pause = 'hook' | 'post' | 'history' | 'rcpt' | 'mail' | 'update' | 'replies';

/** The schedule of every file that `alertsYaml` makes. */
const EVERY_SECOND = '* * * * * *';
const CHANNELS = ['hooks', 'mails', 'posts'] as const;

/** What became of the alerts of a world. */
export interface Tally {
  readonly due: number;
  /** Alerts in all that was really received, each id once. */
  readonly delivered: number;
  /** Messages that came again with the same id and the same text. */
  readonly repeated: number;
  /** Looks for an own message in the Slack channel. */
  readonly looked: number;
}

/** A database behind a gate, receivers of each kind, and workers that watch it. */
export interface IncidentWorld {
  readonly gate: SqlGate;
  readonly taken: Readonly<Record<(typeof CHANNELS)[number], readonly Taken[]>>;
  /** When each post came to Slack, ms. */
  readonly postedAt: readonly number[];
  start(): Promise<WorkerProcess>;
  /** A service that has spent more than the limit for the first time: a message to each channel is due. */
  breach(): Promise<string>;
  /** Logs a call. */
  spend(call: { readonly service: string; readonly user: string; readonly cost: string }): Promise<void>;
  /** The Slack channel as its readers see it now. */
  shown(): readonly Readonly<Record<string, unknown>>[];
  /** Whether Slack answers every call with 503. */
  slackIsDown: boolean;
  /** Resolves when Slack has answered an edit. */
  edited(): Promise<void>;
  /** Resolves when each channel has had a message about each of the services. */
  told(...services: readonly string[]): Promise<void>;
  /** The next one that gets so far waits for its answer for ever. Resolves when it does. */
  pause(where: Pause): Promise<void>;
  /** As if all leases had run out, and the waits that follow them; nobody may be alive who holds one. */
  endLeases(): Promise<void>;
  query<Row>(text: string): Promise<Row[]>;
  /** Resolves when nothing waits any more. */
  settled(): Promise<void>;
  /** Throws unless each alert reached each channel in one message, and each repeat was the same message. */
  tally(): Tally;
  close(): Promise<void>;
}

/** What differs from the usual file: its rules, further keys of each channel, further sections. */
export interface FileParts {
  readonly rules?: string;
  readonly channelKeys?: string;
  readonly more?: string;
}

/** Watches with a limit of $50 for each service, every second if not said otherwise. */
export async function openIncidentWorld(
  schedule = EVERY_SECOND,
  { channelKeys = '', ...parts }: FileParts = {},
): Promise<IncidentWorld> {
  const audit = await createAuditDatabase();
  const gate = await startSqlGate(audit.url);
  const pauses = new Map<Pause, () => void>();
  const paused = (where: Pause): boolean => {
    const isPaused = pauses.get(where);
    pauses.delete(where);
    isPaused?.();
    return isPaused !== undefined;
  };

  const mails: Taken[] = [];
  const smtp = await startSmtpReceiver({
    respond(step, value): SmtpReply | undefined {
      if (step === 'data') mails.push({ id: headerOf(value, 'message-id'), text: value });
      if (step === 'rcpt') return paused('rcpt') ? 'hang' : undefined;
      return step === 'data' && paused('mail') ? 'hang' : undefined;
    },
  });
  const postedAt: number[] = [];
  let isDown = false;
  let onEdit = (): void => undefined;
  const slack = await startSlackReceiver({
    keep: true,
    onPost: () => void postedAt.push(performance.now()),
    respond({ method }): HttpReply | undefined {
      if (isDown) return { status: 503 };
      if (method === 'chat.update') {
        if (paused('update')) return 'hang';
        setImmediate(onEdit);
      }
      const where = {
        'chat.postMessage': 'post',
        'conversations.history': 'history',
        'conversations.replies': 'replies',
      };
      const pause = where[method as keyof typeof where] as Pause | undefined;
      return pause !== undefined && paused(pause) ? 'hang' : undefined;
    },
  });
  const hook = await startWebhookReceiver({
    secret: HOOK_SECRET,
    respond: ({ verified }) => (paused('hook') ? 'hang' : { status: verified ? 204 : 401 }),
  });
  const yaml = alertsYaml({
    ...parts,
    url: gate.url,
    channels: `channels:
  oncall: { type: slack, token: xoxb-test-token, channel: "#llm-spend", api_url: "${slack.apiUrl}"${channelKeys} }
  finance:
    { type: email, from: spendwatch@example.com, to: [finance@example.com], host: 127.0.0.1, port: ${smtp.port}, tls: none${channelKeys} }
  billing: { type: webhook, url: "${hook.url}", secret: "${HOOK_SECRET}"${channelKeys} }
`,
  });
  const folder = await makeFolder({
    'alerts.yaml': yaml.replace(EVERY_SECOND, schedule),
  });

  const taken: IncidentWorld['taken'] = {
    get hooks() {
      return hook.received.map(({ headers, body }) => ({ id: headers['webhook-id'] ?? '', text: body }));
    },
    mails,
    get posts() {
      return slack.posts.map((post) => ({ id: deliveryIdOf(post), text: JSON.stringify(post) }));
    },
  };
  const services: string[] = [];
  const about = (channel: (typeof CHANNELS)[number], service: string): Taken[] =>
    taken[channel].filter(({ text }) => text.includes(service));

  return {
    gate,
    taken,
    postedAt,
    start: () => startWorkerProcess(folder.path),
    async breach() {
      const service = `svc-${String(services.length + 1).padStart(4, '0')}`;
      services.push(service);
      await audit.log({ at: justNow(), service, cost: '60.000001' });
      return service;
    },
    spend: (call) => audit.log({ at: justNow(), ...call }),
    shown: slack.shown,
    get slackIsDown() {
      return isDown;
    },
    set slackIsDown(now) {
      isDown = now;
    },
    edited: () =>
      new Promise((resolve) => {
        onEdit = resolve;
      }),
    async told(...asked) {
      await until(`each channel is told of ${asked.join(', ')}`, () =>
        asked.every((service) => CHANNELS.every((channel) => about(channel, service).length > 0)),
      );
    },
    pause: (where) => new Promise((resolve) => void pauses.set(where, resolve)),
    async endLeases() {
      const [made] = await audit.sql.query<{ isMade: boolean }>(
        `SELECT to_regclass('spendwatch.rate_limit_slot') IS NOT NULL AS "isMade"`,
      );
      if (made?.isMade !== true) return;
      await audit.sql.query('UPDATE spendwatch.leader SET held_until = clock_timestamp()');
      await audit.sql.query('UPDATE spendwatch.rate_limit_slot SET free_at = clock_timestamp()');
      await audit.sql.query(
        'UPDATE spendwatch.delivery SET lease_until = clock_timestamp(), next_at = LEAST(next_at, now()) WHERE lease_until IS NOT NULL',
      );
    },
    query: (text) => audit.sql.query(text),
    async settled() {
      await until('nothing waits any more', async () => {
        const [row] = await audit.sql.query<{ open: string }>(
          `SELECT count(*) AS open FROM spendwatch.delivery WHERE state <> 'delivered'`,
        );
        return row?.open === '0';
      });
    },
    tally() {
      let repeated = 0;
      let delivered = 0;
      for (const channel of CHANNELS) {
        const first = new Map<string, string>();
        for (const { id, text } of taken[channel]) {
          const before = first.get(id);
          if (before === undefined) first.set(id, text);
          else if (channel === 'posts') throw new Error(`Slack shows ${id} twice`);
          else if (before !== text) throw new Error(`${id} came again with another text`);
          else repeated += 1;
        }
        // A message may tell several alerts; one that tells none was not due, and makes the sum too large.
        for (const text of first.values()) {
          delivered += Math.max(1, services.filter((service) => text.includes(service)).length);
        }
        for (const service of services) {
          const ids = new Set(about(channel, service).map(({ id }) => id));
          if (ids.size !== 1) throw new Error(`${service} was told on ${channel} in ${ids.size} messages`);
        }
      }
      const looked = slack.calls.filter(({ method }) => method === 'conversations.history').length;
      const due = services.length * CHANNELS.length;
      return { due, delivered, repeated, looked };
    },
    async close() {
      await Promise.all([smtp.close(), slack.close(), hook.close(), gate.close()]);
      await Promise.all([audit.drop(), folder.remove()]);
    },
  };
}

function headerOf(mail: string, name: string): string {
  return new RegExp(`^${name}: (.*)$`, 'im').exec(mail)?.[1]?.trim() ?? '';
}

function deliveryIdOf(post: Readonly<Record<string, unknown>>): string {
  const { metadata } = post as { metadata?: { event_payload?: { delivery_id?: string } } };
  return metadata?.event_payload?.delivery_id ?? '';
}
