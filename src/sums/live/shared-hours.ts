// The sums of single hours of a view, which rules that ask for the same share.

import type { HoursBack } from '../../model/series.ts';
import { HourColumns, type HourSource } from '../series/hour-columns.ts';
import { memberOf } from '../series/member.ts';
import { UnpackedRows } from '../series/packed-bucket.ts';
import { isShortOf, type Projection } from '../series/totals.ts';
import type { LiveAggregate } from './live-aggregate.ts';
import type { ViewRows } from './view-rows.ts';

const UNPACKED = new UnpackedRows();

export interface SharedHours {
  /** Must be called when a refresh begins. */
  turn(): void;
  /** The hours as of this refresh; null where one of them is not known. */
  of(asked: HoursBack): HourColumns | null;
}

/** Hours that end elsewhere, as those of a rule with a delay do after a full hour, have columns of their own. */
export function openSharedHours(
  aggregate: LiveAggregate,
  projection: Projection,
  rows: ViewRows,
): SharedHours {
  const source = hourSource(aggregate, projection, rows);
  const opened = new Map<string, HourColumns | null>();
  let free: { readonly measures: string; readonly columns: HourColumns }[] = [];
  let used: typeof free = [];
  return {
    turn() {
      opened.clear();
      free = [...free, ...used];
      used = [];
    },
    of(asked) {
      return memberOf(opened, JSON.stringify(asked), () => {
        const measures = asked.counts.map(({ measure }) => measure).join();
        const place = free.findIndex((one) => one.measures === measures);
        const [moved] = place < 0 ? [] : free.splice(place, 1);
        const own = moved ?? { measures, columns: new HourColumns(source) };
        used.push(own);
        return own.columns.moveTo(asked) ? own.columns : null;
      });
    },
  };
}

function hourSource(aggregate: LiveAggregate, projection: Projection, rows: ViewRows): HourSource {
  const { layout } = aggregate;
  return {
    layout,
    version: () => aggregate.version,
    isClosed: (hour) => aggregate.hours.has(hour),
    groupCount() {
      rows.follow();
      return rows.count;
    },
    partsOf(hour) {
      const closed = aggregate.hours.get(hour);
      if (closed !== undefined) return isShortOf(closed, projection) ? null : closed;
      const open = aggregate.minutes.get(hour);
      return open === undefined || isShortOf(open, projection) ? null : open.minutes;
    },
    rowsOf: (hour) => ({
      forEach(take) {
        const closed = aggregate.hours.get(hour);
        const buckets = closed === undefined ? (aggregate.minutes.get(hour)?.minutes ?? []) : [closed];
        for (const packed of buckets) {
          const { groups, values } = UNPACKED.take(packed, layout);
          for (let row = 0; row < packed.rows; row += 1) {
            const group = rows.groupOf[groups[row] as number] as number;
            if (group >= 0) take(group, values, row * layout.width);
          }
        }
      },
    }),
  };
}
