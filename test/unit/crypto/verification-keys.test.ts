import { describe, expect, test } from '@jest/globals';
import { newArchiveKeys } from '../../../runtime/src/crypto/archive-keys.ts';
import { findKey, openKey } from '../../../runtime/src/crypto/key-ring.ts';
import { openObject, sealObject } from '../../../runtime/src/crypto/sealed-object.ts';
import { proofOf, sign } from '../../../runtime/src/crypto/signature.ts';
import { openVerificationKeys, verificationKeysOf } from '../../../runtime/src/crypto/verification-keys.ts';

const [key, older] = [
  openKey('primary', 'correct horse battery staple'),
  openKey('older', 'another horse battery staple'),
];
const written = verificationKeysOf([key, older]);
const opened = written.then(openVerificationKeys);

describe('verification keys', () => {
  test('prove what either passphrase signed, and nothing that another did', async () => {
    const ring = await opened;
    expect(ring.map(({ id }) => id)).toEqual(['primary', 'older']);
    for (const each of [key, older])
      expect(await proofOf('label\0', await sign('label\0', { a: 1 }, each), ring)).toBe('proved');
    const stranger = openKey('primary', 'the passphrase of a stranger');
    expect(await proofOf('label\0', await sign('label\0', { a: 1 }, stranger), ring)).toBe('unproved');
    const signed = await sign('label\0', { a: 1 }, key);
    expect(await proofOf('label\0', { ...signed, a: 2 } as typeof signed, ring)).toBe('altered');
  });

  test('open an index, which a passphrase sealed', async () => {
    const sealed = await sealObject('label\0', {}, Buffer.from('index'), key);
    expect((await openObject('label\0', {}, sealed, await opened))?.toString()).toBe('index');
  });

  test('authenticate a new archive, and cannot decrypt it', async () => {
    const [ring, { parameters }] = [
      await opened,
      await newArchiveKeys(key, (length) => Buffer.alloc(length, 7)),
    ];
    const macSalt = Buffer.from(parameters.macSalt, 'hex');
    expect((await findKey(ring, 'primary', macSalt, parameters.keyCheck))?.id).toBe('primary');
    await expect(ring[0].cipherKey(Buffer.from(parameters.salt, 'hex'))).rejects.toMatchObject({
      code: 'key.wrong',
    });
  });

  test('match nothing under a salt of an earlier version', async () => {
    const { keyCheck } = await key.macKeys(Buffer.alloc(16, 9));
    expect(await findKey(await opened, 'primary', Buffer.alloc(16, 9), keyCheck)).toBeUndefined();
  });

  test('hold neither a passphrase nor a key of a cipher', async () => {
    const text = await written;
    const { key: cipher } = await key.cipherKey(Buffer.alloc(8, 7));
    expect(text).not.toContain('horse');
    expect(text).not.toContain(cipher.toString('hex'));
  });

  test.each(['', '{}', '{"format":1,"keys":[]}', 'secret-text'])(
    'of %j are refused, and not quoted',
    (text) => {
      expect(() => openVerificationKeys(text)).toThrow(
        expect.objectContaining({
          code: 'secret.invalid',
          message: 'the file with the verification keys is not one that verification-keys wrote',
        }),
      );
    },
  );
});
