// Chooses the ticks of an axis of time.

import { localTime, shortDayName } from '../model/display-time.ts';
import { dayStart, localDay } from '../model/local-time.ts';

const HOUR = 3_600_000;
const HOURS = [1, 2, 3, 6, 12];
const DAYS = [1, 2, 7, 14, 28];
const MOST = 5;

/** At most five instants at round local times, with the time of day, or at midnight the date. */
export function timeTicks(from: number, to: number, zone: string): { at: number; label: string }[] {
  const days = localDaysBetween(from, to, zone);

  const wholeHours = days
    .flatMap((day) => hoursOf(day, zone))
    .map((at) => ({ at, time: localTime(at, zone).slice(11, 16) }))
    .filter(({ at, time }) => at >= from && at <= to && time.endsWith(':00'));
  for (const hours of HOURS) {
    const within = wholeHours.filter(({ time }) => Number(time.slice(0, 2)) % hours === 0);
    if (within.length <= MOST) {
      return within.map(({ at, time }) => ({ at, label: time === '00:00' ? shortDayName(at, zone) : time }));
    }
  }
  for (const step of DAYS) {
    const within = days
      .filter((day) => day % step === 0)
      .map((day) => dayStart(day, zone))
      .filter((at) => at >= from && at <= to);
    if (within.length <= MOST) return within.map((at) => ({ at, label: shortDayName(at, zone) }));
  }
  return [];
}

function localDaysBetween(from: number, to: number, zone: string): number[] {
  const [first, last] = [localDay(from, zone), localDay(to, zone)];
  return Array.from({ length: Math.min(400, last - first + 1) }, (_, i) => first + i);
}

/** Every hour of a local day, also of one that is longer or shorter than others. */
function hoursOf(day: number, zone: string): number[] {
  const [start, end] = [dayStart(day, zone), dayStart(day + 1, zone)];
  return Array.from({ length: Math.ceil((end - start) / HOUR) }, (_, i) => start + i * HOUR);
}
