// Reads an address to listen on.

/** Where the worker serves HTTP. */
export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** Whether only programs of this machine reach a host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

export const DEFAULT_LISTEN = '127.0.0.1:9464';

/** `127.0.0.1:9464`, `[::1]:9464`, `localhost:0`, `:9464` (every address, host ''); null for anything else. */
export function parseListen(text: string): Listen | null {
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([^:\s[\]/]*)):(\d{1,5})$/.exec(text.trim()) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) return null;
  return { host: bracketed ?? plain ?? '', port };
}
