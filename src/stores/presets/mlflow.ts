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
const orElse = (column: string, attribute: string): string => `COALESCE(NULLIF(${column}, ''), ${attribute})`;

function ofTrace(key: string): string {
  return `(SELECT NULLIF(m.value, '') FROM trace_request_metadata m
    WHERE m.request_id = spans.trace_id AND m.key = 'mlflow.trace.${key}')`;
}

/**
 * Spans of models are calls: agents and chains stand above them. The cost, which an unknown model lacks, is a row of its own;
 * newer versions write it and the model into the span's row.
 */
export const MLFLOW: Preset = {
  mapping: {
    table: 'spans',
    columns: {
      time: 'start_time_unix_nano',
      cost: {
        sql: `COALESCE(total_cost, (SELECT m.value FROM span_metrics m
          WHERE m.trace_id = spans.trace_id AND m.span_id = spans.span_id AND m.key = 'total_cost'))`,
      },
      service: { sql: '(SELECT e.name FROM experiments e WHERE e.experiment_id = spans.experiment_id)' },
      model: { sql: orElse('model_name', named(attribute('mlflow.llm.model'))) },
      user: { sql: ofTrace('user') },
      endpoint: { sql: `NULLIF(name, '')` },
      session: { sql: ofTrace('session') },
      input_tokens: { sql: usage('input_tokens') },
      output_tokens: { sql: usage('output_tokens') },
      cached_tokens: { sql: usage('cache_read_input_tokens') },
      cache_write_tokens: { sql: usage('cache_creation_input_tokens') },
      error: { sql: `CASE WHEN status = 'ERROR' THEN 'error' END` },
      latency_ms: { sql: 'duration_ns / 1000000.0' },
    },
    dimensions: { provider: { sql: orElse('model_provider', named(attribute('mlflow.llm.provider'))) } },
    where: [{ column: 'type', values: { in: ['LLM', 'CHAT_MODEL', 'EMBEDDING'] } }],
    timeKind: { unit: 'ns' },
    optional: { total_cost: 'double precision', model_name: 'text', model_provider: 'text' },
  },
  engines: {
    mysql: {
      columns: {
        model: { sql: orElse('model_name', namedMysql('mlflow.llm.model')) },
        input_tokens: { sql: usageMysql('input_tokens') },
        output_tokens: { sql: usageMysql('output_tokens') },
        cached_tokens: { sql: usageMysql('cache_read_input_tokens') },
        cache_write_tokens: { sql: usageMysql('cache_creation_input_tokens') },
        latency_ms: { sql: 'duration_ns * 0.000001' },
      },
      dimensions: { provider: { sql: orElse('model_provider', namedMysql('mlflow.llm.provider')) } },
    },
    sqlite: {
      columns: {
        model: { sql: orElse('model_name', named(attributeSqlite('mlflow.llm.model'))) },
        input_tokens: { sql: usageSqlite('input_tokens') },
        output_tokens: { sql: usageSqlite('output_tokens') },
        cached_tokens: { sql: usageSqlite('cache_read_input_tokens') },
        cache_write_tokens: { sql: usageSqlite('cache_creation_input_tokens') },
      },
      dimensions: {
        provider: { sql: orElse('model_provider', named(attributeSqlite('mlflow.llm.provider'))) },
      },
    },
  },
  written: {},
  filled: {},
  own: null,
};
