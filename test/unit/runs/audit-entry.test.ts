import { describe, expect, test } from '@jest/globals';
import { openKey, type KeyRing } from '../../../runtime/src/crypto/key-ring.ts';
import {
  decodeEntry,
  encodeEntry,
  genesis,
  hashOf,
  provenEntry,
  type AuditContent,
} from '../../../runtime/src/runs/audit-entry.ts';

const keys: KeyRing = [openKey('primary', 'correct horse battery staple')];
const strangers: KeyRing = [openKey('primary', 'another passphrase of good length')];
const content: AuditContent = {
  format: 1,
  sequence: 1,
  at: '2024-01-01T02:00:00.000Z',
  host: 'redis-backup-1-abcde',
  command: 'backup',
  target: 'redis',
  environment: 'test',
  ok: true,
  figures: { archiveBytes: 7 },
  previous: genesis,
};

describe('an entry of the audit trail', () => {
  test('is one line of JSON that is read back as it was written', async () => {
    const line = await encodeEntry(content, keys[0]);
    expect(line.toString('utf8').split('\n')).toHaveLength(2);
    expect(decodeEntry(line)).toMatchObject(content);
  });

  test.each([
    ['another form of the same JSON', (text: string) => text.replace('":', '": ')],
    ['a field of its own', (text: string) => text.replace('{', '{"extra":1,')],
    ['no newline', (text: string) => text.trimEnd()],
    ['a second line', (text: string) => `${text}${text}`],
    ['no JSON', () => 'audit\n'],
  ])('is none with %s', async (_, change) => {
    const line = (await encodeEntry(content, keys[0])).toString('utf8');
    expect(change(line)).not.toBe(line);
    expect(decodeEntry(Buffer.from(change(line)))).toBeUndefined();
  });

  test('is proved by its key alone', async () => {
    const entry = decodeEntry(await encodeEntry(content, keys[0]))!;
    expect(await provenEntry(entry, keys)).toBe('proved');
    expect(await provenEntry(entry, strangers)).toBe('unproved');
    expect(await provenEntry({ ...entry, ok: false }, keys)).toBe('altered');
  });

  test('proves nothing where no key signed it, but shows damage', async () => {
    const entry = decodeEntry(await encodeEntry(content, undefined))!;
    expect(await provenEntry(entry, keys)).toBe('unproved');
    expect(await provenEntry({ ...entry, target: 'other' }, undefined)).toBe('altered');
  });

  test('is chained by the hash of its line', () => {
    expect(hashOf(Buffer.from(''))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });
});
