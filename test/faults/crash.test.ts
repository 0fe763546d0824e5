import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, type TestContext, test } from 'vitest';
import { seededRandom } from '../../src/demo/random.ts';
import { faultSeeds } from '../support/seeds.ts';
import type { Asked, SqlGate } from '../support/sql-gate.ts';
import { arrives } from '../support/until.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { type IncidentWorld, openIncidentWorld, type Pause, type Tally } from './incident-world.ts';

const totals = { kills: 0, due: 0, delivered: 0, repeated: 0, looked: 0 };
afterAll(() => {
  const { kills, due, delivered, repeated, looked } = totals;
  process.stderr.write(
    `crashes: ${kills} kills, ${due} messages due, ${delivered} delivered, ${repeated} came again with the same id; ` +
      `${looked} looks for an own message in Slack\n`,
  );
});

type When = 'before' | 'after';

/** A moment, known by a statement's own words and by what its transaction did before. */
interface Step {
  readonly name: string;
  /** Whether the worker is killed before the server gets it, or when it has been done and the worker does not know. */
  readonly when: readonly When[];
  /** A new one for each time that it is waited for. */
  fits(): (asked: Asked) => boolean;
}

const BOTH: readonly When[] = ['before', 'after'];

function step(
  name: string,
  words: RegExp,
  more: { readonly earlier?: RegExp; readonly when?: Step['when'] } = {},
): Step {
  const { earlier, when = BOTH } = more;
  return {
    name,
    when,
    fits: () => (asked) =>
      words.test(asked.text) && (earlier === undefined || asked.earlier.some((text) => earlier.test(text))),
  };
}

/** Within a transaction, after one statement is before the next. */
const within = { when: ['before'] } as const;

const POLLING: readonly Step[] = [
  step('it asks for the lease', /INSERT INTO spendwatch\.leader/),
  step('it reads the state of its rules', /^SELECT fingerprint, evaluated_to, group_id/, within),
  step('it reads the audit table', /api_audit_logs/, within),
  step('it reads what was notified', /CROSS JOIN LATERAL/, within),
];

const RECORDING: readonly Step[] = [
  step('it looks whether it leads', /SELECT token FROM spendwatch\.leader/, within),
  step('it raises its watermarks', /UPDATE spendwatch\.rule_watermark/, within),
  step('it records notifications', /INSERT INTO spendwatch\.notification/, within),
  step('it queues', /INSERT INTO spendwatch\.delivery/, within),
  step('it commits what it decided', /^COMMIT/, { earlier: /INSERT INTO spendwatch\.delivery/ }),
];

const CLAIMS = /SET attempts = attempts \+ 1/;
const CLAIMING: readonly Step[] = [
  ...['finance', 'billing'].map(
    (channel): Step => ({
      name: `it claims for ${channel}`,
      when: BOTH,
      fits:
        () =>
        ({ text, values }) =>
          CLAIMS.test(text) && values[0] === channel,
    }),
  ),
  step('it claims with a rate-limit slot', CLAIMS, { ...within, earlier: /rate_limit_slot/ }),
  step('it takes the rate-limit slot', /UPDATE spendwatch\.rate_limit_slot\s+SET token = \$2/, within),
  step('it commits a claim with its slot', /^COMMIT/, { earlier: CLAIMS }),
];

const SETTLES = /WITH slot AS/;
const SETTLING: readonly Step[] = [
  step('it begins to settle', /SELECT state, reported_at/, within),
  step('it settles', SETTLES, within),
  ...['first', 'second', 'third'].map(
    (nth, i): Step => ({
      name: `it commits the ${nth} settlement`,
      when: BOTH,
      fits: () => {
        let seen = 0;
        return ({ text, earlier }) => {
          if (!/^COMMIT/.test(text) || !earlier.some((one) => SETTLES.test(one))) return false;
          seen += 1;
          return seen === i + 1;
        };
      },
    }),
  ),
];

const SENDS: readonly Pause[] = ['hook', 'post', 'rcpt', 'mail'];

