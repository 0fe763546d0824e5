// Turns the driver's errors into AppErrors with a hint.

import { AppError, messageOf } from '../../model/errors.ts';
import { TIMEOUT_HINT } from './session.ts';

interface Fault {
  readonly code: string;
  readonly hint: string | null;
}

const UNREACHABLE: Fault = {
  code: 'store_unreachable',
  hint: 'Check scheme, host and port of the URL, and that the server runs and accepts connections from here.',
};
const AWAY: Fault = { code: 'store_unreachable', hint: 'The next poll tries again.' };
const LOGIN: Fault = {
  code: 'store_unreachable',
  hint: 'Check user and password of the URL, and from which hosts the user may connect.',
};
const GRANT: Fault = {
  code: 'store_forbidden',
  hint: 'Grant it to the user of the URL: GRANT SELECT ON database.table TO user.',
};
const TIMEOUT: Fault = { code: 'store_timeout', hint: TIMEOUT_HINT };

const NOT_ONE: Fault = {
  code: 'store_query_failed',
  hint: 'An expression must be one value of its own row, without sums and window functions.',
};

/** By the server's number. */
const FAULTS: Readonly<Record<number, Fault>> = {
  1040: AWAY,
  1044: {
    code: 'store_unreachable',
    hint: "Check the database's name, and that the user of the URL has a right in it.",
  },
  1045: LOGIN,
  1049: {
    code: 'store_unreachable',
    hint: "Check the database's name, the part of the URL after the last slash.",
  },
  1053: AWAY,
  1054: {
    code: 'store_column_missing',
    hint: 'Check `columns` and `dimensions` against the columns of the table.',
  },
  1111: NOT_ONE,
  1130: LOGIN,
  1140: NOT_ONE,
  1142: GRANT,
  1143: GRANT,
  1146: { code: 'store_table_missing', hint: 'Check `table` or `preset`, and the database of the URL.' },
  1205: TIMEOUT,
  1317: AWAY,
  // The table was altered between the beginning of the snapshot and its first read.
  1412: AWAY,
  1698: LOGIN,
  1927: AWAY,
  1969: TIMEOUT,
  3024: TIMEOUT,
  3159: {
    code: 'store_unreachable',
    hint: 'The server lets nobody in without TLS: write ?ssl-mode=VERIFY_IDENTITY (or REQUIRED) into the URL.',
  },
  3593: NOT_ONE,
  4015: NOT_ONE,
  4031: AWAY,
};

const TLS_HINT =
  'Name the CA in ssl-ca= in the URL or in NODE_EXTRA_CA_CERTS; ssl-mode=REQUIRED encrypts without checking the certificate.';

/** `place` names the database without its login. */
export function mysqlError(error: unknown, place: string): AppError {
  if (error instanceof AppError) return error;
  const text = messageOf(error);
  const { code = '', errno = 0 } = (error instanceof Error ? error : {}) as {
    code?: string;
    errno?: number;
  };
  const found = FAULTS[errno] ?? connectionFault(code, text);
  if (found === null) return new AppError('store_query_failed', `${place}: ${text}`, { cause: error });
  const isAway = found === UNREACHABLE;
  return new AppError(found.code, `${place}${isAway ? ' cannot be reached' : ''}: ${text}`, {
    hint: found.hint,
    cause: error,
  });
}

function connectionFault(code: string, text: string): Fault | null {
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') {
    return {
      code: 'store_unreachable',
      hint: 'The server has no TLS: switch it on there, or write ssl-mode=DISABLED where the network is trusted.',
    };
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const hint =
      'Name the server as its certificate does; ssl-mode=VERIFY_CA checks the CA, but not the name.';
    return { code: 'store_unreachable', hint };
  }
  if (/^(HANDSHAKE_SSL|ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code))
    return { code: 'store_unreachable', hint: TLS_HINT };
  const isLost = /^(E[A-Z]+|PROTOCOL_.*)$/.test(code) || /connection.*(closed|lost)|closed state/i.test(text);
  return isLost ? UNREACHABLE : null;
}
