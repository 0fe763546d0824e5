import type { TestContext } from 'vitest';
import type { Channel } from '../../src/channels/channel.ts';
import { email } from '../../src/channels/email/email.ts';
import { slack } from '../../src/channels/slack/slack.ts';
import { webhook } from '../../src/channels/webhook/webhook.ts';
import {
  type ReceivedHook,
  type ReceivedMail,
  startSlackReceiver,
  startSmtpReceiver,
  startWebhookReceiver,
} from '../../src/demo/receivers.ts';
import { deliveryId } from '../../src/model/delivery.ts';
import { channelReportMessage } from '../../src/model/health-message.ts';
import { createDeliverer, type Deliverer, type DeliveryReport } from '../../src/pipeline/deliver.ts';
import { openSql } from '../../src/sql/open.ts';
import type { Sql } from '../../src/sql/port.ts';
import { openState } from '../../src/state/open.ts';
import { sampleAlert, sampleNews } from '../channels/sample-messages.ts';
import { AT, notification, recording } from '../state/samples.ts';
import { createDatabase } from '../support/database.ts';
import { HOOK_SECRET } from '../support/receivers.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

type SmtpOptions = NonNullable<Parameters<typeof startSmtpReceiver>[0]>;
type SlackOptions = NonNullable<Parameters<typeof startSlackReceiver>[0]>;
type HookOptions = Parameters<typeof startWebhookReceiver>[0];
export type ChannelName = 'mail' | 'chat' | 'hook';
export const NAMES: readonly ChannelName[] = ['chat', 'hook', 'mail'];

/** What the receivers do; changed while the test goes on, which is how they are mended. */
export interface Conduct {
  mail?: SmtpOptions['respond'];
  chat?: SlackOptions['respond'];
  hook?: HookOptions['respond'];
}

export interface WorldOptions {
  readonly conduct?: Conduct;
  readonly smtp?: Pick<SmtpOptions, 'tls' | 'login'>;
  readonly hookTls?: HookOptions['tls'];
  /** Keys of the channels that differ from those of a good file. */
  readonly keys?: Partial<Record<ChannelName, Readonly<Record<string, unknown>>>>;
  readonly change?: (channel: Channel) => Channel;
  /** How long an attempt may take on a channel whose receiver misbehaves; the others have the usual time. */
  readonly faultyTimeoutMs?: number;
}

/** Three real channels to three real servers, their deliverer over a real state store, and a clock that is played. */
export interface ChannelWorld {
  now: number;
  readonly sql: Sql;
  readonly conduct: Conduct;
  readonly ways: Readonly<Record<'mail' | 'hook', TcpProxy>>;
  readonly mails: readonly ReceivedMail[];
  readonly posts: readonly Readonly<Record<string, unknown>>[];
  readonly hooks: readonly ReceivedHook[];
  readonly reports: readonly DeliveryReport[];
  /** Queues one alert on each of the channels and returns the deliveries' ids, in their order. */
  alert(...channels: readonly ChannelName[]): Promise<string[]>;
  /** Sends what is due now. */
  round(): Promise<void>;
  /** A process that knows nothing of the one before takes over. */
  restart(): Promise<void>;
  /** Attempts that ended at a channel so far. */
  attempts(channel: ChannelName): number;
  /** The reports about the deliveries of a channel, by who was told. */
  told(channel: ChannelName): ChannelName[];
}

