import { afterEach, describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { takeLock, type HeldLock } from '../../../runtime/src/runs/lock.ts';
import { readCatalog } from '../../../runtime/src/archives/catalogue.ts';
import { s3Config, type S3Config } from '../../../runtime/src/store/config.ts';
import { s3Limits, type S3Limits } from '../../../runtime/src/store/s3-client.ts';
import { s3Store } from '../../../runtime/src/store/s3.ts';
import { readSmall } from '../../../runtime/src/store/size-limits.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import {
  contents,
  etagOf,
  failing,
  hostileBase,
  startHostileS3,
  xml,
  type HostileS3,
  type Manner,
  type S3Answer,
} from '../../kit/hostile-s3.ts';
import { listed } from '../../kit/objects.ts';
import { testRun } from '../../kit/run.ts';
import { collect, streamOf } from '../../kit/streams.ts';

const keys = { accessKey: 'a', secretKey: 'b' };
const key = 'redis/redis_20240101_040000.tar.gz.enc';

let servers: HostileS3[] = [];
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  servers = [];
});

/** Short enough for a test that waits for them, far longer than loopback takes. */
const limits: S3Limits = {
  ...s3Limits,
  idleMs: 1500,
  answerMs: 1500,
  partBytes: 1 << 20,
  copyPartBytes: 1 << 20,
};

const openOn = (
  server: HostileS3,
  more: Partial<S3Config> = {},
  patience: Partial<S3Limits> = {},
): Promise<Store> =>
  s3Store(
    s3Config.parse({ base: hostileBase, endpoint: server.endpoint, forcePathStyle: true, ...more }),
    keys,
    { ...limits, ...patience },
  );

const open = async (manner?: Manner, more: Partial<S3Config> = {}, patience: Partial<S3Limits> = {}) => {
  const server = await startHostileS3(manner);
  servers.push(server);
  return { server, store: await openOn(server, more, patience) };
};

const on =
  (operation: string, answer: S3Answer | ((response: ServerResponse) => void)): Manner =>
  (request) =>
    request.operation === operation ? answer : undefined;

const page = (inner: string): S3Answer => xml('ListBucketResult', inner);
const truncated = '<IsTruncated>true</IsTruncated>';

/** Writes for ever, as fast as it is read. */
const endless =
  (piece: string) =>
  (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'application/xml' });
    const more = (): void => {
      while (!response.destroyed && response.write(piece));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  };

/** Sends its head, and then a byte now and again. */
const dripping = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'application/xml' });
  const timer = setInterval(() => response.write(' '), 50);
  response.once('close', () => clearInterval(timer));
};

const silent = (): void => {};

const billion =
  '<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>';

