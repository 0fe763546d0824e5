// All samples of docs/messages: what people and programs are told.

import { vi } from 'vitest';
import { channelReportMessage } from '../../../src/model/health-message.ts';
import type { Message } from '../../../src/model/message.ts';
import type { Report } from '../../../src/model/report.ts';
import { reportMessage } from '../../../src/model/report-message.ts';
import { hostileReport, monthReport, quietReport, sampleReport } from '../sample-reports.ts';
import { SAMPLES } from '../samples.ts';
import { EXTREMES } from './extremes.ts';
import { incidentStory } from './incident.ts';
import type { Told } from './polls.ts';
import { SCENES } from './scenes.ts';

/** Those about spendwatch itself. */
const HEALTH = [
  'blind',
  'sees',
  'drill',
  'refused-reload',
  'unpriced',
  'future-rows',
  'report-unsent',
] as const;

const REPORTS = {
  report: sampleReport(),
  'report-month': monthReport(),
  'report-quiet': quietReport(),
};

function reportSample(report: Report): Sample {
  const people = reportMessage(report, { timestamp: report.at + 1500 });
  return { people, programs: [people] };
}

/** An alert that another channel could not deliver. */
function channelReport(original: Message): Message {
  return channelReportMessage({
    channel: 'oncall',
    detail: 'Slack refused: token_revoked',
    reason: 'auth',
    kind: 'person',
    attempts: 1,
    firstTriedAt: original.timestamp + 500,
    original,
    at: original.timestamp - 1500,
    zone: 'UTC',
    timestamp: original.timestamp + 1000,
  });
}

/** A message as people get it, and what programs get at the same time: an event for each rule. */
export interface Sample {
  readonly people: Message;
  readonly programs: readonly Message[];
}

export type Group = 'main' | 'notes' | 'edited' | 'extreme' | 'reports' | 'health';

/** All samples of docs/messages, by group and name. */
export function allSamples(): Promise<Samples> {
  made ??= atOneInstant(make);
  return made;
}

type Samples = Readonly<Record<Group, Readonly<Record<string, Sample>>>>;
let made: Promise<Samples> | null = null;

/** With a clock that stands: what explains an alert has a time limit, and a slow machine must not make other samples. */
async function atOneInstant<T>(work: () => Promise<T>): Promise<T> {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  try {
    return await work();
  } finally {
    clock.mockRestore();
  }
}

async function make(): Promise<Samples> {
  const { 'alert-resolved': ended, ...story } = await incidentStory();
  const { 'incident-silenced': silenced, ...scenes } = await valuesOf(SCENES);
  const main = {
    ...mapped({ ...scenes, ...story }, sampleOf),
    // An alert of an incident that goes on: only programs hear of its end, and people who want no incidents.
    'alert-resolved': { people: ended.programs[0] as Message, programs: ended.programs },
  };
  const edited = {
    'incident-edited': editedBy(story['incident-escalated']),
    'incident-edited-over': editedBy(story['incident-resolved']),
  };
  const alone = (people: Message): Sample => ({ people, programs: [people] });
  return {
    main,
    edited,
    // Programs hear of no silence.
    notes: {
      ...mapped({ 'incident-silenced': silenced }, sampleOf),
      // What programs get of it are its long names.
      'report-hostile-names': reportSample(hostileReport()),
    },
    extreme: mapped(await valuesOf(EXTREMES), sampleOf),
    reports: mapped(REPORTS, reportSample),
    health: mapped(
      {
        ...Object.fromEntries(HEALTH.map((name) => [name, SAMPLES[name] as Message])),
        'channel-report': channelReport(main.alert.people),
      },
      alone,
    ),
  };
}

/** The first message of an incident, as later news changes it. Programs know nothing of that. */
function editedBy({ edited: [people = null] }: Told): Sample {
  if (people === null) throw new RangeError('nothing was edited');
  return { people, programs: [] };
}

function sampleOf({ people, programs }: Told): Sample {
  const [message, ...more] = people;
  if (message === undefined || more.length > 0)
    throw new RangeError(`${people.length} messages in place of one`);
  return { people: message, programs };
}

async function valuesOf<T extends Readonly<Record<string, () => Promise<Told>>>>(scenes: T) {
  const entries = Object.entries(scenes).map(async ([name, scene]) => [name, await scene()] as const);
  return Object.fromEntries(await Promise.all(entries)) as Record<keyof T, Told>;
}

function mapped<K extends string, A, B>(from: Readonly<Record<K, A>>, made: (one: A) => B): Record<K, B> {
  return Object.fromEntries(Object.entries<A>(from).map(([name, one]) => [name, made(one)])) as Record<K, B>;
}
