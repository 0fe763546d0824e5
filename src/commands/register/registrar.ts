// What a command is registered with.

import type { Command } from 'commander';
import type { Io } from '../io.ts';

/** The program, for a command that adds itself. A command's work is imported when it is called, and not before. */
export interface Registrar {
  readonly io: Io;
  readonly version: string;
  command(name: string, description: string): Command;
  /** A command that reads alerts.yaml, and so has the option --config. */
  withConfig(name: string, description: string): Command;
  /** Takes the exit code of the command. */
  finish(code: number): void;
}

export type Register = (program: Registrar) => void;
