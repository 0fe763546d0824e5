// What a poll works with.

import type { Channel, ChannelTerms } from '../channels/channel.ts';
import type { Rule, Silence } from '../model/rule.ts';
import type { Schedule } from '../model/schedule.ts';
import type { Dimension } from '../model/series.ts';
import type { State, StateReader } from '../state/open.ts';
import type { RuleFile } from '../state/removed-rules.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { Askable } from './ask.ts';
import type { Source } from './collect.ts';

/** What a poll works with; opened by the composition root. */
export interface PollParts {
  readonly store: AuditStore;
  /** Where rules get their answers: kept sums, or the store itself. */
  readonly source: Source;
  /** The dimensions that the store's mapping has. */
  readonly dimensions: ReadonlySet<Dimension>;
  readonly state: State;
  /** The enabled rules, in the order of the file. */
  readonly rules: readonly Rule[];
  /** The whole file, also where only some of its rules are polled. */
  readonly file: RuleFile;
  /** By rule name. */
  readonly fingerprints: ReadonlyMap<string, string>;
  /** Whether calls can be priced from a list; absent for no. */
  readonly hasPrices?: boolean;
  readonly silences: readonly Silence[];
  readonly zone: string;
  readonly schedule: Schedule;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly incidents: IncidentSettings;
}

/** How alerts are grouped for people. */
export interface IncidentSettings {
  /** The dimension whose values incidents are about; null where the store has none that would do. */
  readonly by: Dimension | null;
  /** How long alerts that join an open incident are gathered, ms. */
  readonly intervalMs: number;
  /** By channel name. */
  readonly terms: ReadonlyMap<string, ChannelTerms>;
}

/** What a decision reads, and from where. Nothing is changed. */
export interface DecidingParts
  extends Pick<PollParts, 'silences' | 'zone' | 'schedule' | 'dimensions' | 'incidents'> {
  readonly state: StateReader;
  /** Answers the questions that explain alerts. Their reads of the store share one time limit. */
  readonly explaining: Askable;
  /** Answers since when alerts have held, from the store within a time limit. */
  readonly dating: Pick<Source, 'read'>;
}

/** The same while a poll is under way. */
export interface PollUnderWay extends Omit<PollParts, keyof DecidingParts>, DecidingParts {
  readonly state: State;
}