export async function openChannelWorld(test: TestContext, options: WorldOptions = {}): Promise<ChannelWorld> {
  const database = await createDatabase();
  test.onTestFinished(() => database.drop());
  const sql = await openSql(database.url);
  test.onTestFinished(() => sql.close());
  const conduct: Conduct = { ...options.conduct };
  const smtp = await startSmtpReceiver({
    ...options.smtp,
    respond: (step, value) => conduct.mail?.(step, value),
  });
  test.onTestFinished(() => smtp.close());
  const chat = await startSlackReceiver({
    now: () => world.now,
    respond: (call, attempt) => conduct.chat?.(call, attempt),
  });
  test.onTestFinished(() => chat.close());
  const hook = await startWebhookReceiver({
    secret: HOOK_SECRET,
    respond: (received, attempt) => conduct.hook?.(received, attempt) ?? { status: 204 },
    ...(options.hookTls === undefined ? {} : { tls: options.hookTls }),
  });
  test.onTestFinished(() => hook.close());
  const mailWay = await startTcpProxy(`http://127.0.0.1:${smtp.port}`);
  test.onTestFinished(() => mailWay.close());
  const hookWay = await startTcpProxy(hook.url);
  test.onTestFinished(() => hookWay.close());

  const keys = {
    mail: {
      type: 'email',
      from: 'spendwatch@example.com',
      to: ['a@example.com', 'b@example.com', 'c@example.com'],
      host: '127.0.0.1',
      port: Number(new URL(mailWay.url).port),
      tls: 'none',
      ...options.keys?.mail,
    },
    chat: {
      type: 'slack',
      token: 'xoxb-test-token',
      channel: '#llm-spend',
      api_url: chat.apiUrl,
      ...options.keys?.chat,
    },
    hook: { type: 'webhook', url: hookWay.url, secret: HOOK_SECRET, ...options.keys?.hook },
  };
  const impatient = (channel: Channel): Channel => ({
    ...channel,
    get timeoutMs() {
      const isFaulty = conduct[channel.name as ChannelName] !== undefined;
      return isFaulty ? (options.faultyTimeoutMs ?? channel.timeoutMs) : channel.timeoutMs;
    },
  });
  const open = async (): Promise<Channel[]> => {
    const channels = await Promise.all([
      email.open('mail', email.schema.parse(keys.mail)),
      slack.open('chat', slack.schema.parse(keys.chat)),
      webhook.open('hook', webhook.schema.parse(keys.hook)),
    ]);
    // How far apart posts are is shown elsewhere, and would only be waited for here.
    return channels.map((channel) => impatient(options.change?.(channel) ?? { ...channel, spacingMs: 0 }));
  };

  const reports: DeliveryReport[] = [];
  let alerts = 0;
  let channels: Channel[] = [];
  let deliverer: Deliverer | null = null;
  const world: ChannelWorld = {
    now: AT,
    sql,
    conduct,
    ways: { mail: mailWay, hook: hookWay },
    mails: smtp.received,
    posts: chat.posts,
    hooks: hook.received,
    reports,
    async alert(...names) {
      alerts += 1;
      const message = sampleNews([sampleAlert({}, { id: `alert-${alerts}` })]);
      const deliveries = names.map((name) => {
        const channel = channels.find((one) => one.name === name) as Channel;
        const id = deliveryId(name, ['alert', alerts]);
        return {
          id,
          channel: name,
          channelType: channel.type,
          rule: 'hourly-burn',
          fingerprint: 'f',
          severity: 'critical' as const,
          message,
          body: channel.render(message, id),
          others: NAMES.filter((other) => other !== name),
          isReport: false,
        };
      });
      const telling = { notifications: [notification()], compose: () => deliveries };
      const state = await openState(sql);
      await state.record([recording([], { fingerprint: `alert-${alerts}`, batches: [telling] })], world.now);
      return deliveries.map(({ id }) => id);
    },
    round: () => (deliverer as Deliverer).deliverDue(),
    async restart() {
      await deliverer?.stop(0);
      channels = await open();
      deliverer = createDeliverer({
        outbox: await openState(sql),
        channels,
        healthChannels: [],
        leaseToken: 'the only worker',
        now: () => world.now,
        random: () => 0.5,
        composeReport: ({ failure, ...undelivered }) =>
          channelReportMessage({
            ...undelivered,
            detail: failure.text,
            reason: failure.reason,
            kind: failure.kind,
            at: world.now,
            timestamp: world.now,
            zone: 'UTC',
          }),
        onReport: (report) => reports.push(report),
      });
    },
    attempts: (name) =>
      reports.filter(({ channel, outcome }) => channel === name && outcome !== 'overdue').length,
    told: (name) =>
      reports
        .filter(({ channel }) => channel === name)
        .flatMap(({ reportedTo }) => reportedTo as ChannelName[]),
  };
  await world.restart();
  test.onTestFinished(() => deliverer?.stop(0));
  return world;
}
