// Parses mysql://user:password@host:3306/database, or says what is wrong with it.

import { parseDatabaseUrl, type UrlFault } from '../../model/database-url.ts';

export interface MysqlUrl {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string | undefined;
  /** Those of TLS, by the names and values of PostgreSQL's URLs. */
  readonly parameters: ReadonlyMap<string, string>;
  /** `host:port/database`, without login and parameters. */
  readonly place: string;
}

/** How a URL is written. */
export const SHAPE = 'mysql://user:password@host:3306/database';
/** With SQLAlchemy's driver behind a plus or without. */
const SCHEME = /^(?:mysql|mariadb)(?:\+[a-z0-9_]+)?:\/\//i;
/** MySQL's own names, and those of PostgreSQL's URLs, which are taken too. */
const NAMES: Readonly<Record<string, string>> = {
  'ssl-mode': 'sslmode',
  'ssl-ca': 'sslrootcert',
  'ssl-cert': 'sslcert',
  'ssl-key': 'sslkey',
};
const TAKEN = ['sslmode', 'ssl', 'sslrootcert', 'sslcert', 'sslkey'];
const MODES: Readonly<Record<string, string>> = {
  disabled: 'disable',
  preferred: 'prefer',
  required: 'require',
  verify_ca: 'verify-ca',
  verify_identity: 'verify-full',
};

/** A fault never quotes a part of the text, which may be of a password. */
export function parseMysqlUrl(text: string): MysqlUrl | UrlFault {
  const renamed = text.replace(SCHEME, 'postgres://').replace(/\?.*$/, translated);
  const parsed = parseDatabaseUrl(renamed);
  if ('fault' in parsed) {
    const isShape = /postgres/i.test(parsed.hint) || !SCHEME.test(text);
    return isShape ? { fault: 'not a URL of MySQL', hint: `write ${SHAPE}` } : parsed;
  }
  const { host, port = 3306, user, password, database, parameters, place } = parsed;
  const [unknown] = [...parameters.keys()].filter((name) => !TAKEN.includes(name));
  if (unknown !== undefined) {
    return {
      fault: 'not a URL of MySQL: it has a parameter that is not known',
      hint: `the parameters are ${Object.keys(NAMES).join(', ')}`,
    };
  }
  if (host === undefined || user === undefined || database === undefined) {
    return { fault: 'not a URL of MySQL: it lacks a user, a host or a database', hint: `write ${SHAPE}` };
  }
  return { host, port, user, password, database, parameters, place };
}

function translated(query: string): string {
  return query.replace(/([?&])([^=&]*)=([^&]*)/g, (_, before, name, value) => {
    const known = NAMES[String(name).toLowerCase()];
    const mode = known === 'sslmode' ? MODES[String(value).toLowerCase().replace('-', '_')] : undefined;
    return `${before}${known ?? name}=${mode ?? value}`;
  });
}
