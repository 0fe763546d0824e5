import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import PostalMime from 'postal-mime';
import { describe, expect, it, type TestContext } from 'vitest';
import type { FailureKind } from '../../src/model/errors.ts';
import { selfSigned } from '../channels/certificate.ts';
import { MINUTE } from '../state/samples.ts';
import { alertsYaml } from '../support/alerts-yaml.ts';
import { createAuditDatabase, justNow } from '../support/audit-table.ts';
import { makeFolder } from '../support/folder.ts';
import { startReceivers } from '../support/receivers.ts';
import { until } from '../support/until.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';
import {
  type ChannelName,
  type ChannelWorld,
  type Conduct,
  NAMES,
  openChannelWorld,
  type WorldOptions,
} from './channel-world.ts';
import { printedFigures, slackIdOf } from './figures.ts';

const figures = printedFigures('channels away');

const SECOND = 1_000;
const HOUR = 60 * MINUTE;
/** The ladder of SPEC 5, with the jitter of `random` 0.5, which is none. */
const LADDER = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR];
const OVERDUE = 15 * MINUTE;

const slackSays = (error: string): Conduct['chat'] => {
  const refusal = { status: 200, body: JSON.stringify({ ok: false, error }) };
  return ({ method }) => (method === 'chat.postMessage' ? refusal : undefined);
};
const slackAnswers =
  (status: number): Conduct['chat'] =>
  () => ({ status });
const hookAnswers =
  (status: number): Conduct['hook'] =>
  () => ({ status });
const mailAnswers =
  (at: 'connect' | 'mail' | 'rcpt' | 'data', code: number): Conduct['mail'] =>
  (step) =>
    step === at ? { code, text: 'so said the server' } : undefined;

interface Fault {
  readonly channel: ChannelName;
  readonly kind: FailureKind;
  readonly world?: WorldOptions;
  /** Makes the fault in the open world; the conduct of `world` otherwise. */
  begin?(world: ChannelWorld): Promise<unknown> | unknown;
  /** Mends it; null where that takes another file or server. */
  readonly end?: ((world: ChannelWorld) => Promise<unknown> | unknown) | null;
}

const mail = (kind: FailureKind, conduct: Conduct['mail']): Fault => ({
  channel: 'mail',
  kind,
  world: { conduct: { mail: conduct } },
});
const chat = (kind: FailureKind, conduct: Conduct['chat']): Fault => ({
  channel: 'chat',
  kind,
  world: { conduct: { chat: conduct } },
});
const hook = (kind: FailureKind, conduct: Conduct['hook']): Fault => ({
  channel: 'hook',
  kind,
  world: { conduct: { hook: conduct } },
});
/** Attempts that hang end sooner than in life, where it would be a quarter of a minute each. */
const IMPATIENT: WorldOptions = { faultyTimeoutMs: 3_000 };

