import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../src/config/load.ts';
import { placeholdersOf } from '../../src/config/placeholders.ts';

const ROOT = join(import.meta.dirname, '../..');
const raw = parse(readFileSync(join(ROOT, 'compose.yaml'), 'utf8'), { merge: true });

/** The part of the Compose specification that the file uses; what else it holds is a mistake. */
const service = z.strictObject({
  build: z.string().optional(),
  image: z.string(),
  init: z.boolean().optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(z.string().regex(/^[\w./-]+:\/[\w./-]+(:ro)?$/)).optional(),
  restart: z.enum(['no', 'always', 'on-failure', 'unless-stopped']).optional(),
  command: z.array(z.string()).optional(),
  ports: z.array(z.string().regex(/^[\d.]+:\d+:\d+$/)).optional(),
  profiles: z.array(z.string()).optional(),
  tty: z.boolean().optional(),
  working_dir: z.string().optional(),
  tmpfs: z.array(z.string()).optional(),
  healthcheck: z
    .union([
      z.strictObject({ disable: z.literal(true) }),
      z.strictObject({
        test: z.array(z.string()),
        interval: z.string(),
        timeout: z.string(),
        retries: z.int(),
      }),
    ])
    .optional(),
  depends_on: z
    .record(
      z.string(),
      z.strictObject({ condition: z.enum(['service_healthy', 'service_completed_successfully']) }),
    )
    .optional(),
});
const compose = z.strictObject({
  'x-spendwatch': z.unknown(),
  'x-watching': z.unknown(),
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
});

/** `${NAME:-default}` as Compose reads it, defaults within defaults too, with nothing set. */
function withoutEnvironment(text: string): string {
  const inner = text.replace(/\$\{\w+:-([^${}]*)\}/g, '$1');
  return inner === text ? text : withoutEnvironment(inner);
}

describe('compose.yaml', () => {
  const { services, volumes } = compose.parse(raw);
  const ours = Object.values(services).filter(({ image }) => image === 'spendwatch');

  it('starts by default a database that is waited for, its table, and the worker, in this order', () => {
    const byDefault = Object.entries(services).filter(([, { profiles }]) => profiles === undefined);
    expect(byDefault.map(([name]) => name)).toEqual(['postgres', 'table', 'spendwatch']);
    expect(services.postgres?.healthcheck).toMatchObject({ test: expect.arrayContaining(['pg_isready']) });
    expect(services.table?.depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
    expect(services.table?.command).toEqual(['init', '--create-table']);
    expect(services.spendwatch?.depends_on).toEqual({
      table: { condition: 'service_completed_successfully' },
    });
  });

  it('has a demo that needs nothing configured and may write where it works', () => {
    const { demo } = services;
    expect(demo).toMatchObject({ profiles: ['demo'], command: ['demo'] });
    expect([demo?.environment, demo?.volumes, demo?.depends_on]).toEqual([undefined, undefined, undefined]);
    expect(demo?.tmpfs).toEqual([`${demo?.working_dir}:uid=1000,gid=1000`]);
  });

  it('keeps what must last in named volumes, the state where the image gives the folder to its user', () => {
    const mounts = Object.values(services).flatMap((one) => one.volumes ?? []);
    const named = mounts.map((mount) => mount.split(':')[0] ?? '').filter((name) => !name.startsWith('.'));
    expect([...new Set(named)].sort()).toEqual(Object.keys(volumes).sort());
    const folder = services.spendwatch?.volumes?.find((mount) => mount.startsWith('data:'))?.split(':')[1];
    expect(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')).toContain(`chown 1000:1000 ${folder}`);
  });

  it('gives no container more than it needs, and publishes to this machine alone', () => {
    for (const one of ours) {
      expect(one).toMatchObject({ read_only: true, cap_drop: ['ALL'], init: true });
      expect(one.security_opt).toEqual(['no-new-privileges:true']);
    }
    const ports = Object.values(services).flatMap((one) => one.ports ?? []);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('watches a file without a fault, in the database beside it, although nothing is set', async () => {
    const env = Object.entries(services.spendwatch?.environment ?? {}).map(
      ([name, text]) => [name, withoutEnvironment(text)] as const,
    );
    const config = await loadConfig(join(ROOT, 'deploy/compose/alerts.yaml'), Object.fromEntries(env));
    const { POSTGRES_USER, POSTGRES_PASSWORD = '', POSTGRES_DB } = services.postgres?.environment ?? {};
    expect(config.audit.url.reveal()).toBe(
      `postgres://${POSTGRES_USER}:${withoutEnvironment(POSTGRES_PASSWORD)}@postgres:5432/${POSTGRES_DB}?sslmode=disable`,
    );
    expect(config.http).toEqual({ host: '0.0.0.0', port: 9464 });
    expect(placeholdersOf(config).map(({ channel }) => channel)).toEqual(['oncall']);
  });
});
