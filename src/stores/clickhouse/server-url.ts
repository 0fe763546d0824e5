// Parses clickhouse://user:password@host:8123/database, or says what is wrong with it.

import type { UrlFault } from '../../model/database-url.ts';

export interface ServerUrl {
  /** The address for HTTP, without a login. */
  readonly http: string;
  readonly user: string;
  readonly password: string;
  readonly database: string | null;
  /** Settings of ClickHouse, sent with every statement. */
  readonly settings: Readonly<Record<string, string>>;
  /** `host:port/database`, without login and parameters. */
  readonly place: string;
}

/** How a URL is written. */
export const SHAPE = 'clickhouse://user:password@host:8123/database';
/** With a driver of SQLAlchemy behind a plus or without. */
const SCHEME = /^clickhouse(?:\+[a-z0-9_]+)?:/i;
const PORTS = { http: '8123', https: '8443' } as const;
/** Those of the native protocol, without and with TLS. */
const NATIVE = ['9000', '9440'];

/**
 * Other parameters than `secure` are settings, as in ClickHouse's own connection strings. A fault never quotes a part of the text,
 * which may be of a password.
 */
export function parseServerUrl(text: string): ServerUrl | UrlFault {
  const fault = (what: string, hint = `write ${SHAPE}`): UrlFault => ({
    fault: `not a URL of ClickHouse${what}`,
    hint,
  });
  const asHttp = text.replace(SCHEME, 'http:');
  if (!SCHEME.test(text) || !URL.canParse(asHttp)) return fault('');
  const url = new URL(asHttp);
  const options = new Map(url.searchParams);
  const secure = options.get('secure') ?? 'false';
  if (!/^(|0|1|true|false)$/.test(secure))
    return fault(': `secure` is true or false', 'write ?secure=true for TLS');
  options.delete('secure');
  if ([...options.keys()].some((name) => !/^[a-z_][a-z0-9_]*$/i.test(name)))
    return fault(': it has a parameter that is no setting');
  const scheme = /^(|1|true)$/.test(secure) ? 'https' : 'http';
  // URL leaves out the port 80, which is that of http.
  const port = /^[^/]*\/\/[^/?#]*:(\d+)(?:[/?#]|$)/.exec(text)?.[1] ?? PORTS[scheme];
  if (NATIVE.includes(port))
    return fault(
      ': its port is that of the native protocol',
      'write the port of HTTP: 8123, or with ?secure=true 8443',
    );
  const database = decoded(url.pathname.replace(/^\//, ''));
  const [user, password] = [decoded(url.username), decoded(url.password)];
  if (database === null || user === null || password === null)
    return fault(
      ': its user or password holds a character that must be percent-encoded',
      'percent-encode it: % is %25',
    );
  const host = `${url.hostname}:${port}`;
  return {
    http: `${scheme}://${host}`,
    user: user === '' ? 'default' : user,
    password,
    database: database === '' ? null : database,
    settings: Object.fromEntries(options),
    place: `${host}${database === '' ? '' : `/${database}`}`,
  };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
