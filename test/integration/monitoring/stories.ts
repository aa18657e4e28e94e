import { writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { takeLock } from '../../../runtime/src/runs/lock.ts';
import type { App } from '../../../runtime/src/session/app.ts';
import { backup } from '../../../runtime/src/commands/backup/backup.ts';
import { replicate } from '../../../runtime/src/archives/replicate.ts';
import { verify } from '../../../runtime/src/commands/verify/verify.ts';
import type { VerifyLevel } from '../../../runtime/src/contract/verify-levels.ts';
import { openKey } from '../../../runtime/src/crypto/key-ring.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import type { TestRedis } from '../../kit/redis.ts';
import { simulateVerification } from '../../kit/simulated-runs.ts';

const dayMs = 86_400_000;

/** The same app some days ago. */
const before = (app: App, days: number): App => ({
  ...app,
  run: { ...app.run, now: () => new Date(Date.now() - days * dayMs) },
});

const verified = (app: App, target: string, level: VerifyLevel) => verify(app, { level, target, last: 1 });

/** Backed up, read and drilled within the hour. */
export const liveWell = async (app: App, target: string): Promise<void> => {
  await backup(app, target);
  await verified(app, target, 'deep');
  await verified(app, target, 'drill');
};

const stale = async (app: App): Promise<void> => {
  await backup(before(app, 10), 'stale');
  await verified(before(app, 9.9), 'stale', 'deep');
  await verified(before(app, 9.8), 'stale', 'drill');
};

/** A week of nights, then most of the data is gone. */
const shrunk = async (app: App, redis: TestRedis): Promise<void> => {
  for (const days of [6, 5, 4, 3, 2, 1]) await backup(before(app, days), 'shrunk');
  await redis.cli('FLUSHALL');
  await redis.cli('DEBUG', 'POPULATE', '50');
  await backup(app, 'shrunk');
};

/** A bit of the archive flips on the volume. */
const damaged = async (app: App): Promise<void> => {
  const { archive } = await backup(app, 'damaged');
  const file = join(app.stores.primary.location, archive);
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(file, bytes);
  await verified(app, 'damaged', 'deep');
  await verified(app, 'damaged', 'drill');
};

const failed = async (app: App): Promise<void> => {
  await backup(before(app, 0.5), 'failed');
  const readSecret = () => Promise.resolve('not the password');
  await backup({ ...app, run: { ...app.run, readSecret } }, 'failed').catch(() => {});
};

/** Its restore is too quick to be too slow: only how long it took is made up. */
const slow = async (app: App): Promise<void> => {
  await backup(app, 'slow');
  await simulateVerification(app, 'slow', { at: new Date(), level: 'drill', seconds: 3600 });
};

const keyless = (app: App) =>
  backup({ ...app, keys: [openKey('primary', 'another horse battery staple')] }, 'keyless');

/** Targets, each with its own story; nothing ever happened to `missing`. */
export const storyTargets = [
  ...['good', 'stale', 'shrunk', 'damaged', 'failed', 'slow', 'keyless', 'missing', 'unreplicated'],
] as const;

/** Lives through every story, on real archives of a real server. @returns what ends the run that still holds a lock */
export const liveThrough = async (
  app: App,
  redis: TestRedis,
  replica: Store,
): Promise<() => Promise<void>> => {
  await liveWell(app, 'good');
  await stale(app);
  await damaged(app);
  await failed(app);
  await slow(app);
  await keyless(app);
  await backup(app, 'unreplicated');
  await shrunk(app, redis);
  const elsewhere = ['good', 'stale', 'shrunk', 'damaged', 'failed', 'slow'];
  for (const target of elsewhere) await replicate(app, target, replica);
  const lock = await takeLock(app.run, app.stores.primary, 'good', 'restore');
  return lock.release;
};
