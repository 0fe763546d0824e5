// JSON values over a connection, one a line.

import type { Socket } from 'node:net';
import { AppError } from '../../model/errors.ts';

/** A connection on which both sides send JSON values. */
export interface Lines {
  /** Resolves when the other side keeps up. What is sent into a closed connection is lost. */
  send(value: unknown): Promise<void>;
  /** The next value. Throws AppError: `wire_closed` when the connection ends first, `wire_silent` after `withinMs`. */
  next(withinMs: number): Promise<unknown>;
  /** Sends what is on its way, and closes the connection. */
  end(): void;
  /** Closes the connection at once. */
  destroy(): void;
}

/** Longer lines close the connection; it is below the longest text that JavaScript can hold. */
const LONGEST_LINE = 400_000_000;

/** Takes over a connection. One caller at a time may wait for the next value. */
export function linesOf(socket: Socket, longest = LONGEST_LINE): Lines {
  const received: unknown[] = [];
  let waiting: (() => void) | null = null;
  let isClosed = false;
  const wake = (): void => {
    waiting?.();
    waiting = null;
  };
  receive(socket, longest, (value) => {
    received.push(value);
    wake();
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    isClosed = true;
    wake();
  });
  socket.on('end', () => socket.destroy());
  return {
    async send(value) {
      if (socket.write(`${JSON.stringify(value)}\n`) || socket.destroyed) return;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          socket.off('drain', done).off('close', done);
          resolve();
        };
        socket.on('drain', done).on('close', done);
      });
    },
    async next(withinMs) {
      if (received.length === 0 && !isClosed) {
        await new Promise<void>((resolve) => {
          // Where this process was busy for so long, what came meanwhile is taken first.
          const timer = setTimeout(() => setImmediate(resolve), Math.max(0, withinMs));
          waiting = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        waiting = null;
      }
      if (received.length > 0) return received.shift();
      throw isClosed
        ? new AppError('wire_closed', 'the connection was closed')
        : new AppError('wire_silent', `nothing came for ${withinMs / 1000} s`);
    },
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}

/** Calls `take` with each value. A line that is too long or no JSON closes the connection. */
function receive(socket: Socket, longest: number, take: (value: unknown) => void): void {
  let begun = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = chunk.split('\n');
    lines[0] = begun + lines[0];
    begun = lines.pop() ?? '';
    try {
      if (begun.length > longest) throw new RangeError('too long');
      for (const line of lines) take(JSON.parse(line));
    } catch {
      socket.destroy();
    }
  });
}
