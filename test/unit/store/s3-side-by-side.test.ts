import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { s3Config } from '../../../runtime/src/store/config.ts';
import { s3Limits } from '../../../runtime/src/store/s3-client.ts';
import { s3Store } from '../../../runtime/src/store/s3.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import {
  failing,
  hostileBase,
  startHostileS3,
  type HostileS3,
  type Manner,
  type S3Answer,
  type S3Request,
} from '../../kit/hostile-s3.ts';
import { collect, streamOf } from '../../kit/streams.ts';
import { until } from '../../kit/until.ts';

const key = 'redis/redis_20240101_040000.tar.gz.enc';
const concurrency = 4;
const partBytes = 1 << 16;
const parts = 12;
/** The last part is shorter. */
const content = randomBytes(partBytes * (parts - 1) + 1000);

let servers: HostileS3[] = [];
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  servers = [];
});

const open = async (manner?: Manner): Promise<{ server: HostileS3; store: Store }> => {
  const server = await startHostileS3(manner);
  servers.push(server);
  const config = { base: hostileBase, endpoint: server.endpoint, forcePathStyle: true, concurrency };
  const limits = { ...s3Limits, partBytes, copyPartBytes: partBytes, idleMs: 5000 };
  const store = await s3Store(s3Config.parse(config), { accessKey: 'a', secretKey: 'b' }, limits);
  return { server, store };
};

type Operation = 'UploadPart' | 'UploadPartCopy' | 'GetObject';

/** Which part of an object a request is about, from 1. */
const partOf = ({ operation, query, headers }: S3Request): number =>
  operation === 'GetObject'
    ? Number(/bytes=(\d+)/.exec(headers.range ?? '')?.[1] ?? 0) / partBytes + 1
    : Number(query.get('partNumber'));

type Reply = S3Answer | ((response: ServerResponse) => void);

/** Answers one part otherwise, the first time or always. */
const onPart = (
  operation: Operation,
  part: number,
  reply: (honest: S3Answer) => Reply,
  always = false,
): Manner => {
  let done = false;
  return (request, honest) => {
    if (request.operation !== operation || Math.floor(partOf(request)) !== part || (done && !always))
      return undefined;
    done = true;
    return reply(honest());
  };
};

/** Sends half of the body and breaks off. */
const cut =
  ({ status, headers, body = '' }: S3Answer) =>
  (response: ServerResponse): void => {
    response.writeHead(status, { 'content-length': body.length, ...headers });
    response.write(body.slice(0, body.length / 2), () => response.destroy());
  };

const passing: Readonly<Record<string, (honest: S3Answer) => Reply>> = {
  'an error of the server': () => failing(500, 'InternalError'),
  'a server that is busy': () => failing(503, 'SlowDown'),
  'a connection that breaks': () => (response) => response.destroy(),
  'an answer that breaks off': cut,
};

/** Which parts the fault comes to: the first, one amid, the last. */
const places = [1, 2, 7, parts];

/** Holds answers until so many requests wait, and counts how many there were at most. */
const gate = (operation: Operation, many: number) => {
  let [waiting, most, isOpen] = [0, 0, false];
  const held: (() => void)[] = [];
  const manner: Manner = (request, honest) => {
    if (request.operation !== operation) return undefined;
    most = Math.max(most, ++waiting);
    isOpen ||= waiting === many;
    const { status, headers = {}, body = '' } = honest();
    return (response) => {
      held.push(() => {
        waiting--;
        response.writeHead(status, { 'content-length': body.length, ...headers }).end(body);
      });
      if (isOpen) for (const go of held.splice(0)) go();
    };
  };
  return { manner, most: () => most };
};

