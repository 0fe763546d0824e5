/** What a `postgres://` URL says. What is not given is undefined, so that the driver's defaults and PG* variables hold. */
export interface DatabaseUrl {
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly database: string | undefined;
  /** The parameters after the question mark. */
  readonly parameters: ReadonlyMap<string, string>;
  /** `host:port/database` as written, without login and parameters. */
  readonly place: string;
}

export interface UrlFault {
  readonly fault: string;
  readonly hint: string;
}

/** SQLAlchemy names its driver behind a plus. */
const SCHEME = /^postgres(?:ql)?(?:\+[a-z0-9_]+)?:\/\//i;
const SHAPE = 'write postgres://user:password@host:5432/database or pglite:FOLDER';
const ENCODE: UrlFault = {
  fault: 'not a database URL: its user or password holds a character that must be percent-encoded',
  hint: 'percent-encode it: % is %25, / is %2F, ? is %3F, # is %23, @ is %40, : is %3A',
};
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];

export function isPostgresUrl(text: string): boolean {
  return SCHEME.test(text);
}

/**
 * Takes a URL of PostgreSQL apart, as libpq does, with the spellings of SQLAlchemy and Prisma. No part of a text that
 * cannot be told apart is in the fault: what looks like a host may be the rest of a password.
 */
export function parseDatabaseUrl(text: string): DatabaseUrl | UrlFault {
  const scheme = SCHEME.exec(text);
  if (scheme === null) return { fault: 'not a database URL', hint: SHAPE };
  const rest = text.slice(scheme[0].length);
  const [, authority = '', path = '', query = ''] = /^([^/?#]*)([^?#]*)(?:\?([^#]*))?/.exec(rest) ?? [];
  const parts = authority.split('@');
  const server = parts.at(-1) ?? '';
  const login = parts.length > 1 ? (parts[0] ?? '') : '';
  const isCut =
    parts.length === 1 && (path.includes('@') || (rest.includes('@') && !/^[^:]*(:\d*)?$/.test(server)));
  const strayInQuery =
    query !== '' && query.split('&').some((piece) => piece !== '' && !/^[^=@]+=/.test(piece));
  const isBroken = parts.length > 2 || isCut || strayInQuery || rest.includes('#');
  if (isBroken || /%(?![0-9a-f]{2})/i.test(rest)) return ENCODE;
  return serverOf({ login, server, path, parameters: parametersOf(query) });
}

function serverOf(written: {
  readonly login: string;
  readonly server: string;
  readonly path: string;
  readonly parameters: ReadonlyMap<string, string>;
}): DatabaseUrl | UrlFault {
  const { login, server, path, parameters } = written;
  if (server.includes(','))
    return { fault: 'not a database URL: several hosts are named', hint: 'name one host' };
  const [, host = '', port = ''] = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(server) ?? [];
  if (host === '' && server !== '' && !server.startsWith(':'))
    return { fault: 'not a database URL', hint: SHAPE };
  const number = Number(parameters.get('port') ?? port);
  if (!Number.isInteger(number) || number > 65_535) {
    return { fault: 'not a database URL: its port is no number from 1 to 65535', hint: SHAPE };
  }
  const mode = sslModeOf(parameters);
  if (mode !== null && !SSL_MODES.includes(mode)) {
    return {
      fault: 'not a database URL: its sslmode is not known',
      hint: `sslmode is one of ${SSL_MODES.join(', ')}`,
    };
  }
  const [user = '', ...password] = login.split(':');
  const decoded = decodeAll([user, password.join(':'), host, path.slice(1)]);
  if (decoded === null) return ENCODE;
  const given = parameters.get('host') ?? decoded[2]?.replace(/^\[(.*)\]$/, '$1');
  return {
    user: (parameters.get('user') ?? decoded[0]) || undefined,
    password: (parameters.get('password') ?? decoded[1]) || undefined,
    host: given || undefined,
    port: number || undefined,
    database: (parameters.get('dbname') ?? decoded[3]) || undefined,
    parameters,
    place: `${server === '' ? (given ?? '') : server}${path}`,
  };
}

/** How the connection is encrypted and the server known, in libpq's words; null where the URL does not say. */
export function sslModeOf(parameters: ReadonlyMap<string, string>): string | null {
  const mode = parameters.get('sslmode');
  if (mode !== undefined && mode !== '') return mode;
  const ssl = parameters.get('ssl');
  if (ssl === undefined || ssl === '') return parameters.has('sslrootcert') ? 'verify-full' : null;
  if (ssl === 'true' || ssl === '1') return 'verify-full';
  return ssl === 'false' || ssl === '0' ? 'disable' : ssl;
}

function parametersOf(query: string): ReadonlyMap<string, string> {
  return new Map(new URLSearchParams(query.replaceAll('+', '%2B')));
}

function decodeAll(texts: readonly string[]): string[] | null {
  try {
    return texts.map(decodeURIComponent);
  } catch {
    return null;
  }
}
