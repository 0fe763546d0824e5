import { ChildProcess } from 'node:child_process';
import { Server, Socket } from 'node:net';

/** Unit tests run with this: whoever starts a server or a program, or connects to one, belongs to another lane. */
function refuse(): never {
  throw new Error('a unit test starts no server and no program: test/lanes.ts must know what it imports');
}

Server.prototype.listen = refuse;
Socket.prototype.connect = refuse;
Object.assign(ChildProcess.prototype, { spawn: refuse });
