// Parses a PostgreSQL URL, or says what is wrong with it.

/**
 * The parts of a `postgres://` URL. A part that is not given is undefined, so that the driver's defaults and PG* variables
 * apply.
 */
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
const SHAPES = ['postgres://user:password@host:5432/database', 'pglite:FOLDER'];
const SHAPE = shapeOf([]);
const ENCODE: UrlFault = {
  fault: 'not a database URL: its user or password holds a character that must be percent-encoded',
  hint: 'percent-encode it: % is %25, / is %2F, ? is %3F, # is %23, @ is %40, : is %3A',
};
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];

/** The parameters that have an effect. */
export const READ: ReadonlySet<string> = new Set([
  ...['user', 'password', 'host', 'port', 'dbname', 'schema', 'options', 'application_name'],
  ...['sslmode', 'ssl', 'sslrootcert', 'sslcert', 'sslkey', 'channel_binding', 'connect_timeout'],
]);
/** Parameters of other clients: pools, prepared statements, keepalives. To ignore them does no harm. */
const NEEDLESS: ReadonlySet<string> = new Set([
  ...['pgbouncer', 'connection_limit', 'pool_timeout', 'pool_size', 'max_overflow', 'pool_mode'],
  ...['statement_cache_size', 'prepared_statement_cache_size', 'prepare_threshold', 'supa', 'workaround'],
  ...['keepalives', 'keepalives_idle', 'keepalives_interval', 'keepalives_count', 'tcp_user_timeout'],
  ...['fallback_application_name', 'gssencmode', 'sslcompression', 'sslsni', 'uselibpqcompat'],
]);
/** Parameters that ask for what is done anyway, with the values for which that is true. */
const MET: Readonly<Record<string, RegExp>> = {
  client_encoding: /^(utf-?8|auto)$/i,
  target_session_attrs: /^any$/,
};

export function isPostgresUrl(text: string): boolean {
  return SCHEME.test(text);
}

/**
 * Parses a URL of PostgreSQL as libpq does, and accepts the spellings of SQLAlchemy and Prisma. A fault never quotes a part
 * of the text that could not be parsed: what looks like a host may be the rest of a password. `otherShapes`: how URLs are
 * written that the caller takes besides.
 */
export function parseDatabaseUrl(text: string, otherShapes: readonly string[] = []): DatabaseUrl | UrlFault {
  const scheme = SCHEME.exec(text);
  if (scheme === null) return otherText(text, shapeOf(otherShapes));
  const rest = text.slice(scheme[0].length);
  const [, authority = '', path = '', query = ''] = /^([^/?#]*)([^?#]*)(?:\?([^#]*))?/.exec(rest) ?? [];
  const parts = authority.split('@');
  const server = parts.at(-1) ?? '';
  const login = parts.length > 1 ? (parts[0] ?? '') : '';
  const isCut =
    parts.length === 1 && (path.includes('@') || (rest.includes('@') && !/^[^:]*(:\d*)?$/.test(server)));
  const strayInQuery = query.split('&').some(isNoParameter);
  const isBroken = parts.length > 2 || isCut || strayInQuery || rest.includes('#');
  if (isBroken || /%(?![0-9a-f]{2})/i.test(rest)) return ENCODE;
  return serverOf({ login, server, path, parameters: parametersOf(query) });
}

/** Says what the text is instead, without revealing a part of it. */
function otherText(text: string, hint: string): UrlFault {
  if (/^["'].*["']$/.test(text)) return { fault: 'not a database URL: quotes are part of it', hint };
  const [, other] = /^(?:jdbc:)?([a-z][a-z0-9]{1,19})(?:\+[a-z0-9_]+)?:\/\//i.exec(text) ?? [];
  if (other === undefined) return { fault: 'not a database URL', hint };
  const isPrefixed = /^jdbc:postgres/i.test(text);
  const fault = `not a database URL that can be read: it begins with ${isPrefixed ? 'jdbc:' : `${other}://`}`;
  return { fault, hint };
}

function shapeOf(others: readonly string[]): string {
  const shapes = [...SHAPES, ...others];
  return `write ${shapes.slice(0, -1).join(', ')} or ${shapes.at(-1)}`;
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
    return { fault: 'not a database URL: its port is not a number from 1 to 65535', hint: SHAPE };
  }
  const mode = sslModeOf(parameters);
  if (mode !== null && !SSL_MODES.includes(mode)) {
    return {
      fault: 'not a database URL: its sslmode is not known',
      hint: `sslmode is one of ${SSL_MODES.join(', ')}`,
    };
  }
  if (!/^\d{0,6}$/.test(parameters.get('connect_timeout') ?? '')) {
    return {
      fault: 'not a database URL: its connect_timeout is not a whole number of seconds',
      hint: 'write connect_timeout=10, or leave it out',
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

/** The URL's sslmode in libpq's words; null where the URL does not say. */
export function sslModeOf(parameters: ReadonlyMap<string, string>): string | null {
  const mode = parameters.get('sslmode');
  if (mode !== undefined && mode !== '') return mode;
  const ssl = parameters.get('ssl');
  if (ssl === undefined || ssl === '') return parameters.has('sslrootcert') ? 'verify-full' : null;
  if (ssl === 'true' || ssl === '1') return 'verify-full';
  return ssl === 'false' || ssl === '0' ? 'disable' : ssl;
}

/** May be the rest of a password: no parameter of other clients has a value with an `@`. */
function isNoParameter(piece: string): boolean {
  const [, key] = /^([^=@]+)=/.exec(piece) ?? [];
  return piece !== '' && (key === undefined || (piece.includes('@') && !READ.has(key)));
}

/** The names of parameters in a URL that ask for something and have no effect. */
export function withoutEffect({ parameters }: DatabaseUrl): string[] {
  const isMet = ([key, value]: [string, string]): boolean =>
    READ.has(key) || NEEDLESS.has(key) || MET[key]?.test(value) === true;
  return [...parameters].filter((one) => !isMet(one)).map(([key]) => key);
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
