import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What is asked of a PostgreSQL server: the statement, its values, and what came before it in its transaction. */
export interface Asked {
  readonly text: string;
  readonly values: readonly (string | null)[];
  readonly earlier: readonly string[];
  /** The values of each of those. */
  readonly earlierValues: readonly (readonly (string | null)[])[];
}

/** A statement that will be held. */
export interface Held {
  /** Resolves when it is: it has not reached the server (`before`), or its answer has not reached the client (`after`). */
  readonly caught: Promise<void>;
  /** Lets it go on. */
  release(): void;
}

/** A way to a PostgreSQL server that sees every statement and can stop one. */
export interface SqlGate {
  /** The URL with the gate in place of the server. */
  readonly url: string;
  readonly asked: readonly Asked[];
  /**
   * Holds the next statement that fits; with a `tag` (and `after`) the next one that the server answers with it, or that
   * ends a transaction in which the server has answered with it (`UPDATE 1`).
   */
  hold(when: 'before' | 'after', fits: (asked: Asked) => boolean, tag?: string): Held;
  close(): Promise<void>;
}

interface Trap {
  readonly when: 'before' | 'after';
  readonly fits: (asked: Asked) => boolean;
  readonly tag: string | null;
  caught(release: () => void): void;
}

export async function startSqlGate(target: string): Promise<SqlGate> {
  const { hostname, port } = new URL(target);
  const asked: Asked[] = [];
  const traps: Trap[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    join(
      near,
      far,
      (one) => {
        asked.push(one);
        return traps.find((trap) => trap.fits(one)) ?? null;
      },
      (trap) => {
        const at = traps.indexOf(trap);
        if (at >= 0) traps.splice(at, 1);
        return at >= 0;
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = new URL(target);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    asked,
    hold(when, fits, tag) {
      let go: (() => void) | null = null;
      let isReleased = false;
      const caught = new Promise<void>((resolve) => {
        traps.push({
          when,
          fits,
          tag: tag ?? null,
          caught: (release) => {
            go = release;
            if (isReleased) release();
            resolve();
          },
        });
      });
      return {
        caught,
        release: () => {
          isReleased = true;
          go?.();
        },
      };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Passes on what both sides say, request by request; answers come in the order of what was asked. */
function join(
  near: Socket,
  far: Socket,
  trapFor: (asked: Asked) => Trap | null,
  /** False where the trap has caught something meanwhile. */
  spring: (trap: Trap) => boolean,
): void {
  let earlier: string[] = [];
  let earlierValues: (readonly (string | null)[])[] = [];
  let request: Message[] = [];
  let outgoing: Buffer[] | null = null;
  let incoming: Buffer[] | null = null;
  /** What is to be done with the answers that have not come yet, the first of which greets the client. */
  const awaited: (Trap | null)[] = [null];
  /** What the server answered since the latest transaction began. */
  let tags: string[] = [];

  const passOn = (): void => {
    const held = incoming ?? [];
    incoming = null;
    for (const part of held) toClient(part);
  };

  const holdNext = (): void => {
    if (awaited[0] != null) incoming ??= [];
  };

  const toServer = (data: Buffer): void => void (outgoing === null ? far.write(data) : outgoing.push(data));
  const toClient = (data: Buffer): void => void (incoming === null ? near.write(data) : incoming.push(data));

  near.on(
    'data',
    messages(false, (message) => {
      if (!ASKING.has(message.type)) return toServer(message.data);
      request.push(message);
      if (message.type !== 'Q' && message.type !== 'S') return;
      const one = { ...askedIn(request), earlier, earlierValues };
      if (/^\s*BEGIN/.test(one.text)) [earlier, earlierValues] = [[], []];
      earlier = [...earlier, one.text];
      earlierValues = [...earlierValues, one.values];
      const data = Buffer.concat(request.map((part) => part.data));
      request = [];
      const trap = trapFor(one);
      if (trap?.when === 'before' && spring(trap)) {
        outgoing = [];
        trap.caught(() => {
          const held = outgoing ?? [];
          outgoing = null;
          for (const part of held) toServer(part);
        });
      }
      awaited.push(trap?.when === 'after' ? trap : null);
      holdNext();
      toServer(data);
    }),
  );
  far.on(
    'data',
    messages(true, (message) => {
      toClient(message.data);
      if (message.type === 'C') {
        const tag = message.body.toString('utf8', 0, message.body.indexOf(0));
        tags = tag === 'BEGIN' ? [] : [...tags, tag];
      }
      if (message.type !== 'Z') return;
      const trap = awaited.shift() ?? null;
      if (trap === null) return holdNext();
      const goOn = (): void => {
        passOn();
        holdNext();
      };
      if ((trap.tag === null || tags.includes(trap.tag)) && spring(trap)) trap.caught(goOn);
      else goOn();
    }),
  );
}

/** Query, and the parts of an extended query up to its Sync. */
const ASKING = new Set(['Q', 'P', 'B', 'D', 'E', 'S']);

interface Message {
  /** The protocol's letter; empty for the first message of a client, which has none. */
  readonly type: string;
  readonly body: Buffer;
  readonly data: Buffer;
}

/** Cuts a stream into the messages of the protocol. */
function messages(allTyped: boolean, take: (message: Message) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  let isTyped = allTyped;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const head = isTyped ? 1 : 0;
      if (rest.length < head + 4) return;
      const end = head + rest.readInt32BE(head);
      if (rest.length < end) return;
      const data = rest.subarray(0, end);
      rest = rest.subarray(end);
      take({ type: isTyped ? data.toString('latin1', 0, 1) : '', body: data.subarray(head + 4), data });
      isTyped = true;
    }
  };
}

function askedIn(request: readonly Message[]): Pick<Asked, 'text' | 'values'> {
  const statement = request.find(({ type }) => type === 'Q' || type === 'P');
  const bind = request.find(({ type }) => type === 'B');
  // A simple query is its text; a parsed one has a name before it.
  const start = statement?.type === 'P' ? statement.body.indexOf(0) + 1 : 0;
  const text = statement?.body.toString('utf8', start, statement.body.indexOf(0, start)) ?? '';
  return { text, values: bind === undefined ? [] : valuesIn(bind.body) };
}

/** The values of a Bind message: after two names and the formats, each with its length. */
function valuesIn(body: Buffer): (string | null)[] {
  let at = body.indexOf(0, body.indexOf(0) + 1) + 1;
  at += 2 + 2 * body.readInt16BE(at);
  const count = body.readInt16BE(at);
  at += 2;
  return Array.from({ length: count }, () => {
    const length = body.readInt32BE(at);
    at += 4;
    if (length < 0) return null;
    at += length;
    return body.toString('utf8', at - length, at);
  });
}