const FAULTS: Readonly<Record<string, Fault>> = {
  'SMTP that refuses connections': {
    channel: 'mail',
    kind: 'passing',
    begin: ({ ways }) => ways.mail.cut(),
    end: ({ ways }) => ways.mail.restore(),
  },
  'SMTP that is too busy (421)': mail('passing', mailAnswers('connect', 421)),
  'SMTP that refuses our service (554 at the greeting)': mail('person', mailAnswers('connect', 554)),
  'SMTP that greylists (451)': mail('passing', mailAnswers('rcpt', 451)),
  'SMTP that drops the connection after DATA': mail('passing', (step) =>
    step === 'data' ? 'drop' : undefined,
  ),
  'SMTP that hangs after DATA': {
    ...mail('passing', (step) => (step === 'data' ? 'hang' : undefined)),
    world: { ...IMPATIENT, conduct: { mail: (step) => (step === 'data' ? 'hang' : undefined) } },
  },
  'SMTP that rejects every recipient (550)': mail('final', mailAnswers('rcpt', 550)),
  'SMTP that takes it for spam (554 after DATA)': mail('final', mailAnswers('data', 554)),
  'SMTP that refuses the password (535)': {
    channel: 'mail',
    kind: 'person',
    world: {
      smtp: { login: { user: 'spendwatch', password: 'right' } },
      keys: { mail: { user: 'spendwatch', password: 'wrong' } },
    },
    end: null,
  },
  'SMTP without STARTTLS': {
    channel: 'mail',
    kind: 'person',
    world: { keys: { mail: { tls: 'starttls' } } },
    end: null,
  },
  'SMTP with a certificate that nobody vouches for': {
    channel: 'mail',
    kind: 'person',
    world: { smtp: { tls: selfSigned() }, keys: { mail: { tls: 'starttls' } } },
    end: null,
  },
  'Slack that asks to wait (429)': chat('passing', slackAnswers(429)),
  'Slack with a fault of its own (500)': chat('passing', slackAnswers(500)),
  'Slack that hangs': {
    ...chat('passing', () => 'hang'),
    world: { ...IMPATIENT, conduct: { chat: () => 'hang' } },
  },
  'Slack that says ratelimited': chat('passing', slackSays('ratelimited')),
  'Slack that says internal_error': chat('passing', slackSays('internal_error')),
  'Slack that says a word nobody knows': chat('passing', slackSays('made_up_today')),
  'Slack that says invalid_auth': chat('person', slackSays('invalid_auth')),
  'Slack that says token_revoked': chat('person', slackSays('token_revoked')),
  'Slack that says missing_scope': chat('person', slackSays('missing_scope')),
  'Slack that says channel_not_found': chat('person', slackSays('channel_not_found')),
  'Slack that says not_in_channel': chat('person', slackSays('not_in_channel')),
  'Slack that says is_archived': chat('person', slackSays('is_archived')),
  'Slack that says invalid_blocks to the plain text too': chat('final', slackSays('invalid_blocks')),
  'Slack that says msg_too_long': chat('final', slackSays('msg_too_long')),
  'a webhook that refuses connections': {
    channel: 'hook',
    kind: 'passing',
    begin: ({ ways }) => ways.hook.cut(),
    end: ({ ways }) => ways.hook.restore(),
  },
  'a webhook with a fault of its own (500)': hook('passing', hookAnswers(500)),
  'a webhook that is overloaded (503)': hook('passing', hookAnswers(503)),
  'a webhook that redirects (302)': hook('passing', ({ path }) =>
    path === '/elsewhere' ? { status: 204 } : { status: 302, headers: { location: '/elsewhere' } },
  ),
  'a webhook that breaks off': hook('passing', () => 'drop'),
  'a webhook that hangs': {
    ...hook('passing', () => 'hang'),
    world: { ...IMPATIENT, conduct: { hook: () => 'hang' } },
  },
  'a webhook that wants another key (401)': hook('person', hookAnswers(401)),
  'a webhook that is not there (404)': hook('person', hookAnswers(404)),
  'a webhook that is gone (410)': hook('final', hookAnswers(410)),
  'a webhook that does not take this (422)': hook('final', hookAnswers(422)),
  'a webhook with a certificate that nobody vouches for': {
    channel: 'hook',
    kind: 'person',
    world: { hookTls: selfSigned() },
    end: null,
  },
};

async function open(test: TestContext, { world, begin }: Fault): Promise<ChannelWorld> {
  const one = await openChannelWorld(test, world);
  await begin?.(one);
  figures.faults += 1;
  return one;
}

async function mend(world: ChannelWorld, { end }: Fault): Promise<void> {
  await end?.(world);
  for (const name of NAMES) delete world.conduct[name];
}

/** The ids that have arrived at each receiver. */
async function arrived(world: ChannelWorld): Promise<Readonly<Record<ChannelName, string[]>>> {
  const mails = await Promise.all(world.mails.map(({ raw }) => PostalMime.parse(raw)));
  return {
    mail: mails.map(({ messageId = '' }) => messageId.replace(/^<|@.*$/g, '')),
    chat: world.posts.map(slackIdOf),
    hook: world.hooks.map(({ headers }) => headers['webhook-id'] ?? ''),
  };
}

/** What was delivered, and what people were told of instead; a receiver that refuses has heard of it all the same. */
async function count(world: ChannelWorld): Promise<void> {
  const [row] = await world.sql.query<{ delivered: number; due: number }>(
    `SELECT count(*) FILTER (WHERE state = 'delivered')::int AS delivered,
            count(*) FILTER (WHERE state = 'delivered' OR reported_at IS NOT NULL)::int AS due
     FROM spendwatch.delivery`,
  );
  const ids = Object.values(await arrived(world)).flat();
  figures.due += row?.due ?? 0;
  figures.delivered += row?.delivered ?? 0;
  figures.repeated += ids.length - new Set(ids).size;
}