describe('an upload', () => {
  test('has as many parts on their way as the plan says', async () => {
    const { manner, most } = gate('UploadPart', concurrency);
    const { server, store } = await open(manner);
    expect(await store.put(key, streamOf(content))).toBe(content.length);
    expect(most()).toBe(concurrency);
    expect(server.objects.get(`p/${key}`)!.equals(content)).toBe(true);
  });

  test('goes on beside a part that is slow', async () => {
    let release = (): void => {};
    const slow = onPart('UploadPart', 2, ({ status, headers }) => (response) => {
      release = () => void response.writeHead(status, headers).end();
    });
    const { server, store } = await open(slow);
    const put = store.put(key, streamOf(content));
    await until(() => server.uploads.get('1')?.has(parts) ?? false);
    release();
    await put;
    expect(server.objects.get(`p/${key}`)!.equals(content)).toBe(true);
  });

  test.each(Object.entries(passing))('outlasts %s, whichever part it comes to', async (_, reply) => {
    await Promise.all(
      places.map(async (part) => {
        const { server, store } = await open(onPart('UploadPart', part, reply));
        expect(await store.put(key, streamOf(content))).toBe(content.length);
        expect(server.objects.get(`p/${key}`)!.equals(content)).toBe(true);
        expect(server.uploads.size).toBe(0);
      }),
    );
  });

  test('ends with the error of a part, and leaves nothing', async () => {
    await Promise.all(
      places.map(async (part) => {
        const { server, store } = await open(
          onPart('UploadPart', part, () => failing(403, 'AccessDenied'), true),
        );
        await expect(store.put(key, streamOf(content))).rejects.toMatchObject({ code: 'store.refused' });
        expect([server.objects.size, server.uploads.size]).toEqual([0, 0]);
        expect(server.requests.at(-1)).toMatch(/^AbortMultipartUpload/);
      }),
    );
  });

  test.each([
    ['what has no digest is removed', undefined, 0],
    ['what has one stays for the next run', 'a digest', 1],
  ])('that is stopped with all its parts on their way ends at once: %s', async (_, sha256, left) => {
    const stop = new AbortController();
    const { server, store } = await open((request) =>
      request.operation === 'UploadPart' ? () => {} : undefined,
    );
    const options = { signal: stop.signal, ...(sha256 && { sha256 }) };
    const put = store.put(key, () => streamOf(content), options);
    const sent = () => server.requests.filter((line) => line.startsWith('UploadPart')).length;
    await until(() => sent() === concurrency);
    stop.abort();
    await expect(put).rejects.toMatchObject({ code: 'run.interrupted' });
    expect([sent(), server.uploads.size]).toEqual([concurrency, left]);
  });
});