describe('a listing that lies', () => {
  const lies: Readonly<Record<string, readonly [Manner, string]>> = {
    'by the same token for ever': [
      on('ListObjectsV2', page(`${truncated}<NextContinuationToken>same</NextContinuationToken>`)),
      'lists the same page again and again',
    ],
    'by a new token for ever': [
      (() => {
        let count = 0;
        return ({ operation }) =>
          operation === 'ListObjectsV2'
            ? page(`${truncated}<NextContinuationToken>${count++}</NextContinuationToken>`)
            : undefined;
      })(),
      'has more than 5000 pages',
    ],
    'by going on without a token': [on('ListObjectsV2', page(truncated)), 'sent no continuation token'],
    'by XML without end': [on('ListObjectsV2', endless(contents('p/redis/a', 1))), 'longer than'],
    'by text without end': [
      on('ListObjectsV2', endless('<Contents><Key>'.padEnd(65_536, 'k'))),
      'longer than',
    ],
    'in drips': [on('ListObjectsV2', dripping), 'took too long'],
    'by silence': [on('ListObjectsV2', silent), 'got no answer'],
    'by tags in tags': [on('ListObjectsV2', { status: 200, body: '<a>'.repeat(1_000_000) }), ''],
    'by a size below zero': [on('ListObjectsV2', page(contents('p/redis/a', -5))), 'its size is -5'],
    'by a size beyond numbers': [
      on('ListObjectsV2', page(contents('p/redis/a', '9'.repeat(30)))),
      'its size is',
    ],
    'by a size that is none': [on('ListObjectsV2', page(contents('p/redis/a', 'many'))), ''],
    'by a time that is none': [on('ListObjectsV2', page(contents('p/redis/a', 1, 'yesterday'))), ''],
    'by what is not XML': [on('ListObjectsV2', { status: 200, body: '{"Contents":[]}' }), ''],
    'by another page of keys that came before': [
      ({ operation, query }) =>
        operation !== 'ListObjectsV2'
          ? undefined
          : query.has('continuation-token')
            ? page(contents('p/redis/a', 1))
            : page(`${truncated}<NextContinuationToken>t</NextContinuationToken>${contents('p/redis/b', 1)}`),
      'out of order',
    ],
    'by sending elsewhere': [
      on('ListObjectsV2', {
        ...failing(301, 'PermanentRedirect'),
        headers: { location: 'http://127.0.0.1:1/' },
      }),
      'was refused',
    ],
  };

  test.each(Object.entries(lies))('%s ends in a clear error', async (_, [manner, message]) => {
    const { store } = await open(manner);
    const error = (await listed(store, 'redis/').catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({
      code: expect.stringMatching(/^store\./),
      message: expect.stringMatching(/^s3:\/\/hostile\/p\/.* at 127/),
    });
    expect(error.message).toContain(message);
  });

  test('by keys that are not its own, twice, or in another order, does no harm', async () => {
    const strange = [
      'p/redis/../../etc/passwd',
      'q/redis/a',
      'p/influxdb/a',
      'p/redis//a',
      'p/redis/%2e%2e/a',
      '/a',
      '',
    ];
    const good = ['p/redis/b', 'p/redis/a', 'p/redis/b'];
    const { store } = await open(
      on('ListObjectsV2', page([...strange, ...good].map((each) => contents(each, 1)).join(''))),
    );
    expect((await listed(store, 'redis/')).map((object) => object.key)).toEqual(['redis/a', 'redis/b']);
  });

  test('with entities in entities expands none of them', async () => {
    const { store } = await open(
      on('ListObjectsV2', {
        status: 200,
        body: `<?xml version="1.0"?>${billion}<ListBucketResult>${contents('p/redis/&c;', 1)}</ListBucketResult>`,
      }),
    );
    const found = await listed(store, 'redis/').catch((error: unknown) => error as Error);
    expect(JSON.stringify(found).length).toBeLessThan(1000);
  });
});

describe('an object that is not what it says', () => {
  const content = Buffer.from('0123456789');
  const answer = (headers: Record<string, string>, body = content): S3Answer => ({
    status: 200,
    headers,
    body,
  });
  const cut = (response: ServerResponse): void => {
    response.writeHead(200, { 'content-length': '1000', etag: etagOf(content) });
    response.write(content, () => response.destroy());
  };
  const lies: Readonly<Record<string, readonly [Manner, number, string]>> = {
    'in length, which ends early': [on('GetObject', cut), 0, 'asked to start at 10'], // as it is asked for the rest
    'in its length, which it does not tell': [
      on('GetObject', (response) => void response.writeHead(200).end(content)),
      0,
      'does not say its length',
    ],
    'in where it starts': [on('GetObject', answer({})), 5, 'asked to start at 5'],
    'in where it ends': [
      on('GetObject', { ...answer({ 'content-range': 'bytes 5-100/1000' }), status: 206 }),
      5,
      'asked to start at 5',
    ],
    'and stalls': [
      on('GetObject', (response) => void response.writeHead(200, { 'content-length': '99' }).write('0')),
      0,
      'asked to start at 1',
    ],
  };

  test.each(Object.entries(lies))('%s is found out', async (_, [manner, start, message]) => {
    const { store } = await open(manner);
    await expect(collect(store.get(key, start))).rejects.toThrow(message);
  });

  test.each([
    ['claims 200 GB', { 'content-length': '200000000000' }],
    ['claims more than there are numbers', { 'content-length': '9'.repeat(25) }],
  ])('small, which %s, is read no further than its kind may have', async (_, headers) => {
    const { store } = await open(
      on('GetObject', (response) => {
        response.writeHead(200, { etag: '"x"', ...headers });
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      }),
    );
    await expect(readSmall(store, 'locks/redis/00000001.json', 'lock')).rejects.toMatchObject({
      code: expect.stringMatching(/^store\.(large|failed|unreachable)$/),
    });
  });

  test('an alias of any length is cut', async () => {
    const { server, store } = await open();
    server.objects.set('p/redis/latest_backup', Buffer.alloc(1 << 20, 'a'));
    await expect(store.resolve('redis/latest_backup')).rejects.toMatchObject({ code: 'store.large' });
  });

  test('vanishes between listing and reading without harm', async () => {
    const { store } = await open(
      on('ListObjectsV2', page(contents(`p/${key}.manifest.json`, 10) + contents(`p/${key}`, 10))),
    );
    expect(await readCatalog(store, 'redis')).toEqual({ archives: [], broken: [] });
  });
});

describe('a write that is none', () => {
  const large = Buffer.alloc(3 << 20, 'x');
  const lies: Readonly<Record<string, readonly [Manner, 'small' | 'large' | 'copy' | 'long copy', string]>> =
    {
      'as an error in a 200 to CompleteMultipartUpload': [
        on('CompleteMultipartUpload', { ...failing(500, 'InternalError'), status: 200 }),
        'large',
        'InternalError',
      ],
      'as an error in a 200 to CopyObject': [
        on('CopyObject', { ...failing(500, 'InternalError'), status: 200 }),
        'copy',
        'InternalError',
      ],
      'as nothing is there afterwards': [
        on('PutObject', { status: 200, headers: { etag: '"x"' } }),
        'small',
        'has no of 1',
      ],
      'as no upload is named': [
        on('CreateMultipartUpload', xml('InitiateMultipartUploadResult')),
        'large',
        'returned no upload ID',
      ],
      'as a part has no ETag': [on('UploadPart', { status: 200 }), 'large', 'returned no ETag for part '],
      'as it is sent elsewhere': [
        on('PutObject', {
          ...failing(307, 'TemporaryRedirect'),
          headers: { location: 'http://127.0.0.1:1/' },
        }),
        'small',
        'was refused',
      ],
    };

  test.each(Object.entries(lies))('%s, is told', async (_, [manner, what, message]) => {
    const { server, store } = await open(manner);
    server.objects.set('p/redis/source', Buffer.from('x'));
    const work =
      what === 'copy'
        ? store.copy('redis/source', key)
        : store.put(key, streamOf(what === 'large' ? large : 'x'));
    const error = (await work.catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ code: expect.stringMatching(/^store\./) });
    expect(error.message).toContain(message);
  });

  test('what a server says is one line of bounded length', async () => {
    const { store } = await open(on('PutObject', failing(403, 'Evil', `a\n\u001b[2J${'b'.repeat(1e6)}`)));
    const { message } = (await store
      .put(key, streamOf('x'))
      .catch((error: unknown) => error as Error)) as Error;
    expect(message).not.toMatch(/[\u0000-\u001f]/);
    expect(message.length).toBeLessThan(1000);
  });
});

