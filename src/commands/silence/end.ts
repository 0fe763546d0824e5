// `spendwatch silence end`: ends a silence before its time.

import { nearest } from '../../config/nearest.ts';
import { localTime } from '../../model/display-time.ts';
import { AppError } from '../../model/errors.ts';
import { endSilence, listSilences, overAt } from '../../state/silences.ts';
import { matchText } from '../../status/silence-shape.ts';
import type { Io } from '../io.ts';
import { loadWithoutChannels } from '../load.ts';
import { withState } from '../state.ts';

export interface EndOptions {
  readonly config: string;
  readonly id: string;
}

/** Ends it, from the next poll on. One that is over already stays as it is. Resolves to 0. */
export async function endSilenceOf({ config: file, id: given }: EndOptions, io: Io): Promise<number> {
  const config = await loadWithoutChannels(file, io);
  const id = given.trim().toLowerCase();
  const now = Date.now();
  const silence = await withState(config, io, async (sql) => {
    const found = await endSilence(sql, id, now);
    if (found !== null) return found;
    const ids = (await listSilences(sql, now)).map((one) => one.id);
    const close = nearest(id, ids);
    throw new AppError('silence_unknown', `there is no silence ${given}`, {
      hint: close === null ? 'spendwatch silence list prints them' : `did you mean ${close}?`,
    });
  });
  const end = overAt(silence);
  const when = localTime(end, config.timezone);
  io.out(
    end <= now
      ? `${id} was over already, since ${when} (${matchText(silence)})`
      : `ended ${id}: ${matchText(silence)} would have been silent until ${when}`,
  );
  return 0;
}
