import { ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { s3Config } from '../../../runtime/src/store/config.ts';
import { s3Store } from '../../../runtime/src/store/s3.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { compact } from '../../../runtime/src/wal/compaction.ts';
import { pieceKey } from '../../../runtime/src/wal/names.ts';
import { putPiece, sealPiece } from '../../../runtime/src/wal/piece.ts';
import { removeInOrder } from '../../../runtime/src/wal/removal.ts';
import { readStored } from '../../../runtime/src/wal/stored.ts';
import { startFaultyProxy, type Fault, type FaultyProxy } from '../../kit/faulty-proxy.ts';
import { readBack, startToyReceiver, toyPlace, untilAllStored } from '../../kit/received.ts';
import { testRun } from '../../kit/run.ts';
import { s3ClientOf, startS3, type S3Server } from '../../kit/s3.ts';
import { toyServer } from '../../kit/toy-log.ts';
import { until } from '../../kit/until.ts';

const bucket = 'locked';

/** Every request ends before its body, on its way or with its answer; none is left alone. */
const faults: readonly Fault[] = [
  { kind: 'cut', direction: 'request', afterBytes: 5000 },
  { kind: 'status', status: 503 },
  { kind: 'cut', direction: 'response', afterBytes: 10 }, // stored, and the answer is lost
];

const away: Fault = { kind: 'cut', direction: 'request', afterBytes: 0 };

let server: S3Server;
let client: S3Client;
let proxy: FaultyProxy;
let fault: (connection: number) => Fault | undefined;

beforeAll(async () => {
  server = await startS3();
  await server.createBucket(bucket, 1);
  client = s3ClientOf(server);
  fault = () => undefined;
  proxy = await startFaultyProxy(server.endpoint, (connection) => fault(connection));
}, 90_000);
afterAll(async () => {
  await proxy.stop();
  client.destroy();
  await server.stop();
});

const open = (name: string, endpoint: string): Promise<Store> =>
  s3Store(
    s3Config.parse({
      base: `s3://${bucket}/${name}`,
      endpoint,
      forcePathStyle: true,
      checksums: 'when-supported',
    }),
    server,
  );

describe('a log in a bucket with Object Lock', () => {
  test.each([
    ['cut, refused and forgot to answer', (connection: number) => faults[connection % faults.length]],
    ['was away', () => away],
  ])(
    'is whole after a gateway that %s',
    async (name, fails) => {
      const [toys, begun] = [toyServer(), proxy.connections()];
      fault = fails;
      const place = toyPlace(await open(name.replaceAll(/\W/g, ''), proxy.endpoint)); // with connections of its own
      const receiver = startToyReceiver(toys, place);
      await until(() => toys.slot() !== undefined);
      toys.write(60_000);
      await until(() => proxy.connections() > begun + 6, 120);
      if (fails(0) === away) expect(toys.slot()).toBe(0n);
      fault = () => undefined;
      await untilAllStored(toys, receiver);
      await receiver.stop();
      const { bytes, reader } = await readBack(place, toys, { timeline: 1, from: 0n });
      expect(reader.hole).toBeUndefined();
      expect(bytes.equals(toys.bytes(0n, toys.position()))).toBe(true);
    },
    200_000,
  );

  test('a piece that is put again is neither an error nor another version', async () => {
    const place = toyPlace(await open('replayed', server.endpoint));
    const of = { system: '7', timeline: 1, from: 0n, to: 1000n, time: 1 };
    const piece = await sealPiece(place, of, Buffer.alloc(1000, 'log'));
    for (let put = 0; put < 3; put++) await putPiece(place, piece);
    const found = await client.send(
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: `replayed/${piece.key}` }),
    );
    expect(found.Versions).toHaveLength(1);
  });

  test('is compacted and read although its pieces stay, and retention waits for their lock', async () => {
    const [toys, place] = [toyServer(), toyPlace(await open('kept', server.endpoint))];
    const hourMs = 3_600_000;
    const began = Date.now() - 3 * hourMs;
    const receiver = startToyReceiver(toys, place);
    await until(() => toys.slot() !== undefined);
    for (const hour of [0, 1, 2]) {
      toys.setClock(() => new Date(began + hour * hourMs));
      for (let write = 0; write < 3; write++) {
        toys.write(5000);
        await untilAllStored(toys, receiver);
      }
    }
    await receiver.stop();
    const before = await readStored(place, toys.system);
    const newest = before.pieces.toSorted((a, b) => b.time - a.time)[0]!;
    await compact(testRun(), place, newest);
    const { pieces, hours } = await readStored(place, toys.system);
    expect(hours).toHaveLength(2);
    const keys = before.pieces.map((piece) => pieceKey(place.target, piece));
    expect(pieces.map((piece) => pieceKey(place.target, piece))).toEqual(expect.arrayContaining(keys));
    const { bytes } = await readBack(place, toys, { timeline: 1, from: 0n });
    expect(bytes.equals(toys.bytes(0n, toys.position()))).toBe(true);
    expect(await removeInOrder({ run: testRun() }, place.store, keys, 100)).toEqual({
      removed: new Set(),
      stopped: expect.stringMatching(/\.wal\.zst\.enc .*is locked until 20/),
    });
    expect((await place.store.head(keys[0]!))?.lockedUntil?.getTime()).toBeGreaterThan(Date.now());
  }, 120_000);
});
