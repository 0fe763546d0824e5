// What a command is registered with.

import type { Command } from 'commander';
import type { Io } from '../io.ts';

/** The program, to which commands add themselves. A command's implementation is imported when it is called, not before. */
export interface Registrar {
  readonly io: Io;
  readonly version: string;
  command(name: string, description: string): Command;
  /** Adds a command that reads alerts.yaml, and so has the option --config; with `parent`, one of its commands. */
  withConfig(name: string, description: string, parent?: Command): Command;
  /** Takes the exit code of the command. */
  finish(code: number): void;
}

export type Register = (program: Registrar) => void;
