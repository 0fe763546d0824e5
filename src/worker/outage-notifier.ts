// Tells people when spendwatch cannot see, and when it can again.

import type { App } from '../app.ts';
import type { NewDelivery } from '../model/delivery.ts';
import { sentenceOf, wordsOf } from '../model/errors.ts';
import type { Episode } from '../model/notification.ts';
import {
  conditionAfter,
  NO_FAILURES,
  OUTAGE,
  type OutageNotice,
  outageNotice,
  RECOVERED,
} from '../pipeline/outage.ts';
import type { PollReport } from '../pipeline/poll.ts';
import type { State } from '../state/open.ts';
import { openDirectSender } from './direct-outage-sender.ts';
import { type Observed, outageDeliveries } from './outage-deliveries.ts';

/** Tells people of outages. It lives as long as the process, over reloads. */
export interface OutageNotifier {
  /** Judges a poll and tells people what is new. Resolves to a line for the log, or null. Never rejects. */
  polled(app: App, report: PollReport, staleAfterMs: number | null): Promise<string | null>;
  /** Another worker polls now. What that one sees counts, and it tells people. */
  standBy(): void;
}

/** `random` is in [0, 1) and spreads retries. */
export function openOutageNotifier(now: () => number, random: () => number): OutageNotifier {
  const direct = openDirectSender(now, random);
  let failures = NO_FAILURES;
  /** The newest row ever seen: a poll that failed has seen none. */
  let newestRow: number | null = null;

  const tell = async (app: App, observed: Observed): Promise<void> => {
    const state = await app.state();
    const told = await toldOutage(state);
    const notice = outageNotice(
      observed.condition,
      told ?? direct.outage(),
      observed.at,
      app.config.timezone,
    );
    if (notice === null) return;
    const deliveries = outageDeliveries(app, notice, observed, now());
    await record(
      state,
      notice,
      deliveries.filter(({ id }) => !direct.hasSent(id)),
      now(),
    );
    if (notice.kind === RECOVERED) direct.forgetOutage();
  };

  return {
    async polled(app, report, staleAfterMs) {
      const { at } = report;
      const policy = { outageAfter: app.config.health.blindAfter, staleAfterMs };
      const poll = { at, newestRow: report.newestRow, failure: failureOf(report) };
      const { run, condition } = conditionAfter(failures, poll, policy);
      failures = run;
      newestRow = report.newestRow ?? newestRow;
      const observed = { condition, at, newestRow };
      try {
        await tell(app, observed);
        return null;
      } catch {
        // The state store is away too.
        return direct.send(app, observed).catch(wordsOf);
      }
    },
    standBy() {
      failures = NO_FAILURES;
      direct.forgetOutage();
    },
  };
}

/** The outage that people were told of and that has not ended, by the ledger. */
async function toldOutage(state: State): Promise<Episode | null> {
  const states = await state.readRuleStates([OUTAGE]);
  return states.get(OUTAGE)?.episodes[0] ?? null;
}

function failureOf({ error, rules }: PollReport): string | null {
  if (error === null) return null;
  const failed = rules.find((rule) => rule.error !== null);
  return failed === undefined ? error.message : `rule ${failed.rule.name}: ${sentenceOf(error)}`;
}

async function record(
  state: State,
  { kind, notification, episode }: OutageNotice,
  deliveries: readonly NewDelivery[],
  now: number,
): Promise<void> {
  const batches = [{ notifications: [notification], compose: () => deliveries }];
  const common = { rule: null, watermark: null };
  if (kind === OUTAGE) {
    const episodes = { begun: [episode], ended: [] };
    await state.record([{ ...common, fingerprint: OUTAGE, episodes, batches }], now);
    return;
  }
  const { groupId, step } = episode;
  const ended = { begun: [], ended: [{ groupId, step }] };
  await state.record(
    [
      { ...common, fingerprint: OUTAGE, episodes: ended, batches: [] },
      { ...common, fingerprint: RECOVERED, episodes: { begun: [], ended: [] }, batches },
    ],
    now,
  );
}
