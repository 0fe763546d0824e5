// `validate --connect`: opens the stores and channels of a file.

import { resolve } from 'node:path';
import { openAudit, openChannel } from '../app.ts';
import type { Config } from '../config/config.ts';
import { placeOf, unsetNote } from '../config/place.ts';
import { placeholdersOf } from '../config/placeholders.ts';
import { AppError, asAppError, wordsOf } from '../model/errors.ts';
import { newFolderFault } from '../sql/new-folder.ts';
import { openSql } from '../sql/open.ts';
import { inspectState } from '../state/inspect.ts';
import type { StoreProblem } from '../stores/audit-store.ts';
import { flagProblems } from './connect-flags.ts';
import { ruleProblems } from './connect-rules.ts';
import { unpricedProblems } from './connect-unpriced.ts';
import type { Io } from './io.ts';

/**
 * Opens the stores and channels of a valid file and prints what it found. Sends nothing. Resolves to 2 if there is a fault.
 */
export async function connect(config: Config, io: Pick<Io, 'out' | 'err'>): Promise<0 | 2> {
  const checks = [
    { name: 'audit store', check: () => auditProblems(config, io) },
    { name: 'state store', check: () => stateProblems(config, io) },
    ...[...config.channels.keys()].map((name) => ({
      name: `channel ${name}`,
      check: () => channelProblems(config, name, io),
    })),
  ];
  let faults = 0;
  for (const { name, check } of checks) {
    const problems = await check().catch((error: unknown): StoreProblem[] => [asFault(error)]);
    if (problems.length === 0) io.out(`${name}: ok`);
    for (const { level, message, hint } of problems) {
      if (level === 'fault') faults += 1;
      io.err(`${name}: ${level}: ${message}`);
      if (hint !== '') io.err(`  hint: ${hint}`);
    }
  }
  return faults === 0 ? 0 : 2;
}

async function auditProblems(config: Config, io: Pick<Io, 'err'>): Promise<readonly StoreProblem[]> {
  const { store } = await openAudit(config, { mustExist: true });
  try {
    const note = unsetNote(config);
    if (note !== null) io.err(note);
    const problems = await store.inspect();
    if (problems.some(({ level }) => level === 'fault')) return problems;
    const now = Date.now();
    const future = await store.futureRows(now);
    const ahead = future === null ? [] : [{ ...future, level: 'warning' as const }];
    const ofRules = await ruleProblems(config, store, now);
    const ofFlags = await flagProblems(config, store, now);
    return [...problems, ...ahead, ...ofRules, ...ofFlags, ...(await unpricedProblems(config, store, now))];
  } finally {
    await store.close();
  }
}

async function stateProblems(config: Config, io: Pick<Io, 'out'>): Promise<readonly StoreProblem[]> {
  const { audit, state, dir } = config;
  const url = state.url ?? audit.url;
  const sql = await openSql(url.reveal(), { baseDir: dir, mustExist: true }).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'store_missing') return null;
    throw error;
  });
  if (sql === null) {
    const fault = await newFolderFault(resolve(dir, url.reveal().replace(/^pglite:/, '')));
    if (fault !== null) throw fault;
    // The worker creates it. If it is the audit store too, that was reported as missing already.
    io.out(`state store: the worker will create it: ${placeOf(url, dir)}`);
    return [];
  }
  try {
    await inspectState(sql);
    return [];
  } finally {
    await sql.close();
  }
}

async function channelProblems(
  config: Config,
  name: string,
  io: Pick<Io, 'out'>,
): Promise<readonly StoreProblem[]> {
  const placeholder = placeholdersOf(config).find(({ channel }) => channel === name);
  if (placeholder !== undefined) return [{ level: 'warning', ...placeholder }];
  const channel = await openChannel(config, name);
  try {
    const { answer } = await channel.probe(AbortSignal.timeout(channel.timeoutMs));
    io.out(`channel ${name}: answered ${answer}`);
    return [];
  } catch (error) {
    return [{ level: 'fault', message: wordsOf(error), hint: '' }];
  } finally {
    await channel.close();
  }
}

function asFault(error: unknown): StoreProblem {
  const { message, hint } = asAppError(error, 'unreachable');
  return { level: 'fault', message, hint: hint ?? '' };
}
