import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, type TestContext, test } from 'vitest';
import type { Asked } from '../support/sql-gate.ts';
import { arrives, until } from '../support/until.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { type IncidentWorld, openIncidentWorld, type Pause, type Taken } from './incident-world.ts';

const totals = { lives: 0, kills: 0, repeated: 0 };
afterAll(() => {
  const { lives, kills, repeated } = totals;
  process.stderr.write(
    `incidents: ${lives} lives, ${kills} kills, ${repeated} messages came again with the same id\n`,
  );
});

/** Slack's time limit. */
const LONGEST_ATTEMPT_MS = 15_000;

/** Two rules about one service and its user. Their values fall by credits, and not when a window has passed. */
const RULES = ['hourly-burn', 'user-burn']
  .map(
    (name, i) => `  - name: ${name}
    type: threshold
    metric: spend
    window: 1h
    group_by: [${['service', 'user'][i]}]
    thresholds: ${['{ warning: 50, critical: 100 }', '{ warning: 80 }'][i]}
    growth: ${['10', '"off"'][i]}
    resolve_after: 2s
    notify: [oncall, finance, billing]
`,
  )
  .join('');
const FILE = {
  rules: RULES,
  channelKeys: ', send_resolved: true',
  more: 'incidents: { interval: 0s }\n',
};

/** What happens to the service in turn, and how many events a program has heard of it afterwards. */
const LIFE = [
  { what: 'begins', cost: '60', title: /^\[WARNING\] hourly-burn/, events: 1 },
  { what: 'is joined', cost: '25', title: /^\[WARNING\] user-burn/, events: 2 },
  { what: 'escalates', cost: '30', title: /^\[CRITICAL\] hourly-burn/, events: 3 },
  { what: 'grows', cost: '1300', title: /^\[CRITICAL\] hourly-burn/, events: 4 },
  { what: 'is over', cost: '-1415', title: /^\[RESOLVED\]/, events: 6 },
] as const;

type Phase = (typeof LIFE)[number];

interface Moment {
  readonly name: string;
  arm(world: IncidentWorld): { readonly come: Promise<void>; readonly release?: () => void };
}

/** Before a statement reaches the server, or when it was done and its worker does not know. */
function at(name: string, when: 'before' | 'after', fits: (asked: Asked) => boolean): Moment {
  return {
    name: `${when} ${name}`,
    arm({ gate }) {
      const { caught, release } = gate.hold(when, fits);
      return { come: caught, release };
    },
  };
}

const before = (name: string, words: RegExp) => at(name, 'before', ({ text }) => words.test(text));
const commit = (name: string, when: 'before' | 'after', earlier: RegExp, nth = 1) => {
  let seen = 0;
  return at(name, when, (asked) => {
    if (!/^COMMIT/.test(asked.text) || !asked.earlier.some((text) => earlier.test(text))) return false;
    seen += 1;
    return seen === nth;
  });
};
const sending = (where: Pause): Moment => ({
  name: `while ${where} is not answered`,
  arm: (world) => ({ come: world.pause(where) }),
});
const betweenEditAndPost: Moment = {
  name: 'between the edit and the post',
  arm: (world) => ({ come: world.edited() }),
};

const removing = (when: 'before' | 'after') =>
  at('it removes what it has replaced', when, ({ text }) =>
    /^DELETE FROM spendwatch\.delivery WHERE id/.test(text),
  );

const QUEUES = /INSERT INTO spendwatch\.delivery/;
const SETTLES = /WITH slot AS/;
const CLAIMS = /SET attempts = attempts \+ 1/;

/** Where the worker dies in each phase of a life. Made anew for each, because a moment counts. */
const DEATHS: Readonly<Record<string, () => readonly Moment[]>> = {
  'while it records': () => [
    before('it opens the incident', /INSERT INTO spendwatch\.incident/),
    commit('what it decided', 'before', QUEUES),
    before('it raises the severity of the incident', /UPDATE spendwatch\.incident AS incident SET step/),
    commit('what it decided', 'after', QUEUES),
    before('it closes the incident', /UPDATE spendwatch\.incident AS incident SET closed_at = last/),
  ],
  'while it edits, posts and mails': () => [
    sending('post'),
    betweenEditAndPost,
    sending('update'),
    sending('post'),
    sending('mail'),
  ],
  'while it claims and settles': () => [
    commit('the first settlement', 'before', SETTLES),
    before('it reads the thread', /AS root_ref/),
    commit('the claim of a reply', 'after', CLAIMS),
    commit('the third settlement', 'before', SETTLES, 3),
    commit('the end', 'after', /DELETE FROM spendwatch\.alert/),
  ],
};