/** A world with a worker that runs, and the ways in which it dies. */
async function openScene({ onTestFinished }: Pick<TestContext, 'onTestFinished'>) {
  const world = await openIncidentWorld();
  let worker: WorkerProcess = await world.start();
  onTestFinished(async () => {
    await worker.stop('SIGKILL');
    await world.close();
  });
  const kill = async (): Promise<void> => {
    await worker.stop('SIGKILL');
    totals.kills += 1;
  };
  const restart = async (): Promise<void> => {
    await world.endLeases();
    worker = await world.start();
  };
  return {
    world,
    kill,
    restart,
    /** Lets one more alert become due, kills the worker at the moment, and sees that all are told after a restart. */
    async dieAt(
      moment: (world: IncidentWorld) => { readonly come: Promise<void>; readonly release?: () => void },
    ) {
      const { come, release } = moment(world);
      const service = await world.breach();
      await arrives('the statement to be killed at is asked', come);
      await kill();
      release?.();
      await restart();
      await world.told(service);
    },
    async end(): Promise<Tally> {
      await world.settled();
      const tally = world.tally();
      totals.due += tally.due;
      totals.delivered += tally.delivered;
      totals.repeated += tally.repeated;
      totals.looked += tally.looked;
      return tally;
    },
  };
}

const KILLS_A_SEED = 12;
/** A message shows ten alerts and counts the rest, so that no more may gather. */
const KILLS_BETWEEN_RESTS = 4;
/** A worker that has just started sends about as many until its first messages are settled. */
const STATEMENTS = 120;

/** The n-th statement from now on, whatever it is, and whether the server gets it or not. */
function atStatement(gate: SqlGate, random: () => number) {
  let left = Math.floor(random() * STATEMENTS);
  const { caught, release } = gate.hold(random() < 0.5 ? 'before' : 'after', () => left-- <= 0);
  return { come: caught, release };
}

function afterMs(ms: number) {
  return { come: sleep(ms), release: () => undefined };
}

describe.concurrent('a worker that is killed', () => {
  test.for([
    { what: 'polling', steps: POLLING },
    { what: 'recording', steps: RECORDING },
    { what: 'claiming', steps: CLAIMING },
    { what: 'settling', steps: SETTLING },
  ])('at any step of $what still notifies, once', async ({ steps }, context) => {
    const scene = await openScene(context);
    const moments = steps.flatMap(({ name, fits, when }) => when.map((one) => ({ name, fits, when: one })));
    for (const { name, fits, when } of moments) {
      await scene
        .dieAt(({ gate }) => {
          const held = gate.hold(when, fits());
          return { come: held.caught, release: held.release };
        })
        .catch((error: unknown) => {
          throw new Error(`killed ${when} ${name}: ${error}`);
        });
    }
    const { due, delivered } = await scene.end();
    expect(delivered).toBe(due);
    expect(due).toBe(moments.length * 3);
  });

  test('while it sends repeats the same message, and none that Slack shows already', async (context) => {
    const scene = await openScene(context);
    for (const where of SENDS) {
      await scene.dieAt((world) => ({ come: world.pause(where) }));
    }
    // Killed once more while it looks whether its message is in Slack already.
    const posting = scene.world.pause('post');
    const service = await scene.world.breach();
    await posting;
    await scene.kill();
    const looking = scene.world.pause('history');
    await scene.restart();
    await looking;
    await scene.kill();
    await scene.restart();
    await scene.world.told(service);
    const { repeated, looked } = await scene.end();
    // The hook and the mail that were taken and not answered; Slack's posts were found.
    expect(repeated).toBeGreaterThanOrEqual(2);
    expect(looked).toBeGreaterThanOrEqual(2);
  });

  test.for(faultSeeds('killed at random moments'))(
    'at random moments tells all the same, once (seed %i)',
    async (seed, context) => {
      const random = seededRandom(seed);
      const scene = await openScene(context);
      const services: string[] = [];
      for (let kills = 0; kills < KILLS_A_SEED; kills += 1) {
        if (random() < 0.8) services.push(await scene.world.breach());
        const moment = random() < 0.3 ? afterMs(random() * 3_000) : atStatement(scene.world.gate, random);
        await arrives('the moment to be killed at comes', moment.come);
        await scene.kill();
        moment.release();
        await scene.restart();
        if (kills % KILLS_BETWEEN_RESTS === KILLS_BETWEEN_RESTS - 1) await scene.world.told(...services);
      }
      await scene.world.told(...services);
      await scene.end();
    },
  );
});
