// Parses the values of options.

import { InvalidArgumentError } from 'commander';
import { isWrittenDuration, parseDuration } from '../../model/window.ts';

/** Collects the values of an option that may be given several times. */
export function collected(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

/** Accepts one of some words. */
export function oneOf(...allowed: string[]): (value: string) => string {
  return (value) => {
    if (!allowed.includes(value)) throw new InvalidArgumentError(`Allowed are ${allowed.join(', ')}.`);
    return value;
  };
}

/** An instant with a zone, as ms. A time without a zone would mean another instant on another machine. */
export function instant(value: string): number {
  const ms = /\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/i.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new InvalidArgumentError('Write it as ISO 8601 with a zone, such as 2026-11-20T02:05:00Z.');
  }
  return ms;
}

/** How long, in ms. */
export function duration(value: string): number {
  const ms = parseDuration(value);
  if (ms === null || ms === 0) {
    throw new InvalidArgumentError(
      isWrittenDuration(value) ? 'It is 0, or far too long.' : 'Write a number and a unit: 90m, 2h, 7d.',
    );
  }
  return ms;
}

/** A whole number from 1 on. */
export function count(value: string): number {
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new InvalidArgumentError('Write a whole number from 1 to 999999.');
  return Number(value);
}
