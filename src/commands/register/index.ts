// The registry of commands, in the order of the help.

import { registerBacktest } from './backtest.ts';
import { registerCheck } from './check.ts';
import { registerDemo } from './demo.ts';
import { registerExplain } from './explain.ts';
import { registerHistory } from './history.ts';
import { registerImport } from './import.ts';
import { registerInit } from './init.ts';
import { registerPrices } from './prices.ts';
import type { Register } from './registrar.ts';
import { registerReport } from './report.ts';
import { registerRun } from './run.ts';
import { registerSchema } from './schema.ts';
import { registerSilence } from './silence.ts';
import { registerStatus } from './status.ts';
import { registerTestChannel } from './test-channel.ts';
import { registerTop } from './top.ts';
import { registerValidate } from './validate.ts';

/** Every command. A new one is a file in this folder and a line here. */
export const COMMANDS: readonly Register[] = [
  registerRun,
  registerCheck,
  registerExplain,
  registerReport,
  registerBacktest,
  registerValidate,
  registerTestChannel,
  registerStatus,
  registerTop,
  registerHistory,
  registerSilence,
  registerInit,
  registerImport,
  registerPrices,
  registerDemo,
  registerSchema,
];
