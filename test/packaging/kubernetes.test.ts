import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';

const FOLDER = join(import.meta.dirname, '../../deploy/kubernetes');
const KINDS = { ConfigMap, Deployment, NetworkPolicy, Secret, Service };

/** The file of each kind: `deployment.yaml` holds the Deployment. */
const manifest = (kind: string) => parse(readFileSync(join(FOLDER, `${kind.toLowerCase()}.yaml`), 'utf8'));

/** Every key that a manifest has, and whether the validator looked at it: what it does not look at is no field. */
function watched<T extends object>(value: T, path: string, unseen: Set<string>): T {
  const copy = Object.fromEntries(
    Object.entries(value).map(([key, child]) => {
      const place = `${path}.${key}`;
      unseen.add(place);
      return [key, typeof child === 'object' && child !== null ? watched(child, place, unseen) : child];
    }),
  );
  return new Proxy((Array.isArray(value) ? Object.values(copy) : copy) as T, {
    get(target, key) {
      unseen.delete(`${path}.${String(key)}`);
      return Reflect.get(target, key);
    },
  });
}

/** Throws what the schema finds wrong. */
function unknownFields(kind: keyof typeof KINDS, raw: object): string[] {
  const unseen = new Set<string>();
  KINDS[kind].prototype.validate.call(watched(raw, kind, unseen));
  return [...unseen].sort();
}

describe.each(Object.keys(KINDS) as (keyof typeof KINDS)[])('deploy/kubernetes: the %s', (kind) => {
  it('is what the schemas of Kubernetes ask for, and has no field that they do not know', () => {
    const raw = manifest(kind);
    expect([raw.kind, raw.apiVersion]).toEqual([kind, KINDS[kind].apiVersion]);
    expect(unknownFields(kind, raw)).toEqual([]);
  });
});

it('a wrong type and an unknown field are found', () => {
  const raw = manifest('Deployment');
  raw.spec.replicas = 'one';
  expect(() => unknownFields('Deployment', raw)).toThrow(/replicas/);
  const typo = manifest('Deployment');
  typo.spec.template.spec.containers[0].livenesProbe = {};
  typo.specs = {};
  expect(unknownFields('Deployment', typo)).toEqual([
    'Deployment.spec.template.spec.containers.0.livenesProbe',
    'Deployment.specs',
  ]);
});

describe('deploy/kubernetes', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spendwatch-kubernetes-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const { spec } = manifest('Deployment').spec.template;
  const [container] = spec.containers;

  it('applies every manifest that is there', () => {
    const named = parse(readFileSync(join(FOLDER, 'kustomization.yaml'), 'utf8')).resources;
    const there = readdirSync(FOLDER).filter((name) => name !== 'kustomization.yaml');
    expect([...named].sort()).toEqual(there.sort());
  });

  it('runs without privileges, cannot gain any, and writes only where it may', () => {
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000 });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(spec.automountServiceAccountToken).toBe(false);
    const writable = container.volumeMounts.filter(({ readOnly }: { readOnly?: boolean }) => !readOnly);
    expect(writable.map(({ mountPath }: { mountPath: string }) => mountPath)).toEqual([
      '/var/lib/spendwatch',
    ]);
  });

  it('restarts on /healthz and never on /readyz', () => {
    const paths = ['startupProbe', 'livenessProbe', 'readinessProbe'].map(
      (name) => container[name].httpGet.path,
    );
    expect(paths).toEqual(['/healthz', '/healthz', '/readyz']);
  });

  it('holds an alerts.yaml without a fault, with the variables of its Secret, which listens to the probes', async () => {
    const file = join(folder, 'alerts.yaml');
    await writeFile(file, manifest('ConfigMap').data['alerts.yaml']);
    const config = await loadConfig(file, manifest('Secret').stringData);
    expect(config.http).toEqual({ host: '0.0.0.0', port: container.ports[0].containerPort });
    expect(manifest('NetworkPolicy').spec.ingress[0].ports[0].port).toBe(config.http?.port);
    expect(container.envFrom).toEqual([{ secretRef: { name: manifest('Secret').metadata.name } }]);
  });

  it('its parts find each other by one label', () => {
    const label = { 'app.kubernetes.io/name': 'spendwatch' };
    const deployment = manifest('Deployment').spec;
    expect(deployment.selector.matchLabels).toEqual(label);
    expect(deployment.template.metadata.labels).toEqual(label);
    expect(manifest('Service').spec.selector).toEqual(label);
    expect(manifest('NetworkPolicy').spec.podSelector.matchLabels).toEqual(label);
  });
});
