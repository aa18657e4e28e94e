import { describe, expect, test } from '@jest/globals';
import { overrides } from '../../runtime/src/contract/overrides.ts';
import { readEnvironments, synthesizeManifests } from '../../src/synth/manifests.ts';
import { environmentNames, environmentOf, objectsOf, podsOf, root } from '../kit/environments.ts';

/** Text that looks like a secret: https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml, the kinds used here. */
const secretPatterns: Readonly<Record<string, RegExp>> = {
  'a private key': /BEGIN [A-Z ]*PRIVATE KEY/,
  'an AWS access key': /\b(AKIA|ASIA)[A-Z0-9]{16}\b/,
  'a Slack token or webhook': /xox[abpr]-|hooks\.slack\.com/,
  'a JSON web token': /\beyJ[\w-]+\.eyJ/,
  'a user and password in a URL': /\w+:\/\/[^\s/"]*:[^\s/"]*@/,
  'a value for a password, token or passphrase':
    /(password|passphrase|token|secret-key|encryption-key)"?\s*[:=]\s*"?(?!(admin-token|password|username)\b)[\w+/=-]{8,}/i,
};

describe.each(environmentNames)('%s', (name) => {
  const objects = objectsOf(environmentOf(name));

  test('writes no Secret', () => {
    expect(objects.filter(({ kind }) => kind === 'Secret')).toEqual([]);
  });

  test('gives every variable by reference to backup-config', () => {
    const variables = podsOf(objects).flatMap(({ spec }) =>
      spec.containers.flatMap((container: { env: { name: string }[] }) => container.env),
    );
    expect(variables.length).toBe(podsOf(objects).length * Object.keys(overrides).length);
    expect(
      variables.filter((variable) => variable.valueFrom?.configMapKeyRef?.name !== 'backup-config'),
    ).toEqual([]);
  });

  test.each(Object.entries(secretPatterns))('holds nothing that looks like %s', (_, pattern) => {
    const texts = [...synthesizeManifests(readEnvironments(root))].filter(([path]) => path.startsWith(name));
    expect(texts.filter(([, text]) => pattern.test(text)).map(([path]) => path)).toEqual([]);
  });
});

test.each([
  ['a private key', '-----BEGIN RSA PRIVATE KEY-----'],
  ['an AWS access key', 'AKIAIOSFODNN7EXAMPLE'],
  ['a Slack token or webhook', 'https://hooks.slack.com/services/x'],
  ['a JSON web token', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x'],
  ['a user and password in a URL', 'postgres://user:word@host/db'],
  ['a value for a password, token or passphrase', 'encryption-key: c2VjcmV0c2VjcmV0'],
])('%s is recognised', (name, text) => {
  expect(text).toMatch(secretPatterns[name]!);
});
