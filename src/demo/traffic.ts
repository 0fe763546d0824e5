// The calls of the invented company, and its retry loop.

import type { CallRow } from '../stores/audit-store.ts';
import { busyness, PRICES, SERVICES, type Service } from './company.ts';
import { mixSeeds, normal, poisson, seededRandom } from './random.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A retry loop: one job that calls again and again, mostly without success, while every call costs. */
export interface Incident {
  readonly from: number;
  /** When somebody stops it, ms; absent while nobody has. */
  until?: number;
  readonly callsAMinute: number;
}

/**
 * Plausible calls with times in [from, to), ascending: daily and weekly rhythm, long-tailed sizes, occasional failures. The
 * same seed gives the same calls however the span is divided.
 */
export function* plausibleCalls(from: number, to: number, seed: number): Generator<CallRow> {
  for (let hour = Math.floor(from / HOUR) * HOUR; hour < to; hour += HOUR) {
    const calls = SERVICES.flatMap((service, index) => {
      const random = seededRandom(mixSeeds(seed, hour / HOUR, index));
      const count = poisson(service.callsAnHour * busyness(service.rhythm, hour), random);
      return Array.from({ length: count }, () => callOf(service, hour + random() * HOUR, random));
    });
    yield* within(calls, from, to);
  }
}

/** The calls of a retry loop in the service `search` within [from, to), ascending; none before it began. */
export function* retryLoop(incident: Incident, from: number, to: number, seed: number): Generator<CallRow> {
  const first = Math.floor(Math.max(from, incident.from) / MINUTE) * MINUTE;
  for (let minute = first; minute < to; minute += MINUTE) {
    const random = seededRandom(mixSeeds(seed, minute / MINUTE, 77));
    const calls = Array.from({ length: incident.callsAMinute }, () =>
      retryOf(minute + random() * MINUTE, random),
    );
    yield* within(calls, Math.max(from, incident.from), Math.min(to, incident.until ?? to));
  }
}

function callOf(service: Service, at: number, random: () => number): TimedCall {
  const size = Math.exp(0.5 * normal(random));
  const fails = random() < 0.008;
  return timedCall(at, random, {
    service: service.name,
    endpoint: service.endpoint,
    model: pick(service.models, random),
    user: `${service.name}-user-${1 + Math.floor(service.users * random() ** 2)}`,
    inputTokens: Math.round(service.inputTokens * size),
    outputTokens: fails ? 0 : Math.round(service.outputTokens * size),
    status: fails ? 500 : 200,
    error: fails ? 'upstream connect error' : null,
    latencyMs: Math.round(400 + 1_800 * size),
  });
}

function retryOf(at: number, random: () => number): TimedCall {
  const fails = random() < 0.85;
  return timedCall(at, random, {
    service: 'search',
    endpoint: '/v1/chat/completions',
    model: 'gpt-4.1',
    user: 'reindex-job',
    inputTokens: Math.round(42_000 + 6_000 * random()),
    outputTokens: Math.round(1_500 + 500 * random()),
    status: fails ? 504 : 200,
    error: fails ? 'deadline exceeded, will retry' : null,
    latencyMs: Math.round(20_000 + 10_000 * random()),
  });
}

interface TimedCall {
  readonly at: number;
  readonly row: CallRow;
}

interface CallFacts {
  readonly service: string;
  readonly endpoint: string;
  readonly model: string;
  readonly user: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly status: number;
  readonly error: string | null;
  readonly latencyMs: number;
}

function timedCall(at: number, random: () => number, facts: CallFacts): TimedCall {
  const [input, output] = PRICES[facts.model] ?? [0, 0];
  const dollars = (facts.inputTokens * input + facts.outputTokens * output) / 1e6;
  const instant = Math.floor(at);
  return {
    at: instant,
    row: {
      time: new Date(instant).toISOString(),
      request_id: uuidFrom(random),
      service: facts.service,
      endpoint: facts.endpoint,
      model: facts.model,
      user: facts.user,
      input_tokens: facts.inputTokens,
      output_tokens: facts.outputTokens,
      status: facts.status,
      error: facts.error,
      latency_ms: facts.latencyMs,
      ttft_ms: Math.round(facts.latencyMs / 4),
      cost: dollars.toFixed(6),
    },
  };
}

function pick(shares: Service['models'], random: () => number): string {
  let left = random();
  for (const [name, share] of shares) {
    left -= share;
    if (left <= 0) return name;
  }
  return shares[0]?.[0] ?? '';
}

function* within(calls: TimedCall[], from: number, to: number): Generator<CallRow> {
  calls.sort((a, b) => a.at - b.at);
  for (const { at, row } of calls) if (at >= from && at < to) yield row;
}

function uuidFrom(random: () => number): string {
  const hex = Array.from({ length: 4 }, () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
