import { expect, test } from '@jest/globals';
import { verifyInstants } from '../../../runtime/src/commands/verify/verify-instants.ts';
import type { Verified } from '../../../runtime/src/commands/verify/result.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { pruneLog } from '../../../runtime/src/wal/prune.ts';
import { testApp } from '../../kit/app.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { simulateBase, simulatedSystem, simulatePiece } from '../../kit/simulated-log.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const ten = Date.parse('2026-11-29T10:00:00Z');
const at = (minutes: number): Date => new Date(ten + minutes * 60_000);

const target = {
  name: 'postgresql',
  engine: 'postgresql',
  connection: { host: '127.0.0.1', port: 1, database: 'postgres' },
  secret: { name: 'postgresql' },
  pointInTime: {},
};

/** An app, and the folders of the log that it has listed. */
const counted = () => {
  const listings: string[] = [];
  const list: Store['list'] = (prefix, options) => {
    if (prefix.startsWith('wal/')) listings.push(prefix);
    return store.list(prefix, options);
  };
  const app = testApp({
    stores: { primary: { ...store, list }, replicas: [] },
    targets: [target],
    run: { now: () => at(30) },
  });
  return { app, listings };
};

test('a log of many objects is listed once by retention, and twice by verification, however many bases it has', async () => {
  const { app, listings } = counted();
  for (const minutes of [0, 5, 10])
    await simulateBase(app, 'postgresql', at(minutes), {
      start: BigInt(minutes),
      end: BigInt(minutes) + 10n,
    });
  await simulatePiece(app, 'postgresql', { from: 0n, to: 100n, at: at(20) });
  listings.length = 0;
  await pruneLog(app, app.plan.targets[0]!, { dryRun: true });
  expect(listings).toEqual(['wal/postgresql/']);
  listings.length = 0;
  const found: Verified[] = [];
  await verifyInstants(app, app.plan.targets[0]!, 'quick', found);
  expect(found.filter(({ tier, ok }) => tier === 'log' && ok)).toHaveLength(3);
  // indexes first, then what they list
  expect(listings).toEqual(Array(2).fill(`wal/postgresql/${simulatedSystem}/`));
});
