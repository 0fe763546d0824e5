// Reads a secret from the file that a key `<key>_file` names.

import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { encodingFault } from '../model/text-encoding.ts';

/** Far more than any key or password. A larger file was named by mistake. */
const MAX_SECRET_BYTES = 65_536;

/** A secret from its file, without the final newline, or why it cannot be read. */
export async function readSecretFile(
  folder: string,
  path: string,
): Promise<{ readonly text: string } | { readonly fault: string; readonly hint: string }> {
  const file = resolve(folder, path);
  try {
    const { size } = await stat(file);
    if (size > MAX_SECRET_BYTES) {
      return {
        fault: `the secret file ${path} is too large`,
        hint: 'name a file that holds only the secret',
      };
    }
    const bytes = await readFile(file);
    const encoding = encodingFault(bytes);
    if (encoding !== null)
      return { fault: `${encoding.message}: the secret file ${path}`, hint: encoding.hint };
    const text = bytes.toString('utf8').replace(/\r?\n$/, '');
    if (text !== '') return { text };
    return { fault: `the secret file ${path} is empty`, hint: 'write the secret into it' };
  } catch (error) {
    const fault = `the secret file ${path} cannot be read (${reasonOf(error)})`;
    return { fault, hint: `a relative path starts at the folder of alerts.yaml: this one is ${file}` };
  }
}

/** Why a file could not be read, in words for people. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
    ENOTDIR: 'a part of the path is no folder',
  };
  return reasons[code] ?? code;
}
