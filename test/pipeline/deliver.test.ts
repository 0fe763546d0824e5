import { describe, expect, onTestFinished, test } from 'vitest';
import type { Channel, Envelope } from '../../src/channels/channel.ts';
import type { NewDelivery } from '../../src/model/delivery.ts';
import { AppError, SendError } from '../../src/model/errors.ts';
import {
  createDeliverer,
  type Deliverer,
  type DelivererParts,
  type DeliveryReport,
} from '../../src/pipeline/deliver.ts';
import type { Undelivered } from '../../src/pipeline/undelivered.ts';
import { openSql } from '../../src/sql/open.ts';
import type { Sql } from '../../src/sql/port.ts';
import { openState, type State } from '../../src/state/open.ts';
import { requeue } from '../../src/state/requeue.ts';
import { AT, delivery, MINUTE, message, notification, recording } from '../state/samples.ts';
import { createDatabase } from '../support/database.ts';
import { eventually } from '../support/until.ts';

type Respond = (envelope: Envelope, signal: AbortSignal, nth: number) => Promise<void> | void;

interface Recorder extends Channel {
  readonly sent: Envelope[];
  readonly sentAt: number[];
}

/** A channel that keeps what it is given and answers as configured. */
function recorder(
  name: string,
  respond: Respond = () => undefined,
  changes: Partial<Channel> = {},
): Recorder {
  const sent: Envelope[] = [];
  const sentAt: number[] = [];
  return {
    name,
    type: 'recorder',
    audience: 'programs',
    timeoutMs: 15_000,
    spacingMs: 0,
    sent,
    sentAt,
    render: ({ title }, id) => `${name} ${id}: ${title}`,
    async send(envelope, signal) {
      sentAt.push(performance.now());
      sent.push(envelope);
      await respond(envelope, signal, sent.length);
      return { answer: '250 ok' };
    },
    probe: async () => ({ answer: 'ok' }),
    close: async () => undefined,
    ...changes,
  };
}

