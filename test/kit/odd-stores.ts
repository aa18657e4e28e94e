import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { oddKinds, oddNames, type OddKind } from './odd.ts';

const archive = 'redis/redis_20240101_040000.tar.gz.enc';

/** Names under which every command looks, and some that none should. */
export const lookedAt = [
  archive,
  `${archive}.manifest.json`,
  'redis/redis_20990101_040000.tar.gz.enc.manifest.json',
  'redis/weekly/redis_weekly_20240107_040000.tar.gz.enc.manifest.json',
  'redis/monthly',
  'redis/latest_backup.tar.gz.enc',
  'redis/latest_backup.tar.gz.enc.partial-0123456789ab',
  'locks/redis/00000001.json',
  'locks/redis/00000002.json',
  'locks/redis/99999999.json',
  'runs/redis/20240101_040000_000_backup_abcdef.json',
  'runs/redis/20990101_040000_000_backup_abcdef.json',
  'audit/0000000001.json',
  'audit/0000000002.json',
  'audit/9999999999.json',
  'audit/latest_entry.json',
  'services/grill-stats/deployment_api.json',
  'recovery/README.txt',
  'recovery/recover.sh',
  'verification/latest_verification.json',
  'redis/..hidden',
  'redis/a name; $(reboot) \u001b[2J',
  'influxdb',
] as const;

const lock = (expiresAt: string): string =>
  JSON.stringify({
    owner: { host: 'a', pid: 1, id: 'a', command: 'backup' },
    startedAt: '2024-01-01T00:00:00.000Z',
    expiresAt,
  });

/** Contents that this program never writes. */
export const oddContents: Readonly<Record<string, () => Buffer>> = {
  nothing: () => Buffer.alloc(0),
  'no JSON': () => Buffer.from('\u0000\u00ff{'),
  'deep lists': () => Buffer.from('['.repeat(5_000_000)),
  'deep objects': () => Buffer.from('{"a":'.repeat(2_000_000)),
  'many lists': () => Buffer.from(`[${'[],'.repeat(15_000_000)}0]`),
  'many fields': () =>
    Buffer.from(`{${Array.from({ length: 1_500_000 }, (_, number) => `"${number}":1`).join(',')}}`),
  'a long text': () => Buffer.from(`"${'a'.repeat(60 << 20)}"`),
  'just too long': () => Buffer.alloc((64 << 20) + 1, ' '),
  'a future lock': () => Buffer.from(lock('2099-01-01T00:00:00.000Z')),
  'another document': () => Buffer.from('{"format":1,"__proto__":{"archive":"x"},"startedAt":"2099-01-01"}'),
};

/** One odd thing under one name. `sparse` is a file of 200 GB that takes no space. */
export interface OddObject {
  readonly key: string;
  /** An `OddKind`, `sparse`, or one of `oddContents`. */
  readonly what: string;
}

const whats = [...oddNames, 'sparse', ...Object.keys(oddContents)] as const;

/** A store's worth of odd objects, one per name. */
export const oddStore: fc.Arbitrary<readonly OddObject[]> = fc.uniqueArray(
  fc.record({ key: fc.constantFrom(...lookedAt), what: fc.constantFrom(...whats) }),
  { minLength: 6, maxLength: lookedAt.length, selector: ({ key }) => key },
);

/** Puts the objects into a folder; what a thing planted before is in the way of stays away. */
export const plantOdd = (folder: string, objects: readonly OddObject[]): void => {
  for (const { key, what } of objects) {
    const path = join(folder, key);
    try {
      mkdirSync(dirname(path), { recursive: true });
      if (what in oddKinds) oddKinds[what as OddKind](path);
      else writeFileSync(path, what === 'sparse' ? '{' : oddContents[what]!());
      if (what === 'sparse') truncateSync(path, 2e11);
    } catch {
      // its folder is no folder
    }
  }
};
