import { beforeAll, describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey } from 'jose';
import { proxyReader, type ReadProxyToken } from '../../../runtime/src/console/auth/proxy-token.ts';

const config = {
  header: 'x-proxy-token',
  issuer: 'https://login.example',
  audience: 'backup-console',
  keysUrl: 'https://login.example/keys',
  nameClaim: 'email',
  groupsClaim: 'groups',
  groups: ['oncall', 'developers'],
};

let own: CryptoKey;
let stranger: CryptoKey;
let read: ReadProxyToken;

beforeAll(async () => {
  const pair = await generateKeyPair('ES256');
  [own, stranger] = [pair.privateKey, (await generateKeyPair('ES256')).privateKey];
  const keys = createLocalJWKSet({
    keys: [{ ...(await exportJWK(pair.publicKey)), alg: 'ES256', kid: 'a' }],
  });
  read = proxyReader(config, keys);
});

const claims = { email: 'ada@example', groups: ['oncall', 'system:masters', 'others'] };
const now = () => Math.floor(Date.now() / 1000);

const signed = (key: CryptoKey, more: object = {}) =>
  new SignJWT({ ...claims, iss: config.issuer, aud: config.audience, exp: now() + 600, ...more })
    .setProtectedHeader({ alg: 'ES256', kid: 'a' })
    .sign(key);

const from = (headers: Readonly<Record<string, string>>) => read({ get: (name) => headers[name] });

test('a token that the proxy signed says who it is, in the groups that the plan names', async () => {
  expect(await from({ 'x-proxy-token': await signed(own) })).toEqual({
    name: 'ada@example',
    groups: ['oncall'],
    extra: { 'grill-backup.io/person': ['ada@example'] },
    via: 'proxy',
    as: {
      user: 'backup-console:person',
      groups: ['oncall'],
      extra: { 'grill-backup.io/person': 'ada@example' },
    },
  });
});

test('headers that are not signed say nothing', () => {
  expect(
    from({ 'x-forwarded-user': 'ada', 'x-forwarded-groups': 'oncall', 'x-forwarded-email': 'a@b' }),
  ).toBeUndefined();
});

describe('refused is', () => {
  test.each<[string, () => Promise<string>, string]>([
    ['a name without signature', () => Promise.resolve('ada@example'), 'its signature'],
    ['the signature of a stranger', () => signed(stranger), 'its signature'],
    [
      'no signature',
      () =>
        Promise.resolve(
          new UnsecuredJWT({
            ...claims,
            iss: config.issuer,
            aud: config.audience,
            exp: now() + 600,
          }).encode(),
        ),
      'its signature',
    ],
    [
      'a shared secret',
      () =>
        new SignJWT({ ...claims, iss: config.issuer, aud: config.audience, exp: now() + 600 })
          .setProtectedHeader({ alg: 'HS256' })
          .sign(Buffer.alloc(32, 1)),
      'its signature',
    ],
    ['another issuer', () => signed(own, { iss: 'https://other.example' }), 'its claim iss'],
    ['another audience', () => signed(own, { aud: 'grafana' }), 'its claim aud'],
    ['an end that is over', () => signed(own, { exp: now() - 60 }), 'it is expired'],
    ['no end', () => signed(own, { exp: undefined }), 'its claim exp'],
    ['a start that is to come', () => signed(own, { nbf: now() + 600 }), 'its claim nbf'],
    ['no name', () => signed(own, { email: undefined }), 'its claim email'],
    ['a name that is none', () => signed(own, { email: ['ada'] }), 'it has no claim email'],
  ])('%s', async (_, token, why) => {
    await expect(from({ 'x-proxy-token': await token() })).rejects.toMatchObject({
      code: 'access.unknown',
      message: expect.stringContaining(`the token of the proxy is not valid: ${why}`),
    });
  });

  test('everybody while the keys of the issuer cannot be read', async () => {
    const away = proxyReader({ ...config, keysUrl: 'https://127.0.0.1:9/keys' });
    await expect(away({ get: () => 'a.b.c' })).rejects.toMatchObject({ code: 'access.unknown' });
  });
});