function hangs(_: Envelope, signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function fails(kind: SendError['kind'], options: ConstructorParameters<typeof SendError>[3] = {}): Respond {
  return () => {
    throw new SendError('refused', kind, `no, ${kind}`, options);
  };
}

interface Bench {
  readonly url: string;
  readonly sql: Sql;
  readonly state: State;
  readonly reports: DeliveryReport[];
  readonly undelivered: Undelivered[];
  now: number;
  queue(...deliveries: readonly Partial<NewDelivery>[]): Promise<string[]>;
  worker(channels: readonly Channel[], changes?: Partial<DelivererParts>): Deliverer;
  outcomes(): string[];
}

async function bench(): Promise<Bench> {
  const database = await createDatabase();
  const sql = await openSql(database.url);
  onTestFinished(async () => {
    await sql.close();
    await database.drop();
  });
  const state = await openState(sql);
  const reports: DeliveryReport[] = [];
  const undelivered: Undelivered[] = [];
  const one: Bench = {
    url: database.url,
    sql,
    state,
    reports,
    undelivered,
    now: AT,
    async queue(...changes) {
      const made = changes.map((change) => delivery({ channelType: 'recorder', ...change }));
      const batch = { notifications: [notification()], compose: () => made };
      const fingerprint = `queue-${made[0]?.id}`;
      await state.record([recording([], { fingerprint, batches: [batch] })], one.now);
      return made.map(({ id }) => id);
    },
    worker: (channels, changes = {}) =>
      createDeliverer({
        outbox: state,
        channels,
        healthChannels: [],
        leaseToken: 'ours',
        now: () => one.now,
        random: () => 0.5,
        composeReport: (about) => {
          undelivered.push(about);
          return { ...message(`${about.channel} failed: ${about.failure.text}`), type: 'health.channel' };
        },
        onReport: (report) => reports.push(report),
        ...changes,
      }),
    outcomes: () => reports.map(({ channel, outcome }) => `${channel} ${outcome}`),
  };
  return one;
}

describe('delivering', () => {
  test('sends each delivery once, as it was queued, and reports it', async () => {
    const b = await bench();
    const mail = recorder('mail');
    const [id] = await b.queue({ body: 'as queued' });
    const worker = b.worker([mail]);
    await worker.deliverDue();
    await worker.deliverDue();
    expect(mail.sent).toEqual([{ id, body: 'as queued', accepted: [], firstTriedAt: null, thread: null }]);
    expect(b.reports).toMatchObject([
      {
        channel: 'mail',
        outcome: 'delivered',
        id,
        rule: 'hourly-burn',
        attempts: 1,
        answer: '250 ok',
        nextAt: null,
      },
    ]);
    expect(await b.state.queueLengths()).toEqual(new Map());
  });

  test('lets a channel look for an outage message at once, because it may have been sent without the ledger', async () => {
    const b = await bench();
    const chat = recorder('chat');
    await b.queue({ channel: 'chat', rule: null, fingerprint: 'health.blind' });
    await b.queue({ channel: 'chat', rule: null, fingerprint: 'health.sees' });
    await b.worker([chat]).deliverDue();
    const from = chat.sent.map(({ firstTriedAt }) => firstTriedAt ?? null);
    expect(from).toHaveLength(2);
    expect(from).toContain(null);
    // Its id is of the day, and days have up to 25 h.
    expect(Math.min(...from.flatMap((at) => at ?? []))).toBeLessThanOrEqual(AT - 25 * 60 * MINUTE);
  });

  test('renders again only where the type of the channel has changed', async () => {
    const b = await bench();
    const mail = recorder('mail');
    const [id] = await b.queue({ channelType: 'slack', body: 'made for slack' });
    await b.worker([mail]).deliverDue();
    expect(mail.sent[0]?.body).toBe(`mail ${id}: spend is high`);
  });

  test('retries with backoff and the same id and body until it succeeds', async () => {
    const b = await bench();
    const mail = recorder('mail', (_envelope, _signal, nth) => {
      if (nth < 4) throw new SendError('server', 'passing', '451 later');
    });
    const worker = b.worker([mail]);
    await b.queue({});
    const waits = [0, 5_000, 30_000, 120_000];
    for (const wait of waits) {
      b.now += wait - 1;
      await worker.deliverDue();
      b.now += 1;
      await worker.deliverDue();
    }
    expect(b.outcomes()).toEqual(['mail retry', 'mail retry', 'mail retry', 'mail delivered']);
    expect(new Set(mail.sent.map(({ id, body }) => `${id} ${body}`)).size).toBe(1);
  });

  test('never sends again to recipients who have accepted', async () => {
    const b = await bench();
    const mail = recorder('mail', (_envelope, _signal, nth) => {
      if (nth === 1) throw new SendError('refused', 'passing', '450', { accepted: ['ann'] });
      if (nth === 2) throw new SendError('refused', 'passing', '450', { accepted: ['bob'] });
    });
    const worker = b.worker([mail]);
    await b.queue({});
    for (let i = 0; i < 3; i += 1) {
      await worker.deliverDue();
      b.now += MINUTE;
    }
    expect(mail.sent.map(({ accepted }) => accepted)).toEqual([[], ['ann'], ['ann', 'bob']]);
  });

  test('ends an attempt in time, even of a channel that ignores its signal', async () => {
    const b = await bench();
    const deaf = recorder('mail', () => new Promise(() => undefined), { timeoutMs: 50 });
    await b.queue({});
    await b.worker([deaf]).deliverDue();
    expect(b.reports).toMatchObject([
      { outcome: 'retry', reason: 'timeout', answer: 'no answer within 0.1 s' },
    ]);
  });

  test('treats an unknown error as passing, and does not show its message, which may hold a secret', async () => {
    const b = await bench();
    const mail = recorder('mail', () => {
      throw new TypeError('"Bearer xoxb-1" is an invalid header value');
    });
    await b.queue({});
    await b.worker([mail]).deliverDue();
    expect(b.reports).toMatchObject([
      {
        outcome: 'retry',
        nextAt: AT + 5_000,
        answer: expect.stringMatching(/^a fault of the program: TypeError at deliver\.test\.ts:\d+:\d+$/),
      },
    ]);
  });

  test('a channel that hangs delays no other, also what is queued for it later', async () => {
    const b = await bench();
    const [stuck, fine] = [recorder('stuck', hangs), recorder('fine')];
    const worker = b.worker([stuck, fine]);
    await b.queue({ channel: 'stuck' }, { channel: 'fine' });
    const first = worker.deliverDue();
    await eventually(() => expect(fine.sent).toHaveLength(1));
    await b.queue({ channel: 'fine' });
    await eventually(() => {
      // A call joins a drain that is about to end, and that need not see the new delivery.
      void worker.deliverDue();
      expect(fine.sent).toHaveLength(2);
    });
    await eventually(() => expect(stuck.sent).toHaveLength(1));
    await worker.stop(0);
    await first;
    expect(stuck.sent).toHaveLength(1);
  });

  test('keeps the spacing of a channel, across drains too', async () => {
    const b = await bench();
    const chat = recorder('chat', undefined, { spacingMs: 150 });
    const worker = b.worker([chat]);
    await b.queue({ channel: 'chat' }, { channel: 'chat' });
    await worker.deliverDue();
    await b.queue({ channel: 'chat' });
    await worker.deliverDue();
    const gaps = chat.sentAt.slice(1).map((at, i) => at - (chat.sentAt[i] ?? 0));
    expect(gaps).toHaveLength(2);
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(149);
  });

  test('several workers keep the spacing of a channel between them, and one that sends slowly delays no other', async () => {
    const b = await bench();
    const sentAt: number[] = [];
    const spaced = () => recorder('chat', () => void sentAt.push(performance.now()), { spacingMs: 150 });
    const [slow, mail] = [recorder('slow', hangs, { spacingMs: 150 }), recorder('mail')];
    const ids = await b.queue(...Array.from({ length: 6 }, () => ({ channel: 'chat' })));
    await b.queue({ channel: 'slow' }, { channel: 'slow' }, { channel: 'mail' });
    const ports = await Promise.all([1, 2, 3].map(() => openSql(b.url)));
    const states = await Promise.all(ports.map(openState));
    const workers = states.map((state) => b.worker([spaced(), slow, mail], { outbox: state }));
    const rounds = workers.map((worker) => worker.deliverDue());
    await eventually(() => expect(sentAt).toHaveLength(ids.length));
    await eventually(() => expect(slow.sent).toHaveLength(1));
    await eventually(() => expect(mail.sent).toHaveLength(1));
    await Promise.all(workers.map((worker) => worker.stop(0)));
    await Promise.all([...rounds, ...ports.map((port) => port.close())]);
    const gaps = sentAt.slice(1).map((at, i) => at - (sentAt[i] ?? 0));
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(149);
  });

  test('several workers send each delivery once between them', async () => {
    const b = await bench();
    const mails = [1, 2, 3].map(() => recorder('mail'));
    const ports = await Promise.all(mails.map(() => openSql(b.url)));
    const ids = await b.queue(...Array.from({ length: 30 }, () => ({})));
    const states = await Promise.all(ports.map(openState));
    const workers = mails.map((mail, i) => b.worker([mail], { outbox: states[i] as State }));
    await Promise.all(workers.map((worker) => worker.deliverDue()));
    const sent = mails.flatMap((mail) => mail.sent.map(({ id }) => id));
    expect(sent.sort()).toEqual(ids.sort());
    await Promise.all(ports.map((port) => port.close()));
  });
});

describe('a delivery that does not arrive', () => {
  test('is reported on the other channels of its rule at once where a person must act, and only once', async () => {
    const b = await bench();
    const [mail, chat, hook] = [recorder('mail', fails('person')), recorder('chat'), recorder('hook')];
    const worker = b.worker([mail, chat, hook]);
    await b.queue({ others: ['chat'] });
    await worker.deliverDue();
    await worker.deliverDue();
    b.now += 10 * MINUTE;
    await worker.deliverDue();
    await worker.deliverDue();
    expect(mail.sent).toHaveLength(2);
    expect(chat.sent.map(({ body }) => body)).toEqual([
      expect.stringMatching(/^chat msg_[0-9a-f]{32}: mail failed: no, person$/),
    ]);
    expect(hook.sent).toEqual([]);
    expect(b.undelivered).toMatchObject([
      { channel: 'mail', attempts: 1, firstTriedAt: AT, original: message() },
    ]);
    expect(b.reports[0]).toMatchObject({ outcome: 'retry', nextAt: AT + 10 * MINUTE, reportedTo: ['chat'] });
  });

  test('is given up and reported at once where the failure is final', async () => {
    const b = await bench();
    const [mail, ops] = [recorder('mail', fails('final')), recorder('ops')];
    const worker = b.worker([mail, ops, recorder('hook')], { healthChannels: ['ops'] });
    await b.queue({});
    // One round is enough, also for the queue that had nothing to do when it began.
    await worker.deliverDue();
    expect(b.outcomes()).toEqual(['mail given_up', 'ops delivered']);
    expect(await b.state.queueLengths()).toEqual(new Map());
  });

  test('is reported after 15 minutes where the failure may pass', async () => {
    const b = await bench();
    const [mail, chat] = [recorder('mail', fails('passing')), recorder('chat')];
    const worker = b.worker([mail, chat]);
    await b.queue({ others: ['chat'] });
    for (let minute = 0; minute < 30; minute += 1) {
      await worker.deliverDue();
      if (minute < 14) expect(chat.sent).toEqual([]);
      b.now += MINUTE;
    }
    expect(chat.sent).toHaveLength(1);
    const overdue = b.reports.filter(({ outcome }) => outcome === 'overdue');
    expect(overdue).toMatchObject([{ channel: 'mail', reportedTo: ['chat'] }]);
  });

  test('is tried before it is reported, after a time in which nothing could be delivered', async () => {
    const b = await bench();
    const [mail, chat] = [recorder('mail'), recorder('chat')];
    const worker = b.worker([mail, chat]);
    await worker.deliverDue();
    const many = Array.from({ length: 8 }, () => ({ others: ['chat'] }));

    // The machine slept.
    await b.queue(...many);
    b.now += 20 * MINUTE;
    await worker.deliverDue();
    expect(mail.sent).toHaveLength(8);

    // The state store was away.
    await b.queue(...many);
    await b.sql.query('ALTER SCHEMA spendwatch RENAME TO away');
    for (let minute = 0; minute < 20; minute += 1) {
      b.now += MINUTE;
      await worker.deliverDue();
    }
    await b.sql.query('ALTER SCHEMA away RENAME TO spendwatch');
    await worker.deliverDue();
    expect(mail.sent).toHaveLength(16);

    expect(chat.sent).toEqual([]);
    expect(b.outcomes()).not.toContain('mail overdue');
  });

  test('is reported after 15 minutes in which its channel did not get to it', async () => {
    const b = await bench();
    const [mail, chat] = [recorder('mail', hangs, { timeoutMs: 45_000 }), recorder('chat')];
    let lookedAt = 0;
    const outbox: State = {
      ...b.state,
      async reportOverdue(...asked) {
        const overdue = await b.state.reportOverdue(...asked);
        [, lookedAt] = asked;
        return overdue;
      },
    };
    const worker = b.worker([mail, chat], { outbox });
    await b.queue({ others: ['chat'] }, { others: ['chat'] });
    void worker.deliverDue();
    await eventually(() => expect(mail.sent).toHaveLength(1));
    // The clock stands still while the report is sent: a send that seems to come a minute late does not begin.
    for (let waited = 0; waited < 15 * MINUTE; waited += MINUTE) {
      await eventually(() => {
        void worker.deliverDue();
        expect(lookedAt).toBe(b.now);
      });
      b.now += MINUTE;
    }
    await eventually(() => {
      void worker.deliverDue();
      expect(chat.sent).toHaveLength(1);
    });
    expect(b.undelivered).toMatchObject([{ channel: 'mail', attempts: 0 }]);
    await worker.stop(0);
  });

  test('is never reported where it is itself a report', async () => {
    const b = await bench();
    const worker = b.worker([recorder('mail', fails('final')), recorder('chat', fails('final'))]);
    await b.queue({ others: ['chat'] });
    await worker.deliverDue();
    await worker.deliverDue();
    expect(b.outcomes()).toEqual(['mail given_up', 'chat given_up']);
    expect(await b.state.queueLengths()).toEqual(new Map());
  });

  test('is given up after a day of trying', async () => {
    const b = await bench();
    const worker = b.worker([recorder('mail', fails('passing'))]);
    await b.queue({});
    for (let hour = 0; hour <= 26; hour += 1) {
      await worker.deliverDue();
      b.now += 60 * MINUTE;
    }
    const last = b.reports.at(-1);
    expect(last).toMatchObject({ outcome: 'given_up', reason: 'refused' });
    expect(b.reports.filter(({ outcome }) => outcome === 'given_up')).toHaveLength(1);
  });

  test('that ended every process which sent it for a day is not sent again, and is reported', async () => {
    const b = await bench();
    const [mail, ops] = [recorder('mail'), recorder('ops')];
    const [id] = await b.queue({ others: ['ops'] });
    const begun = b.now;
    let ended = 0;
    // A process that ends while it sends has claimed, and says no more.
    for (; b.now < begun + 26 * 60 * MINUTE; b.now += MINUTE) {
      if (b.now >= begun + 24 * 60 * MINUTE && ended > 20) break;
      if ((await b.state.claim('mail', b.now, 0)) !== null) ended += 1;
    }
    expect(ended).toBeGreaterThan(20);
    expect(ended).toBeLessThan(35);
    b.now += 60 * MINUTE;
    await b.worker([mail, ops]).deliverDue();
    expect(mail.sent).toEqual([]);
    expect(b.reports.find((report) => report.id === id && report.outcome === 'given_up')).toMatchObject({
      reason: 'timeout',
    });
    expect(ops.sent).toHaveLength(1);
    expect(b.undelivered[0]?.failure.text).toContain('the process that sent it ended');
  });

  test('that was interrupted once is sent again, however long no process ran', async () => {
    const b = await bench();
    const mail = recorder('mail');
    await b.queue({});
    await b.state.claim('mail', b.now, 0);
    b.now += 3 * 24 * 60 * MINUTE;
    await b.worker([mail]).deliverDue();
    expect(mail.sent).toHaveLength(1);
    expect(b.outcomes()).toContain('mail delivered');
  });

  test('is sent again, from the first step of the backoff on, once it is queued again', async () => {
    const b = await bench();
    let isMended = false;
    const oncall = recorder('oncall', (...asked) => (isMended ? undefined : fails('passing')(...asked)));
    const worker = b.worker([oncall]);
    // A report is never reported as overdue, which would race with its last attempt.
    const [id] = await b.queue({ channel: 'oncall', isReport: true });
    await worker.deliverDue();
    b.now += 25 * 60 * MINUTE;
    await worker.deliverDue();
    expect(b.outcomes()).toEqual(['oncall retry', 'oncall given_up']);
    await requeue(b.sql, id as string, b.now, () => undefined);
    const waiting = await b.sql.query('SELECT id FROM spendwatch.delivery WHERE settled_at IS NULL');
    expect(waiting).toEqual([{ id }]);
    await worker.deliverDue();
    expect(b.reports.at(-1)).toMatchObject({ id, outcome: 'retry', nextAt: b.now + 5_000 });
    isMended = true;
    b.now += 5_000;
    await worker.deliverDue();
    expect(b.reports.at(-1)).toMatchObject({ id, outcome: 'delivered' });
  });

  test('is reported on the channels that are left when its channel is removed from the file', async () => {
    const b = await bench();
    const chat = recorder('chat');
    await b.queue({ channel: 'removed' });
    const worker = b.worker([chat]);
    b.now += MINUTE;
    await worker.deliverDue();
    await worker.deliverDue();
    expect(chat.sent.map(({ body }) => body)).toEqual([
      expect.stringContaining('removed failed: the channel is no longer in the file'),
    ]);
  });

  describe('to a channel that only another file has', () => {
    /** A delivery waits for the hook of `theirs`, whose worker polls. */
    async function twoFiles() {
      const b = await bench();
      const chat = recorder('chat');
      await b.state.hold({ scope: 'their rules', token: 'theirs' }, 10_000);
      await b.queue({ channel: 'hook' });
      return { b, chat, worker: b.worker([chat]) };
    }
    const moveLease = (b: Bench, interval: string) =>
      b.sql.query('UPDATE spendwatch.leader SET held_until = clock_timestamp() + $1::text::interval', [
        interval,
      ]);

    test.each([
      ['polls by other rules', 'our rules'],
      ['stands by for the same rules, as in a rolling update that adds a channel', 'their rules'],
    ])('is left to the worker that polls by that file, by one that %s', async (_, scope) => {
      const { b, chat, worker } = await twoFiles();
      await b.state.hold({ scope, token: 'ours' }, 10_000);
      for (const wait of [MINUTE, 24 * 60 * MINUTE]) {
        b.now += wait;
        await worker.deliverDue();
      }
      // Its lease has ended, as it may where the state store was away.
      await moveLease(b, '-40 seconds');
      await worker.deliverDue();
      expect(b.reports).toEqual([]);
      expect(chat.sent).toEqual([]);
      const hook = recorder('hook');
      await b.worker([hook], { leaseToken: 'theirs' }).deliverDue();
      expect(hook.sent).toHaveLength(1);
    });

    test.each([
      ['polled last more than a minute ago', '-61 seconds'],
      ['polled before the database’s clock was set back', '1 hour'],
    ])('is reported on the channels that are left when that worker %s', async (_, lease) => {
      const { b, chat, worker } = await twoFiles();
      await moveLease(b, lease);
      b.now += MINUTE;
      await worker.deliverDue();
      expect(chat.sent).toHaveLength(1);
    });

    test('is left alone by a process that does not poll on a schedule', async () => {
      const { b, chat } = await twoFiles();
      await b.state.release({ scope: 'their rules', token: 'theirs' });
      const once = b.worker([chat], { leaseToken: null });
      for (const wait of [MINUTE, 24 * 60 * MINUTE]) {
        b.now += wait;
        await once.deliverDue();
      }
      expect(b.reports).toEqual([]);
      expect((await b.state.queueLengths()).get('hook')).toBe(1);
    });
  });
});

describe('with a time limit', () => {
  test('a delivery is tried again within it, and then stays queued', async () => {
    const b = await bench();
    const mail = recorder('mail', fails('passing'));
    await b.queue({});
    const started = performance.now();
    const now = () => AT + Math.floor(performance.now() - started);
    await b.worker([mail], { now }).deliverDue({ patienceMs: 25_000 });
    expect(mail.sent).toHaveLength(2);
    expect(mail.sentAt[1]).toBeGreaterThanOrEqual((mail.sentAt[0] ?? 0) + 4_900);
    expect(await b.state.queueLengths()).toEqual(new Map([['mail', 1]]));
  });

  test('a retry that another worker has taken meanwhile is not waited for', async () => {
    const b = await bench();
    await b.queue({});
    const mail = recorder('mail', fails('passing'));
    const outbox: State = {
      ...b.state,
      settle: async (...settling) => {
        const isSettled = await b.state.settle(...settling);
        b.now += 5_000;
        await b.state.claim('mail', b.now, 60_000);
        return isSettled;
      },
    };
    await b.worker([mail], { outbox }).deliverDue({ patienceMs: 30_000 });
    expect(mail.sent).toHaveLength(1);
  });

  test('an attempt ends with it', async () => {
    const b = await bench();
    await b.queue({});
    await b.worker([recorder('mail', hangs)]).deliverDue({ patienceMs: 100 });
    expect(b.outcomes()).toEqual(['mail retry']);
  });
});

describe('when it stops or breaks', () => {
  test('the send under way is finished, and no other begins', async () => {
    const b = await bench();
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const mail = recorder('mail', () => released);
    const worker = b.worker([mail]);
    await b.queue({}, {});
    const round = worker.deliverDue();
    await eventually(() => expect(mail.sent).toHaveLength(1));
    const stopped = worker.stop(10_000);
    release();
    await Promise.all([stopped, round]);
    expect(b.outcomes()).toEqual(['mail delivered']);
    expect(await b.state.queueLengths()).toEqual(new Map([['mail', 1]]));
  });

  test('a send that does not end in time is aborted, and the next worker repeats it at once', async () => {
    const b = await bench();
    const [stuck, mail] = [recorder('mail', hangs), recorder('mail')];
    const worker = b.worker([stuck]);
    await b.queue({});
    void worker.deliverDue();
    await eventually(() => expect(stuck.sent).toHaveLength(1));
    await worker.stop(50);
    await b.worker([mail]).deliverDue();
    expect(b.outcomes()).toEqual(['mail interrupted', 'mail delivered']);
    // A repeat says since when it was tried, so that a channel can look whether the first attempt arrived.
    expect(mail.sent).toEqual(stuck.sent.map((sent) => ({ ...sent, firstTriedAt: expect.any(Number) })));
  });

  test('a state store that becomes unreachable after a send makes nothing go out twice', async () => {
    const b = await bench();
    let isAway = false;
    const mail = recorder('mail', () => {
      isAway = true;
    });
    const outbox: State = {
      ...b.state,
      settle: (...settling) =>
        isAway
          ? Promise.reject(new AppError('store_unreachable', 'the store is away'))
          : b.state.settle(...settling),
    };
    const worker = b.worker([mail], { outbox });
    const [id] = await b.queue({});
    await worker.deliverDue();
    await worker.deliverDue();
    isAway = false;
    b.now += 5 * MINUTE;
    await worker.deliverDue();
    expect(mail.sent).toHaveLength(1);
    expect(b.reports.map((report) => [report.outcome, report.id])).toEqual([
      ['unrecorded', id],
      ['unrecorded', id],
      ['delivered', id],
    ]);
  });

  test.for(['idle', 'sending'])(
    'a state store that becomes unreachable before a deliverer is replaced, which is %s then, makes nothing go out twice',
    async (when) => {
      const b = await bench();
      let isAway = false;
      let answer: () => void = () => undefined;
      const answered = new Promise<void>((resolve) => {
        answer = resolve;
      });
      const [mail, next] = [recorder('mail', () => answered), recorder('mail')];
      const outbox: State = {
        ...b.state,
        settle: (...settling) =>
          isAway
            ? Promise.reject(new AppError('store_unreachable', 'the store is away'))
            : b.state.settle(...settling),
      };
      const inHand = new Set<string>();
      const [old, young] = [b.worker([mail], { outbox, inHand }), b.worker([next], { inHand })];
      const [id] = await b.queue({});
      const round = old.deliverDue();
      await eventually(() => expect(mail.sent).toHaveLength(1));
      isAway = true;
      if (when === 'idle') {
        answer();
        await round;
      }
      const replaced = old.stop(null);
      answer();
      await round;
      // Its lease runs out, and the store is there again for the one before the other.
      await b.sql.query('UPDATE spendwatch.delivery SET lease_until = clock_timestamp()');
      await young.deliverDue();
      isAway = false;
      await replaced;
      await young.deliverDue();
      expect(mail.sent).toHaveLength(1);
      expect(next.sent).toEqual([]);
      expect(b.reports.map((report) => [report.outcome, report.id])).toEqual([
        ['unrecorded', id],
        ['delivered', id],
      ]);
      // What comes after it is no longer held up by it.
      expect(inHand).toEqual(new Set());
    },
  );

  test('a deliverer that waits for the state store can still be stopped', async () => {
    const b = await bench();
    const mail = recorder('mail');
    const settle = () => Promise.reject(new AppError('store_unreachable', 'the store is away'));
    const worker = b.worker([mail], { outbox: { ...b.state, settle } });
    await b.queue({});
    await worker.deliverDue();
    const replaced = worker.stop(null);
    await worker.stop(50);
    await replaced;
    expect(b.outcomes()).toEqual(['mail unrecorded']);
  });

  test('an unreachable state store is reported by each queue, and none of them dies', async () => {
    const b = await bench();
    const [mail, chat] = [recorder('mail'), recorder('chat')];
    let isAway = true;
    const outbox: State = {
      ...b.state,
      claim: (...asked) =>
        isAway
          ? Promise.reject(new AppError('store_unreachable', 'the store is away'))
          : b.state.claim(...asked),
    };
    const worker = b.worker([mail, chat], { outbox });
    await b.queue({}, { channel: 'chat' });
    await worker.deliverDue();
    expect(b.reports).toMatchObject([
      { outcome: 'unrecorded', id: null, answer: 'the store is away' },
      { outcome: 'unrecorded', id: null, answer: 'the store is away' },
    ]);
    isAway = false;
    await worker.deliverDue();
    expect([mail.sent.length, chat.sent.length]).toEqual([1, 1]);
  });

  test('a process that was frozen past its lease does not send, and one frozen while sending does not settle', async () => {
    const b = await bench();
    const [frozen, other] = [recorder('mail'), recorder('mail')];
    const outbox: State = {
      ...b.state,
      claim: async (channel, now) => {
        const claimed = await b.state.claim(channel, now, 0);
        if (claimed !== null) b.now += MINUTE;
        return claimed;
      },
    };
    const [id] = await b.queue({});
    const waking = b.worker([frozen], { outbox });
    const round = waking.deliverDue();
    await eventually(() => expect(b.outcomes()).toContain('mail lost'));
    await waking.stop(0);
    await round;
    expect(frozen.sent).toEqual([]);
    b.reports.length = 0;
    // What was taken over again and again is put off for longer each time.
    b.now += 60 * MINUTE;

    const slow = recorder('mail', async () => {
      b.now += 60 * MINUTE;
      await b.worker([other]).deliverDue();
    });
    const leaseless: State = { ...b.state, claim: (channel, now) => b.state.claim(channel, now, 0) };
    await b.worker([slow], { outbox: leaseless }).deliverDue();
    // After an hour it may be reported as well, which does not matter here.
    expect(b.outcomes().filter((outcome) => outcome !== 'mail overdue')).toEqual([
      'mail delivered',
      'mail lost',
    ]);
    expect([slow.sent[0]?.id, other.sent[0]?.id]).toEqual([id, id]);
  });
});