async function openScene({ onTestFinished }: Pick<TestContext, 'onTestFinished'>, schedule?: string) {
  const world = await openIncidentWorld(schedule, FILE);
  const workers: WorkerProcess[] = [];
  // Without newer rows, nobody could say that it is over.
  const traffic = setInterval(() => {
    world.spend({ service: 'quiet', user: 'nobody', cost: '0.01' }).catch(() => undefined);
  }, 500);
  onTestFinished(async () => {
    clearInterval(traffic);
    for (const worker of workers) await worker.stop('SIGKILL');
    await world.close();
  });
  const service = 'svc-one';
  totals.lives += 1;
  return {
    world,
    service,
    async start() {
      const worker = await world.start();
      workers.push(worker);
      return worker;
    },
    async kill(worker: WorkerProcess) {
      await worker.stop('SIGKILL');
      totals.kills += 1;
    },
    next: (phase: Phase) => world.spend({ service, user: `user of ${service}`, cost: phase.cost }),
    /** Resolves when all that a phase tells has arrived, and nothing waits. */
    told: (phase: Phase) => toldOn(world, phase, ['oncall', 'finance', 'billing']),
    toldOthers: (phase: Phase) => toldOn(world, phase, ['finance', 'billing']),
    settled: () => world.settled(),
  };
}

async function toldOn({ query }: IncidentWorld, phase: Phase, channels: readonly string[]): Promise<void> {
  const events = LIFE.indexOf(phase) + 1;
  await until(`it ${phase.what}, and ${channels.join(', ')} are told`, async () => {
    const rows = await query<{ channel: string; told: number; open: number }>(
      `SELECT channel, count(*) FILTER (WHERE state = 'delivered')::int AS told,
         count(*) FILTER (WHERE state <> 'delivered')::int AS open FROM spendwatch.delivery GROUP BY channel`,
    );
    const of = new Map(rows.map((row) => [row.channel, row]));
    return channels.every((channel) => {
      const { told = 0, open = 1 } = of.get(channel) ?? {};
      return open === 0 && told >= (channel === 'billing' ? phase.events : events);
    });
  });
}

/** Messages by id, each once. Throws where an id came again with another text. */
function once(taken: readonly Taken[]): Taken[] {
  const first = new Map<string, Taken>();
  for (const one of taken) {
    const known = first.get(one.id);
    if (known === undefined) first.set(one.id, one);
    else if (known.text !== one.text) throw new Error(`${one.id} came again with another text`);
    else totals.repeated += 1;
  }
  return [...first.values()];
}

const subjectOf = ({ text }: Taken): string =>
  (/^Subject: (.*(?:\r?\n[ \t].*)*)/m.exec(text)?.[1] ?? '').replace(/\r?\n[ \t]+/g, ' ');
const headerOf = ({ text }: Taken, name: string) =>
  new RegExp(`^${name}: *(.*)$`, 'im').exec(text)?.[1]?.trim();

/** What is left of a life that is over, whatever happened in it. */
async function expectOneIncident({ query }: IncidentWorld): Promise<void> {
  const incidents = await query<{ isOver: boolean }>(
    'SELECT closed_at IS NOT NULL AS "isOver" FROM spendwatch.incident',
  );
  expect(incidents).toEqual([{ isOver: true }]);
  expect(await query('SELECT FROM spendwatch.alert')).toEqual([]);
}

/** Each event once on each channel, in one thread. */
async function expectWholeStory(world: IncidentWorld): Promise<void> {
  await expectOneIncident(world);
  const { mails, hooks, posts } = world.taken;
  expect(new Set(posts.map(({ id }) => id)).size).toBe(posts.length);
  const shown = world.shown();
  const root = shown[0] as { readonly ts: string; readonly text: string };
  expect(root.text).toMatch(/^\[RESOLVED\]/);
  expect(shown.slice(1).map(({ thread_ts }) => thread_ts)).toEqual(LIFE.slice(1).map(() => root.ts));
  expect(shown.slice(1).map(({ text }) => text)).toEqual(
    LIFE.slice(1).map(({ title }) => expect.stringMatching(title)),
  );

  const mailed = once(mails);
  expect(mailed.map(subjectOf).map((subject) => subject.replace(/^Re: /, ''))).toHaveLength(LIFE.length);
  expect(mailed.slice(1).map((mail) => headerOf(mail, 'In-Reply-To'))).toEqual(
    LIFE.slice(1).map(() => mailed[0]?.id),
  );

  const events = once(hooks).map(
    ({ text }) =>
      JSON.parse(text) as { data: { rule: string; alerts: { reason: string; incident: string }[] } },
  );
  expect(events.map(({ data }) => `${data.rule} ${data.alerts[0]?.reason}`).sort()).toEqual([
    'hourly-burn escalated',
    'hourly-burn grown',
    'hourly-burn new',
    'hourly-burn resolved',
    'user-burn new',
    'user-burn resolved',
  ]);
  expect(new Set(events.map(({ data }) => data.alerts[0]?.incident)).size).toBe(1);
}

