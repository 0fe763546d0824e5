// The tables of MLflow's traces.

import { valueMysql } from './mysql-sql.ts';
import { objectSql, wholeSql } from './numbers-sql.ts';
import type { Preset } from './preset.ts';
import { valueSqlite } from './sqlite-sql.ts';

/** Attributes of a span are texts of JSON, a name in quotes among them. */
const attribute = (name: string): string => `(${objectSql('content')}->'attributes'->>'${name}')`;
const attributeSqlite = (name: string): string => valueSqlite('content', `$.attributes."${name}"`);

const attributeMysql = (name: string): string => valueMysql('content', `$.attributes."${name}"`);
/** A name in quotes. */
const namedMysql = (name: string): string => `NULLIF(TRIM(BOTH '"' FROM ${attributeMysql(name)}), '')`;

function usageMysql(name: string): string {
  return valueMysql(attributeMysql('mlflow.chat.tokenUsage'), `$.${name}`);
}

function usage(name: string): string {
  return wholeSql(`(${objectSql(attribute('mlflow.chat.tokenUsage'))}->>'${name}')`);
}

function usageSqlite(name: string): string {
  return valueSqlite(attributeSqlite('mlflow.chat.tokenUsage'), `$.${name}`);
}

const named = (quoted: string): string => `NULLIF(trim(${quoted}, '"'), '')`;

function ofTrace(key: string): string {
  return `(SELECT NULLIF(m.value, '') FROM trace_request_metadata m
    WHERE m.request_id = spans.trace_id AND m.key = 'mlflow.trace.${key}')`;
}

/** Spans of models are calls: agents and chains stand above them. The cost is a row of its own, which an unknown model lacks. */
export const MLFLOW: Preset = {
  mapping: {
    table: 'spans',
    columns: {
      time: 'start_time_unix_nano',
      cost: {
        sql: `(SELECT m.value FROM span_metrics m
          WHERE m.trace_id = spans.trace_id AND m.span_id = spans.span_id AND m.key = 'total_cost')`,
      },
      service: { sql: '(SELECT e.name FROM experiments e WHERE e.experiment_id = spans.experiment_id)' },
      model: { sql: named(attribute('mlflow.llm.model')) },
      user: { sql: ofTrace('user') },
      endpoint: { sql: `NULLIF(name, '')` },
      session: { sql: ofTrace('session') },
      input_tokens: { sql: usage('input_tokens') },
      output_tokens: { sql: usage('output_tokens') },
      cached_tokens: { sql: usage('cache_read_input_tokens') },
      error: { sql: `CASE WHEN status = 'ERROR' THEN 'error' END` },
      latency_ms: { sql: 'duration_ns / 1000000.0' },
    },
    dimensions: { provider: { sql: named(attribute('mlflow.llm.provider')) } },
    where: [{ column: 'type', values: { in: ['LLM', 'CHAT_MODEL', 'EMBEDDING'] } }],
    timeKind: { unit: 'ns' },
  },
  engines: {
    mysql: {
      columns: {
        model: { sql: namedMysql('mlflow.llm.model') },
        input_tokens: { sql: usageMysql('input_tokens') },
        output_tokens: { sql: usageMysql('output_tokens') },
        cached_tokens: { sql: usageMysql('cache_read_input_tokens') },
        latency_ms: { sql: 'duration_ns * 0.000001' },
      },
      dimensions: { provider: { sql: namedMysql('mlflow.llm.provider') } },
    },
    sqlite: {
      columns: {
        model: { sql: named(attributeSqlite('mlflow.llm.model')) },
        input_tokens: { sql: usageSqlite('input_tokens') },
        output_tokens: { sql: usageSqlite('output_tokens') },
        cached_tokens: { sql: usageSqlite('cache_read_input_tokens') },
      },
      dimensions: { provider: { sql: named(attributeSqlite('mlflow.llm.provider')) } },
    },
  },
  written: {},
  filled: {},
  own: null,
};