/** Lets the time go by: nothing is tried until the last millisecond of it, and then once, by a new process. */
async function triedOnlyAfter(world: ChannelWorld, channel: ChannelName, ms: number): Promise<void> {
  const before = world.attempts(channel);
  world.now += ms - 1;
  await world.round();
  expect(world.attempts(channel)).toBe(before);
  await world.restart();
  world.now += 1;
  await world.round();
  expect(world.attempts(channel)).toBe(before + 1);
}

const faultsOf = (kind: FailureKind) => Object.entries(FAULTS).filter(([, fault]) => fault.kind === kind);
const othersOf = (channel: ChannelName): ChannelName[] => NAMES.filter((name) => name !== channel);

describe.concurrent('a passing failure is tried again after 5 s, 30 s, 2 min and 10 min, over restarts, and reported after 15 min', () => {
  for (const [name, fault] of faultsOf('passing')) {
    it(name, async (test) => {
      const { channel } = fault;
      const world = await open(test, fault);
      const ids = await world.alert(...NAMES);
      await world.round();
      expect(world.reports.filter(({ outcome }) => outcome === 'delivered')).toHaveLength(2);
      expect(world.attempts(channel)).toBe(1);
      for (const wait of LADDER.slice(0, 4)) await triedOnlyAfter(world, channel, wait);
      expect(world.told(channel)).toEqual([]);
      const waited = LADDER.slice(0, 4).reduce((sum, wait) => sum + wait);
      world.now += OVERDUE - waited;
      await world.round();
      expect(world.told(channel).sort()).toEqual(othersOf(channel));
      await mend(world, fault);
      await triedOnlyAfter(world, channel, (LADDER[4] ?? 0) - (OVERDUE - waited));
      expect(world.reports.at(-1)).toMatchObject({ channel, outcome: 'delivered', attempts: 6 });
      expect(world.told(channel)).toHaveLength(2);
      const there = await arrived(world);
      // The alert and, at the others, one report; a receiver that took what it answered badly to has the same id again.
      for (const [i, at] of NAMES.entries()) {
        expect(new Set(there[at]).size).toBe(at === channel ? 1 : 2);
        expect(there[at]).toContain(ids[i]);
      }
      const bodies = world.hooks.filter(
        ({ headers }) => headers['webhook-id'] === ids[NAMES.indexOf('hook')],
      );
      expect(new Set(bodies.map(({ body }) => body)).size).toBe(1);
      await count(world);
    });
  }
});

describe.concurrent('a failure that a person must fix is reported at once, and tried again from 10 min on', () => {
  for (const [name, fault] of faultsOf('person')) {
    it(name, async (test) => {
      const { channel } = fault;
      const world = await open(test, fault);
      await world.alert(...NAMES);
      await world.round();
      expect(world.attempts(channel)).toBe(1);
      expect(world.told(channel).sort()).toEqual(othersOf(channel));
      await triedOnlyAfter(world, channel, 10 * MINUTE);
      if (fault.end !== null) await mend(world, fault);
      await triedOnlyAfter(world, channel, 30 * MINUTE);
      const last = { channel, outcome: fault.end === null ? 'retry' : 'delivered', attempts: 3 };
      expect(world.reports.at(-1)).toMatchObject(last);
      expect(world.told(channel)).toHaveLength(2);
      if (channel === 'mail' && fault.end === null) expect(world.mails).toEqual([]);
      await count(world);
    });
  }
});

describe.concurrent('a final failure is given up and reported at once', () => {
  for (const [name, fault] of faultsOf('final')) {
    it(name, async (test) => {
      const { channel } = fault;
      const world = await open(test, fault);
      const ids = await world.alert(...NAMES);
      await world.round();
      expect(world.told(channel).sort()).toEqual(othersOf(channel));
      for (const wait of LADDER) {
        await world.restart();
        world.now += wait;
        await world.round();
      }
      expect(world.attempts(channel)).toBe(1);
      const rows = await world.sql.query('SELECT id, channel FROM spendwatch.delivery WHERE state = $1', [
        'given_up',
      ]);
      expect(rows).toEqual([{ id: ids[NAMES.indexOf(channel)], channel }]);
      await count(world);
    });
  }
});

