// What a poll works with.

import type { Channel } from '../channels/channel.ts';
import type { Rule, Silence } from '../model/rule.ts';
import type { Schedule } from '../model/schedule.ts';
import type { Dimension } from '../model/series.ts';
import type { State } from '../state/open.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { Askable } from './ask.ts';
import type { Source } from './collect.ts';

/** What a poll works with; opened by the composition root. */
export interface PollParts {
  readonly store: AuditStore;
  /** What polls are answered from: the store itself, or what is kept of it. */
  readonly source: Source;
  /** The dimensions that the store's mapping has. */
  readonly dimensions: ReadonlySet<Dimension>;
  readonly state: State;
  /** The enabled rules, in the order of the file. */
  readonly rules: readonly Rule[];
  /** By rule name. */
  readonly fingerprints: ReadonlyMap<string, string>;
  readonly silences: readonly Silence[];
  readonly zone: string;
  readonly schedule: Schedule;
  readonly channels: ReadonlyMap<string, Channel>;
}

/** The same while a poll is under way. */
export interface PollUnderWay extends PollParts {
  /** What explains alerts; the store for a limited time in all, which the poll's questions share. */
  readonly explaining: Askable;
  /** What is asked since when alerts hold; the store, for a limited time likewise. */
  readonly dating: Pick<Source, 'read'>;
}