describe.concurrent('the life of one incident', () => {
  test.for(Object.keys(DEATHS))(
    'is told once and as it was, when the worker dies %s',
    async (where, context) => {
      const { world, start, kill, next, told } = await openScene(context);
      const moments = (DEATHS[where] as () => readonly Moment[])();
      let worker = await start();
      for (const [i, phase] of LIFE.entries()) {
        const { name, arm } = moments[i] as Moment;
        const { come, release } = arm(world);
        await next(phase);
        await arrives(`it is killed ${name}`, come);
        await kill(worker);
        release?.();
        await world.endLeases();
        worker = await start();
        await told(phase);
      }
      await expectWholeStory(world);
    },
  );

  test('is two posts where Slack is down all the time, and the other channels hear of each step', async (context) => {
    const { world, start, kill, next, toldOthers, settled } = await openScene(context);
    let worker = await start();
    world.slackIsDown = true;
    for (const [i, phase] of LIFE.entries()) {
      // Also when it dies before or after it puts later news in the place of what was never tried.
      const held = i === 2 || i === 3 ? removing(i === 2 ? 'before' : 'after').arm(world) : null;
      await next(phase);
      if (held !== null) {
        await arrives('it is killed while it replaces news', held.come);
        await kill(worker);
        held.release?.();
        await world.endLeases();
        worker = await start();
      }
      await toldOthers(phase);
    }
    world.slackIsDown = false;
    await world.query('UPDATE spendwatch.delivery SET next_at = now()');
    await settled();
    await expectOneIncident(world);
    expect(world.taken.posts.map(({ text }) => (JSON.parse(text) as { text: string }).text)).toEqual([
      expect.stringMatching(/^\[WARNING\] hourly-burn/),
      expect.stringMatching(/^\[RESOLVED\] .*\(\+1 more\)$/),
    ]);
    const [root, reply] = world.shown() as [Record<string, unknown>, Record<string, unknown>];
    expect(root.text).toMatch(/^\[RESOLVED\]/);
    expect(reply).toMatchObject({ thread_ts: root.ts, reply_broadcast: 'true' });
    expect(once(world.taken.mails)).toHaveLength(LIFE.length);
    expect(once(world.taken.hooks)).toHaveLength(6);
  });

  test('is told once by three replicas, of which the leader dies and the next one freezes', async (context) => {
    const { world, start, kill, next, told } = await openScene(context, '*/2 * * * * *');
    const workers = await Promise.all([start(), start(), start()]);
    const leader = async (): Promise<WorkerProcess> =>
      until('one leads', async () => {
        for (const worker of workers) {
          if (living.has(worker) && (await worker.metric('spendwatch_leader')) === 1) return worker;
        }
        return null;
      });
    const living = new Set(workers);
    const [begins, joined, escalates, grows, over] = LIFE;
    await leader();
    await next(begins);
    await told(begins);
    const dying = commit('what it decided', 'before', QUEUES).arm(world);
    await next(joined);
    await arrives('the leader commits', dying.come);
    const first = await leader();
    living.delete(first);
    await kill(first);
    dying.release?.();
    await told(joined);
    const freezing = commit('what it decided', 'before', QUEUES).arm(world);
    await next(escalates);
    await arrives('the leader commits', freezing.come);
    const second = await leader();
    living.delete(second);
    second.signal('SIGSTOP');
    await told(escalates);
    second.signal('SIGCONT');
    freezing.release?.();
    await next(grows);
    await told(grows);
    await next(over);
    await told(over);
    await expectWholeStory(world);
  });

  test('is told once in Slack where its sender freezes between the edit and the post', async (context) => {
    const { world, start, next, told } = await openScene(context);
    const [begins, joined] = LIFE;
    const frozen = await start();
    await next(begins);
    await told(begins);
    const edited = world.edited();
    await next(joined);
    await edited;
    frozen.signal('SIGSTOP');
    await world.endLeases();
    await start();
    await told(joined);
    // The attempt has run out of time when its process goes on.
    await sleep(LONGEST_ATTEMPT_MS);
    frozen.signal('SIGCONT');
    await until('it knows that another one has sent it', () =>
      frozen.log().some(({ outcome, channel }) => channel === 'oncall' && outcome === 'lost'),
    );
    expect(world.taken.posts).toHaveLength(2);
  });
});