describe.concurrent('recipients of one mail', () => {
  const rejecting =
    (code: number): Conduct['mail'] =>
    (step, value) =>
      step === 'rcpt' && value.startsWith('b@') ? { code, text: 'not this one' } : undefined;

  it('are treated separately: one that is rejected for good is given up and reported, and the others are not mailed again', async (test) => {
    const world = await open(test, mail('final', rejecting(550)));
    await world.alert(...NAMES);
    await world.round();
    world.now += 25 * HOUR;
    await world.round();
    expect(world.mails.map(({ to }) => to)).toEqual([['a@example.com', 'c@example.com']]);
    expect(world.told('mail').sort()).toEqual(['chat', 'hook']);
    expect(world.reports.find(({ outcome }) => outcome === 'given_up')?.answer).toContain('b@example.com');
    await count(world);
  });

  it('are treated separately: one that is greylisted gets it later, alone, also from another process', async (test) => {
    const fault = mail('passing', rejecting(451));
    const world = await open(test, fault);
    await world.alert(...NAMES);
    await world.round();
    await triedOnlyAfter(world, 'mail', 5 * SECOND);
    await mend(world, fault);
    await triedOnlyAfter(world, 'mail', 30 * SECOND);
    expect(world.mails.map(({ to }) => to)).toEqual([['a@example.com', 'c@example.com'], ['b@example.com']]);
    expect(new Set((await arrived(world)).mail).size).toBe(1);
    expect(world.told('mail')).toEqual([]);
    await count(world);
  });
});

describe.concurrent('nothing makes a ban worse', () => {
  it('Slack’s Retry-After delays everything for that channel, and nothing else', async (test) => {
    const world = await open(
      test,
      chat('passing', () => ({ status: 429, headers: { 'retry-after': '90' } })),
    );
    for (let i = 0; i < 5; i += 1) await world.alert(...NAMES);
    await world.round();
    expect(world.attempts('chat')).toBe(1);
    expect([world.mails.length, world.hooks.length]).toEqual([5, 5]);
    await world.alert('chat');
    world.now += 90 * SECOND - 1;
    await world.round();
    expect(world.attempts('chat')).toBe(1);
    delete world.conduct.chat;
    world.now += 1;
    await world.round();
    expect(new Set((await arrived(world)).chat).size).toBe(6);
    await count(world);
  });

  it('a Retry-After beside ratelimited in an answer of 200 is obeyed too', async (test) => {
    const body = JSON.stringify({ ok: false, error: 'ratelimited' });
    const world = await open(
      test,
      chat('passing', () => ({ status: 200, headers: { 'retry-after': '40' }, body })),
    );
    await world.alert('chat');
    await world.round();
    await triedOnlyAfter(world, 'chat', 40 * SECOND);
    await count(world);
  });

  it('a webhook’s Retry-After is obeyed, in seconds and as a date', async (test) => {
    const world = await open(
      test,
      hook('passing', () => ({ status: 503, headers: { 'retry-after': '3600' } })),
    );
    await world.alert('hook');
    await world.round();
    await triedOnlyAfter(world, 'hook', HOUR);
    world.conduct.hook = () => {
      const date = new Date(Date.now() + 2 * HOUR).toUTCString();
      return { status: 429, headers: { 'retry-after': date } };
    };
    world.now += HOUR;
    await world.round();
    const before = world.attempts('hook');
    world.now += 2 * HOUR - 2 * SECOND;
    await world.round();
    expect(world.attempts('hook')).toBe(before);
    world.now += 2 * SECOND;
    await world.round();
    expect(world.attempts('hook')).toBe(before + 1);
    await count(world);
  });

  it('a refused password is tried once a round, however many mails wait; each is reported', async (test) => {
    let logins = 0;
    const world = await open(test, {
      channel: 'mail',
      kind: 'person',
      world: {
        smtp: { login: { user: 'spendwatch', password: 'right' } },
        keys: { mail: { user: 'spendwatch', password: 'wrong' } },
        conduct: {
          mail: (step) => {
            if (step === 'connect') logins += 1;
            return undefined;
          },
        },
      },
    });
    for (let i = 0; i < 6; i += 1) await world.alert(...NAMES);
    await world.round();
    expect(logins).toBe(1);
    expect(world.told('mail')).toHaveLength(12);
    // One that only shared the refusal is due first, a second before the one that met it.
    world.now += 10 * MINUTE - SECOND - 1;
    await world.round();
    expect(logins).toBe(1);
    for (let i = 0; i < 20; i += 1) {
      world.now += 100;
      await world.round();
    }
    expect(logins).toBe(2);
    expect(world.told('mail')).toHaveLength(12);
    await count(world);
  });

  it('one refused message (403) keeps no other from going out, and reported attempts are those made', async (test) => {
    const refused: string[] = [];
    const dislike: Conduct['hook'] = ({ body, headers }) => {
      if (!body.includes('alert-1')) return { status: 204 };
      refused.push(headers['webhook-id'] ?? '');
      return { status: 403 };
    };
    const world = await open(test, hook('person', dislike));
    const ids: (string | undefined)[] = [];
    for (let i = 0; i < 3; i += 1) {
      ids.push(...(await world.alert('hook')));
      world.now += 1;
    }
    await world.round();
    expect(world.hooks).toHaveLength(1);
    expect(world.reports.filter(({ reportedTo }) => reportedTo.length > 0)).toMatchObject([
      { id: ids[0], attempts: 1 },
      { id: ids[1], attempts: 0 },
      { id: ids[2], attempts: 0 },
    ]);
    for (let minute = 0; minute < 25 * 60; minute += 5) {
      world.now += 5 * MINUTE;
      await world.round();
    }
    const delivered = world.reports.filter(
      ({ channel, outcome }) => channel === 'hook' && outcome === 'delivered',
    );
    expect(delivered).toMatchObject([
      { id: ids[1], attempts: 1 },
      { id: ids[2], attempts: 1 },
    ]);
    expect(new Set(refused)).toEqual(new Set([ids[0]]));
    const last = world.reports.find(({ outcome }) => outcome === 'given_up');
    expect(last).toMatchObject({ id: ids[0], attempts: refused.length });
    await count(world);
  });

  it('a refusal of all (401) is met by another message at each step of the backoff', async (test) => {
    const world = await open(test, hook('person', hookAnswers(401)));
    const ids: (string | undefined)[] = [];
    for (let i = 0; i < 3; i += 1) {
      ids.push(...(await world.alert('hook')));
      world.now += 1;
    }
    await world.round();
    for (const wait of [10 * MINUTE, 30 * MINUTE, HOUR, HOUR]) {
      world.now += wait - 2 * SECOND;
      for (let i = 0; i < 20; i += 1) {
        world.now += 100;
        await world.round();
      }
    }
    const knocked = world.hooks.map(({ headers }) => headers['webhook-id']);
    expect(knocked).toEqual([ids[0], ids[1], ids[2], ids[0], ids[1]]);
    await count(world);
  });
});