test('credentials go to no other host', async () => {
  const other = await startHostileS3();
  servers.push(other);
  const location = { location: `${other.endpoint}/hostile/` };
  for (const status of [301, 302, 303, 307, 308]) {
    const { store } = await open(() => ({ ...failing(status, 'Redirect'), headers: location }));
    const works = [
      listed(store, ''),
      collect(store.get(key)),
      store.put(key, streamOf('x')),
      store.head(key),
    ];
    for (const outcome of await Promise.allSettled(works))
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'store.refused' } });
  }
  expect(other.requests).toEqual([]);
});

test('a bucket that is missing is an error, not an empty store', async () => {
  const { store } = await open(() => failing(404, 'NoSuchBucket'));
  for (const work of [
    () => store.head(key),
    () => listed(store, ''),
    () => store.put(key, streamOf('x')),
    () => store.resolve('redis/latest_backup'),
  ])
    await expect(work()).rejects.toMatchObject({
      code: 'store.refused',
      message: expect.stringContaining('the bucket does not exist'),
    });
});

describe('a gateway without conditional writes', () => {
  const refusing =
    (status: number, code: string): Manner =>
    ({ headers }) =>
      headers['if-none-match'] ? failing(status, code) : undefined;

  test.each([
    [501, 'NotImplemented'],
    [400, 'InvalidArgument'],
  ])(
    'that answers %d is told with the option that helps',
    async (status, code) => {
      const { store } = await open(refusing(status, code));
      for (const body of ['x', Buffer.alloc(3 << 20)])
        await expect(store.put(key, streamOf(body))).rejects.toMatchObject({
          code: 'store.refused',
          message: expect.stringContaining('stores.s3.conditionalWrites: false'),
        });
    },
    60_000,
  );

  const without = { conditionalWrites: false };
  const patience = { settleMs: 1000 };

  test('is used by what the option says', async () => {
    const { store } = await open(refusing(501, 'NotImplemented'), without, patience);
    await store.put(key, streamOf('first'));
    await expect(store.put(key, streamOf('second'))).rejects.toMatchObject({ code: 'store.exists' });
    await store.put('redis/large', streamOf(Buffer.alloc(3 << 20)));
    expect((await collect(store.get(key))).toString()).toBe('first');
  });

  test('gives a lock to one of many that ask at once', async () => {
    const { server } = await open(refusing(501, 'NotImplemented'));
    const stores = await Promise.all(Array.from({ length: 6 }, () => openOn(server, without, patience)));
    for (let round = 0; round < 3; round++) {
      const taken = await Promise.allSettled(
        stores.map((store) => takeLock(testRun(), store, 'redis', 'backup')),
      );
      const won = taken.filter(({ status }) => status === 'fulfilled');
      expect(won).toHaveLength(1);
      const lost = taken.flatMap((one) =>
        one.status === 'rejected' ? [(one.reason as { code: string }).code] : [],
      );
      expect(new Set(lost)).toEqual(new Set(['lock.held']));
      for (const one of won) await (one as PromiseFulfilledResult<HeldLock>).value.release();
    }
  }, 60_000);

  test('one that was too slow to know does not take a lock', async () => {
    let slow = true;
    const delayed: Manner = ({ operation, key: name }, honest) => {
      if (operation !== 'PutObject' || !name.includes('locks/') || !slow) return undefined;
      slow = false;
      const { status, headers } = honest();
      return (response) => void setTimeout(() => response.writeHead(status, headers).end(), 1200);
    };
    const { store } = await open(delayed, without, patience);
    await expect(store.put('locks/redis/00000001.json', streamOf('{}'))).rejects.toMatchObject({
      code: 'store.failed',
      message: expect.stringContaining('took too long to write exclusively'),
    });
  });
});
