// What a metric is made of: its description, and what changes its value.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Rule } from '../../model/rule.ts';
import type { DeliveryReport } from '../../pipeline/deliver.ts';
import type { PollReport } from '../../pipeline/poll.ts';
import type { GaugeSample } from '../health-notes/health-note.ts';

/** What happens in a worker and may change metrics. */
export interface MetricEvents {
  started(version: string): void;
  /** The rules in force. Their dimensions are labels, and values of rules that are gone must go. */
  useRules(rules: readonly Rule[]): void;
  /** The names of the channels in force. */
  useChannels(names: readonly string[]): void;
  polled(report: PollReport, seconds: number): void;
  delivered(report: DeliveryReport): void;
  /** How many deliveries wait, by channel. */
  queued(lengths: ReadonlyMap<string, number>): void;
  reloaded(succeeded: boolean): void;
  /** Whether this worker polls; null while nobody knows. What a standby saw once is dropped: another worker sees it now. */
  leads(leads: boolean | null): void;
  /** The kept sums could not be used, so a poll read the audit table in full. */
  bypassed(): void;
  /** So many hours of the past are still to be backfilled. */
  missing(hours: number): void;
  /** What a kind of health message about the data saw last. */
  noticed(gauge: string, samples: readonly GaugeSample[]): void;
}

/** The events that a metric follows. */
export type Handlers = Partial<MetricEvents>;

/** One metric of /metrics. A new one is one entry of the catalogue. */
export interface MetricEntry extends Description {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** Adds the metric to `registry`, and returns what changes it. */
  open(registry: Registry): Handlers;
}

interface Description<Label extends string = string> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}

export function counter<Label extends string>(
  description: Description<Label>,
  follow: (metric: Counter<Label>) => Handlers,
): MetricEntry {
  const open = (registry: Registry) => follow(new Counter(configuration(description, registry)));
  return { ...description, kind: 'counter', open };
}

export function gauge<Label extends string>(
  description: Description<Label>,
  follow: (metric: Gauge<Label>) => Handlers,
): MetricEntry {
  const open = (registry: Registry) => follow(new Gauge(configuration(description, registry)));
  return { ...description, kind: 'gauge', open };
}

/** A gauge whose value is read when it is scraped; null shows none. */
export function gaugeOnScrape(
  description: Description<never>,
  follow: () => { readonly value: () => number | null; readonly handlers: Handlers },
): MetricEntry {
  const open = (registry: Registry): Handlers => {
    const { value, handlers } = follow();
    new Gauge({
      ...configuration(description, registry),
      collect() {
        const now = value();
        if (now === null) this.remove();
        else this.set(now);
      },
    });
    return handlers;
  };
  return { ...description, kind: 'gauge', open };
}

export function histogram(
  description: Description<never> & { readonly buckets: number[] },
  follow: (metric: Histogram) => Handlers,
): MetricEntry {
  const { buckets } = description;
  const open = (registry: Registry) =>
    follow(new Histogram({ ...configuration(description, registry), buckets }));
  return { ...description, kind: 'histogram', open };
}

function configuration<Label extends string>(
  { name, help, labels = [] }: Description<Label>,
  registry: Registry,
) {
  return { name, help, labelNames: [...labels], registers: [registry] };
}