describe.concurrent('an attempt ends in its time', () => {
  it('15 s for Slack and a webhook, 30 s for email, and none of them delays what another channel gets', async (test) => {
    const world = await open(test, {
      channel: 'mail',
      kind: 'passing',
      world: {
        change: (channel) => channel,
        conduct: {
          mail: (step) => (step === 'rcpt' ? 'hang' : undefined),
          chat: () => 'hang',
          hook: (_, attempt) => (attempt === 1 ? 'hang' : { status: 204 }),
        },
      },
    });
    figures.faults += 2;
    const begun = performance.now();
    await world.alert(...NAMES);
    const first = world.round();
    await until('the webhook has given up its attempt', () => world.attempts('hook') === 1);
    await world.alert('hook');
    void world.round();
    await until('the webhook has the next one', () => world.attempts('hook') === 2);
    expect(world.attempts('mail')).toBe(0);
    await first;
    const took = (name: ChannelName): number =>
      world.reports.find(({ channel }) => channel === name)?.ms ?? 0;
    for (const [name, ms] of [
      ['hook', 15_000],
      ['chat', 15_000],
      ['mail', 30_000],
    ] as const) {
      expect(took(name)).toBeGreaterThanOrEqual(ms - 10);
    }
    expect(performance.now() - begun).toBeGreaterThan(29_000);
    expect(world.reports.filter(({ reason }) => reason === 'timeout')).toHaveLength(3);
    await count(world);
  });

  it.for([
    [204, 'delivered'],
    [500, 'retry'],
  ] as const)(
    'a webhook that answers %i and never ends its body has answered: %s',
    async ([status, outcome], test) => {
      const server = createServer((request, response) => {
        request.resume();
        response.writeHead(status === 204 ? 200 : status);
        const dripping = setInterval(() => response.write('.'), 100);
        response.once('close', () => clearInterval(dripping));
      });
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
      test.onTestFinished(
        () =>
          new Promise<void>((resolve) => {
            server.close(() => resolve());
            server.closeAllConnections();
          }),
      );
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/slow`;
      const world = await open(test, {
        channel: 'hook',
        kind: 'passing',
        world: { keys: { hook: { url } } },
      });
      await world.alert('hook');
      await world.round();
      expect(world.reports).toMatchObject([{ channel: 'hook', outcome }]);
    },
  );

  it('a webhook that does not speak TLS where the file says https is a failure that passes', async (test) => {
    const world = await openChannelWorld(test);
    const url = world.ways.hook.url.replace('http:', 'https:');
    const other = await open(test, { channel: 'hook', kind: 'passing', world: { keys: { hook: { url } } } });
    await other.alert('hook');
    await other.round();
    expect(other.reports).toMatchObject([{ outcome: 'retry', reason: 'unreachable' }]);
    await triedOnlyAfter(other, 'hook', 5 * SECOND);
    expect(world.hooks).toEqual([]);
  });
});

it('Slack that refuses blocks gets the plain text at once, and nobody else hears of it', async (test) => {
  const refused = { status: 200, body: JSON.stringify({ ok: false, error: 'invalid_blocks' }) };
  const world = await open(
    test,
    chat('passing', ({ args }) => (args.blocks === undefined ? undefined : refused)),
  );
  await world.alert('chat');
  await world.round();
  expect(world.reports).toMatchObject([
    { outcome: 'delivered', answer: 'ok as plain text (invalid_blocks)' },
  ]);
  expect(world.told('chat')).toEqual([]);
  await count(world);
});

it('a worker that is killed while each channel fails in its own way goes on where it was, and loses and repeats nothing', async (test) => {
  const audit = await createAuditDatabase();
  test.onTestFinished(() => audit.drop());
  let isMended = false;
  const ends = await startReceivers({
    smtp: {
      respond: (step) => (isMended || step !== 'rcpt' ? undefined : { code: 451, text: 'greylisted' }),
    },
    slack: { respond: () => (isMended ? undefined : { status: 429, headers: { 'retry-after': '3600' } }) },
    respond: () => ({ status: 410 }),
  });
  test.onTestFinished(() => ends.close());
  const folder = await makeFolder({ 'alerts.yaml': alertsYaml({ url: audit.url, channels: ends.channels }) });
  test.onTestFinished(() => folder.remove());
  const start = async (): Promise<WorkerProcess> => {
    const one = await startWorkerProcess(folder.path);
    test.onTestFinished(async () => void (await one.stop('SIGKILL')));
    return one;
  };
  const rows = (where: string) =>
    audit.sql.query<{ id: string; attempts: number; backoff_step: number; waits: number }>(
      `SELECT id, attempts, backoff_step, extract(epoch FROM next_at - now())::float8 AS waits FROM spendwatch.delivery
       WHERE ${where} ORDER BY id`,
    );
  figures.faults += 4;

  const first = await start();
  await audit.log({ at: justNow(), service: 'search', cost: '250.000000' });
  await until('each channel has failed', async () => {
    const [asked, delayed, gone] = await Promise.all([
      rows("channel = 'oncall' AND failure_reason = 'rate_limited' AND lease_until IS NULL"),
      rows(
        "channel = 'finance' AND failure_reason = 'refused' AND backoff_step >= 2 AND lease_until IS NULL",
      ),
      rows("channel = 'billing' AND state = 'given_up'"),
    ]);
    // Nothing is under way then that a kill would leave leased.
    return asked.length === 1 && delayed.length === 2 && gone.length === 1;
  });
  await first.stop('SIGKILL');
  const [before] = await rows("channel = 'oncall' AND failure_reason = 'rate_limited'");
  const second = await start();
  await second.polls(4);
  const [after] = await rows(`id = '${before?.id}'`);
  expect(after).toMatchObject({ attempts: before?.attempts, backoff_step: before?.backoff_step });
  expect(after?.waits).toBeGreaterThan(3_000);
  const [mailed] = await rows("channel = 'finance' AND NOT is_report");
  expect(mailed?.backoff_step).toBeGreaterThanOrEqual(2);
  expect(ends.hooks).toHaveLength(1);

  isMended = true;
  await second.stop('SIGKILL');
  await audit.sql.query(
    "UPDATE spendwatch.delivery SET next_at = now() WHERE state IN ('queued', 'reported')",
  );
  const third = await start();
  // A send that was cut off is taken up when its lease has ended.
  await until('all has arrived', async () => (await rows("state IN ('queued', 'reported')")).length === 0);
  await third.polls(3);
  // On the two channels that were mended: the alert, and that the third could not be reached.
  expect(ends.counts()).toEqual({ mails: 2, posts: 2, hooks: 1 });
  expect(ends.posts.filter(({ text }) => String(text).includes('Not delivered on billing'))).toHaveLength(1);
  figures.due += 5;
  figures.delivered += 4;
});
