// A row as read from a file.

/** A row as read from a file, by column name, or why it cannot be read. `line` is where it begins. */
export type SourceRow =
  | { readonly line: number; readonly cells: Readonly<Record<string, unknown>> }
  | { readonly line: number; readonly reason: string };
