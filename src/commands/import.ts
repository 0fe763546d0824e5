// `spendwatch import`: loads files into the audit store.

import { openAudit } from '../app.ts';
import { placeOf, unsetNote } from '../config/place.ts';
import { importColumns } from '../import/column-names.ts';
import { type ImportListener, importCalls, sizeOf } from '../import/import-calls.ts';
import { AppError } from '../model/errors.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import type { Io } from './io.ts';
import { loadWithoutChannels } from './load.ts';
import { openProgressBar } from './progress-bar.ts';

/** Rejected rows and unknown columns that are named. The rest is counted. */
const NAMED = 20;

/** Resolves to 0, or to 1 if rows were rejected or a file could not be read. */
export async function importFiles(
  options: { readonly config: string; readonly files: readonly string[] },
  io: Pick<Io, 'out' | 'err' | 'stdin' | 'stderrIsTerminal' | 'env'>,
): Promise<0 | 1> {
  const config = await loadWithoutChannels(options.config, io);
  const { sql, store } = await openAudit(config);
  try {
    // A folder belongs to spendwatch. In an operator's database, a table is created only on request.
    if (sql?.engine === 'pglite') await createMissingTable(store);
    // If a variable was forgotten, this is not the intended store, so people are told which one it is.
    const note = unsetNote(config);
    if (note !== null) io.err(note);
    else if (io.stderrIsTerminal) io.err(`into ${placeOf(config.audit.url, config.dir)}`);
    const size = io.stderrIsTerminal ? await sizeOf(options.files) : null;
    const bar = openProgressBar('importing', size !== null);
    const report = reportTo(io, importColumns(config.audit.mapping).names);
    try {
      const counts = await importCalls(store, config.audit.mapping, options.files, io.stdin, {
        ...report.listener,
        read: (bytes) => bar.update(bytes, size ?? bytes),
      });
      bar.stop();
      report.print();
      io.out(
        `imported ${number(counts.inserted)} rows, skipped ${number(counts.skipped)} already there, rejected ${number(counts.rejected)}`,
      );
      return counts.rejected + counts.unreadable === 0 ? 0 : 1;
    } catch (error) {
      bar.stop();
      report.print();
      throw error;
    }
  } finally {
    await store.close();
  }
}

async function createMissingTable(store: AuditStore): Promise<void> {
  try {
    await store.createTable();
  } catch (error) {
    // A table with other columns is not created here. If it is missing, the first insert reports it.
    if (!(error instanceof AppError && error.code === 'table_not_ours')) throw error;
  }
}

/** Collects errors and prints them after the bar is removed. */
function reportTo(
  io: Pick<Io, 'err'>,
  known: readonly string[],
): { listener: Omit<ImportListener, 'read'>; print(): void } {
  const faults: string[] = [];
  const notes: string[] = [];
  let rejected = 0;
  return {
    listener: {
      rejected: (place, reason) => {
        rejected += 1;
        if (rejected <= NAMED) faults.push(`${place}: ${reason}`);
      },
      unreadable: (file, reason) => void faults.push(`${file}: ${reason}`),
      ignored: (column, file) => {
        if (notes.length < NAMED)
          notes.push(`${file}: column ${JSON.stringify(column)} is unknown and was ignored`);
      },
    },
    print: () => {
      for (const line of [...notes, ...faults]) io.err(line);
      if (notes.length > 0) io.err(`  hint: columns have the names ${known.join(', ')}`);
      if (rejected > NAMED) io.err(`and ${number(rejected - NAMED)} more rejected rows`);
    },
  };
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
