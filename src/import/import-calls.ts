// Loads files into the store, batch by batch.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { AppError, messageOf } from '../model/errors.ts';
import type { AuditStore, CallRow, Mapping } from '../stores/audit-store.ts';
import { callRowOf, droppedMoney } from './call-row.ts';
import { importColumns } from './column-names.ts';
import { csvRows } from './csv.ts';
import { jsonLines } from './json-lines.ts';
import { linesOf } from './lines.ts';
import { requestIds } from './request-id.ts';
import type { SourceRow } from './source-row.ts';

/** The result of an import. */
export interface ImportCounts {
  readonly inserted: number;
  /** Rows whose request_id was in the table already. */
  readonly skipped: number;
  readonly rejected: number;
  /** Files that could not be read, or not to their end. */
  readonly unreadable: number;
}

/** Is called as things happen; nothing here prints. */
export interface ImportListener {
  /** `place` is `file:line`, or the file alone. */
  rejected(place: string, reason: string): void;
  unreadable(file: string, reason: string): void;
  /** An unknown column in a file; called once for each. */
  ignored(column: string, file: string): void;
  /** Bytes read so far, of all files. */
  read(bytes: number): void;
}

const BATCH = 1_000;

/**
 * Loads `.jsonl` and `.csv` files, and `-` (JSON Lines on stdin), into a store. A batch is written before more is read, so
 * that memory stays small and a slow store slows the reading. Faults of rows and files go to the listener; a fault of the
 * store is thrown.
 */
export async function importCalls(
  store: AuditStore,
  mapping: Mapping,
  files: readonly string[],
  stdin: Readable,
  listener: ImportListener,
): Promise<ImportCounts> {
  const readers = files.map(readerOf);
  const columns = importColumns(mapping);
  const withId = mapping.columns.request_id === undefined ? (row: CallRow) => row : requestIds();
  const ignored = new Set<string>();
  const counts = { inserted: 0, skipped: 0, rejected: 0, unreadable: 0 };
  let bytes = 0;

  const importFile = async (file: string, read: Reader): Promise<void> => {
    let batch: { line: number; row: CallRow }[] = [];
    const reject = (line: number, reason: string) => {
      counts.rejected += 1;
      listener.rejected(`${file}:${line}`, reason);
    };
    const flush = async () => {
      const written = batch;
      batch = [];
      let refused = 0;
      const inserted = await store.insert(
        written.map(({ row }) => row),
        (index, reason) => {
          refused += 1;
          reject((written[index] as { line: number }).line, reason);
        },
      );
      counts.inserted += inserted;
      counts.skipped += written.length - inserted - refused;
    };
    const counted = countBytes(file === '-' ? stdin : createReadStream(file), (size) => {
      bytes += size;
      listener.read(bytes);
    });
    try {
      for await (const source of read(linesOf(counted))) {
        if ('cells' in source) refuseDroppedMoney(source.line, source.cells);
        const row = 'reason' in source ? source.reason : callRowOf(source.cells, columns);
        if ('cells' in source) tellIgnored(source.cells, file);
        if (typeof row === 'string') reject(source.line, row);
        else batch.push({ line: source.line, row: withId(row) });
        if (batch.length === BATCH) await flush();
      }
    } catch (error) {
      if (!isFileFault(error)) throw error;
      counts.unreadable += 1;
      listener.unreadable(file, reasonOf(error));
    }
    await flush();
  };

  const refuseDroppedMoney = (line: number, cells: Readonly<Record<string, unknown>>) => {
    const heading = droppedMoney(cells, columns);
    if (heading === null) return;
    const what = `column ${JSON.stringify(heading)} looks like money, but is unknown`;
    throw new AppError('import_unreadable', `line ${line}: ${what}`, {
      hint: 'call it cost in the file, or take it out',
    });
  };

  const tellIgnored = (cells: Readonly<Record<string, unknown>>, file: string) => {
    for (const name of Object.keys(cells)) {
      // Names that vary from row to row must not fill the memory.
      if (columns.find(name) !== undefined || ignored.has(name) || ignored.size >= 100) continue;
      ignored.add(name);
      listener.ignored(name, file);
    }
  };

  for (const [i, file] of files.entries()) await importFile(file, readers[i] as Reader);
  return counts;
}

/** The size of all files together, bytes; null where it is unknown (stdin, a missing file). */
export async function sizeOf(files: readonly string[]): Promise<number | null> {
  const sizes = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => null,
      ),
    ),
  );
  return sizes.reduce<number | null>((sum, size) => (sum === null || size === null ? null : sum + size), 0);
}

type Reader = (lines: ReturnType<typeof linesOf>) => AsyncGenerator<SourceRow>;

function readerOf(file: string): Reader {
  if (file === '-' || file.toLowerCase().endsWith('.jsonl')) return jsonLines;
  if (file.toLowerCase().endsWith('.csv')) return csvRows;
  throw new AppError('usage', `${file} has an unknown extension.`, {
    hint: 'Give files that end with .jsonl or .csv, or - for JSON Lines on stdin.',
  });
}

async function* countBytes(
  stream: Readable,
  count: (size: number) => void,
): AsyncGenerator<Uint8Array | string> {
  for await (const chunk of stream as AsyncIterable<Uint8Array | string>) {
    count(chunk.length);
    yield chunk;
  }
}

function isFileFault(error: unknown): boolean {
  if (error instanceof AppError) return error.code === 'import_unreadable';
  return (
    error instanceof Error && 'syscall' in error && ['open', 'read', 'stat'].includes(String(error.syscall))
  );
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'no permission to read it';
  if (code === 'EISDIR') return 'it is a folder';
  const hint = error instanceof AppError ? error.hint : null;
  return hint ? `${messageOf(error)} (${hint})` : messageOf(error);
}
