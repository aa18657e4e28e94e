import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClusterSecretStore } from '@kubernetes-models/external-secrets/external-secrets.io/v1/ClusterSecretStore';
import { ExternalSecret } from '@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret';
import { describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { secretsOf } from '../../src/constructs/secrets.ts';
import { withAccessKey } from '../kit/aws.ts';
import { at, environmentWith, objectsOf, podsOf, root } from '../kit/environments.ts';

const page = readFileSync(join(root, 'docs/how-to/secrets.md'), 'utf8');

/** The YAML of docs/how-to/secrets.md. */
const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(
  ([, text]) =>
    load(text!.replaceAll(/^ {3}/gm, (indent) => (text!.startsWith(indent) ? '' : indent))) as Record<
      string,
      unknown
    >,
);
const sources = blocks.flatMap(({ secrets }) => (secrets ? [secrets as Record<string, unknown>] : []));

const everyChannel = {
  enabled: true,
  webhook: {},
  slack: { channel: '#backups' },
  email: { host: 'mail', from: 'backup@example.com', to: ['ops@example.com'], user: 'backup' },
};

/** Secrets and keys of the seed. */
const wanted = [
  ['backup-encryption-secret', ['encryption-key', 's3-access-key', 's3-secret-key']],
  ['backup-notification-secret', ['webhook-url', 'slack-token', 'email-password']],
];

test('docs/how-to/secrets.md shows every source', () => {
  expect(sources.map((source) => Object.keys(source)[0])).toEqual([
    'onePassword',
    'externalSecret',
    'pulumi',
  ]);
});

describe.each(sources.map((source) => [Object.keys(source)[0]!, source] as const))('%s', (name, source) => {
  const environment = environmentWith('prod', {
    ...withAccessKey(),
    secrets: source,
    notifications: everyChannel,
  });
  const objects = objectsOf(environment);
  const made = objects.filter(({ kind }) => ['OnePasswordItem', 'ExternalSecret', 'Secret'].includes(kind));

  test('has the names and keys of the seed', () => {
    expect(secretsOf(environment).map((secret) => [secret.name, secret.keys])).toEqual(wanted);
    expect(made.map(({ metadata }) => metadata.name)).toEqual(
      name === 'pulumi' ? [] : wanted.map(([secret]) => secret),
    );
  });

  test('is what the pods mount', () => {
    const mounted = podsOf(objects).flatMap(({ spec }) =>
      spec.volumes.flatMap((volume: { secret?: { secretName: string } }) => volume.secret?.secretName ?? []),
    );
    expect(mounted).toEqual(expect.arrayContaining(wanted.map(([secret]) => secret)));
  });

  test('passes the schema of its operator, and fetches each key by its name', () => {
    for (const object of made.filter(({ kind }) => kind === 'ExternalSecret')) {
      expect(() => new ExternalSecret(object as never).validate()).not.toThrow();
      const keys = at(object, 'spec.data').map(
        (entry: { secretKey: string; remoteRef: { property: string } }) => [
          entry.secretKey,
          entry.remoteRef.property,
        ],
      );
      expect(keys.every(([key, property]: string[]) => key === property)).toBe(true);
    }
  });
});

test('the store that the page shows is one that the operator takes, and the one that the example names', () => {
  const store = blocks.find(({ kind }) => kind === 'ClusterSecretStore')!;
  expect(() => new ClusterSecretStore(store as never).validate()).not.toThrow();
  expect(at(store, 'metadata.name')).toBe(at(sources[1], 'externalSecret.storeName'));
});

test('a rotated passphrase is in front, and the old one still there', () => {
  const { encryption } = blocks.find((block) => block['encryption']) as { encryption: object };
  const environment = environmentWith('prod', { encryption, secrets: sources[1] });
  expect(environment.encryption.keys.map(({ secretKey }) => secretKey)).toEqual([
    'encryption-key-2025',
    'encryption-key',
  ]);
  expect(secretsOf(environment)[0]!.keys.slice(0, 2)).toEqual(['encryption-key-2025', 'encryption-key']);
});