describe('a download', () => {
  const stored = async (manner?: Manner) => {
    const opened = await open(manner);
    opened.server.objects.set(`p/${key}`, content);
    return opened;
  };

  test('has as many ranges on their way as the plan says', async () => {
    // One, two, four: the third wave is full.
    const waves = [1, 2, concurrency];
    let [waiting, most] = [0, 0];
    const held: (() => void)[] = [];
    const { store } = await stored((request, honest) => {
      if (request.operation !== 'GetObject') return undefined;
      most = Math.max(most, ++waiting);
      const { status, headers = {}, body = '' } = honest();
      return (response) => {
        held.push(() => {
          waiting--;
          response.writeHead(status, { 'content-length': body.length, ...headers }).end(body);
        });
        if (waiting >= (waves[0] ?? 0)) {
          waves.shift();
          for (const go of held.splice(0)) go();
        }
      };
    });
    expect((await collect(store.get(key))).equals(content)).toBe(true);
    expect(most).toBe(concurrency);
  });

  test('is in order, though its ranges are not', async () => {
    let release = (): void => {};
    const slow = onPart('GetObject', 5, ({ status, headers, body = '' }) => (response) => {
      release = () =>
        void response.writeHead(status, { 'content-length': body.length, ...headers }).end(body);
    });
    const { server, store } = await stored(slow);
    const got = collect(store.get(key));
    await until(() => server.requests.length >= 7);
    release();
    expect((await got).equals(content)).toBe(true);
  });

  test.each(Object.entries(passing))('outlasts %s, whichever range it comes to', async (_, reply) => {
    await Promise.all(
      places.map(async (part) => {
        const { store } = await stored(onPart('GetObject', part, reply));
        expect((await collect(store.get(key))).equals(content)).toBe(true);
        const from = partBytes * 2 + 17;
        expect((await collect(store.get(key, from))).equals(content.subarray(from))).toBe(true);
      }),
    );
  });

  test('asks again only for what did not come', async () => {
    const { server, store } = await stored(onPart('GetObject', 4, cut));
    await collect(store.get(key));
    expect(server.requests).toHaveLength(parts + 1);
  });

  const replaced = {
    code: 'store.missing',
    message: expect.stringContaining('was replaced while it was read'),
  };

  test.each([2, 7, parts])('of an object that is replaced before range %d is given up', async (part) => {
    const { server, store } = await stored((request, honest) => {
      if (request.operation === 'GetObject' && Math.floor(partOf(request)) === part)
        server.objects.set(`p/${key}`, Buffer.concat([content]).fill(1, 0, 10));
      return honest();
    });
    await expect(collect(store.get(key))).rejects.toMatchObject(replaced);
  });

  test.each(places.slice(1))(
    'whose range %d is of another object, as its ETag says, is given up',
    async (part) => {
      const other = ({ headers, ...answer }: S3Answer) => ({
        ...answer,
        headers: { ...headers, etag: '"other"' },
      });
      const { store } = await stored(onPart('GetObject', part, other));
      await expect(collect(store.get(key))).rejects.toMatchObject(replaced);
    },
  );

  test('ends with the error of a range, after what came before it', async () => {
    const { server, store } = await stored(onPart('GetObject', 6, () => failing(403, 'AccessDenied'), true));
    let got = 0;
    const reading = (async () => {
      for await (const chunk of store.get(key)) got += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: 'store.refused' });
    expect(got).toBe(5 * partBytes);
    expect(server.requests.length).toBeLessThan(parts);
  });

  test('whose reader stops soon has asked for little, and leaves no request behind', async () => {
    let closed = 0;
    const { server, store } = await stored((request, honest) => {
      if (request.operation !== 'GetObject' || partOf(request) <= 2) return honest();
      return (response) => void response.once('close', () => closed++);
    });
    let got = 0;
    for await (const chunk of store.get(key)) {
      got += chunk.length;
      if (got <= partBytes) continue;
      await until(() => server.requests.length === 3);
      break;
    }
    await until(() => closed === server.requests.length - 2);
    expect(server.requests).toHaveLength(3);
  });

  test('of nothing, of less than a range, and from its end on', async () => {
    const { server, store } = await stored();
    server.objects.set('p/redis/empty', Buffer.of());
    server.objects.set('p/redis/small', Buffer.from('small'));
    expect(await collect(store.get('redis/empty'))).toHaveLength(0);
    expect((await collect(store.get('redis/small'))).toString()).toBe('small');
    expect(await collect(store.get(key, content.length))).toHaveLength(0);
    expect(await collect(store.get(key, content.length - 1))).toHaveLength(1);
  });
});

describe('a copy of a long object', () => {
  const source = async (manner?: Manner) => {
    const opened = await open(manner);
    opened.server.objects.set('p/redis/source', content);
    return opened;
  };

  test('has as many pieces on their way as the plan says', async () => {
    const { manner, most } = gate('UploadPartCopy', concurrency);
    const { server, store } = await source(manner);
    await store.copy('redis/source', key);
    expect(most()).toBe(concurrency);
    expect(server.objects.get(`p/${key}`)!.equals(content)).toBe(true);
  });

  test('copies a piece again that failed, and no other', async () => {
    await Promise.all(
      places.map(async (part) => {
        const { server, store } = await source(
          onPart('UploadPartCopy', part, () => failing(500, 'InternalError')),
        );
        await store.copy('redis/source', key);
        expect(server.objects.get(`p/${key}`)!.equals(content)).toBe(true);
        expect(server.requests.filter((line) => line.startsWith('UploadPartCopy'))).toHaveLength(parts + 1);
        expect(server.requests.filter((line) => line.startsWith('Create'))).toHaveLength(1);
      }),
    );
  });

  test('that fails leaves nothing', async () => {
    const { server, store } = await source(
      onPart('UploadPartCopy', 3, () => failing(403, 'AccessDenied'), true),
    );
    await expect(store.copy('redis/source', key)).rejects.toMatchObject({ code: 'store.refused' });
    expect([...server.objects.keys(), ...server.uploads.keys()]).toEqual(['p/redis/source']);
  });
});
