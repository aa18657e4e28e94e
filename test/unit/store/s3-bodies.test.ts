import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { s3Config } from '../../../runtime/src/store/config.ts';
import { s3Limits } from '../../../runtime/src/store/s3-client.ts';
import { s3Store } from '../../../runtime/src/store/s3.ts';
import { makeCertificates, type Certificates } from '../../kit/certificates.ts';
import { failing, hostileBase, startHostileS3, type Manner } from '../../kit/hostile-s3.ts';
import { streamOf } from '../../kit/streams.ts';

let certificates: Certificates;
let tls: { readonly cert: Buffer; readonly key: Buffer };
beforeAll(async () => {
  certificates = await makeCertificates();
  const { certificate, key } = await certificates.issue('s3', { names: 'IP:127.0.0.1' });
  tls = { cert: await readFile(certificate), key: await readFile(key) };
});
afterAll(() => certificates.dispose());

const partBytes = 1 << 20;
const content = randomBytes(2 * partBytes + 12_345);

/** Uploads the content; what was signed of each part, and what is stored. */
const upload = async (secure: boolean, manner: Manner = () => undefined, checksums = 'when-required') => {
  const signed: (string | undefined)[] = [];
  const server = await startHostileS3(
    (request, honest) => {
      if (request.operation === 'UploadPart') signed.push(request.headers['x-amz-content-sha256'] as string);
      return manner(request, honest);
    },
    secure ? tls : undefined,
  );
  try {
    const caFile = secure ? { caFile: certificates.caFile('trusted') } : {};
    const config = {
      base: hostileBase,
      endpoint: server.endpoint,
      forcePathStyle: true,
      checksums,
      ...caFile,
    };
    const keys = { accessKey: 'a', secretKey: 'b' };
    const store = await s3Store(s3Config.parse(config), keys, { ...s3Limits, partBytes });
    await store.put('redis/a', streamOf(content));
    return { signed, stored: server.objects.get('p/redis/a') };
  } finally {
    await server.stop();
  }
};

const parts = [0, 1, 2].map((part) => content.subarray(part * partBytes, (part + 1) * partBytes));

test('over TLS, parts are sent in slices, whole, and not hashed for the signature', async () => {
  const { signed, stored } = await upload(true);
  expect(signed).toEqual(parts.map(() => 'UNSIGNED-PAYLOAD'));
  expect(stored?.equals(content)).toBe(true);
});

test('over TLS, a part whose answer was an error is sent again from its start', async () => {
  let failures = 0;
  const { stored } = await upload(true, ({ operation, query }) =>
    operation === 'UploadPart' && query.get('partNumber') === '2' && failures++ < 2
      ? failing(503, 'SlowDown')
      : undefined,
  );
  expect(failures).toBe(3);
  expect(stored?.equals(content)).toBe(true);
});

test('over TLS, the checksums that Object Lock asks for are sent', async () => {
  const checksums: unknown[] = [];
  await upload(
    true,
    ({ operation, headers }) => {
      if (operation === 'UploadPart') checksums.push(headers['x-amz-checksum-crc32']);
      return undefined;
    },
    'when-supported',
  );
  expect(checksums).toEqual(parts.map(() => expect.stringMatching(/^.{6}==$/)));
});

test('without TLS, the signature is over every byte', async () => {
  const { signed } = await upload(false);
  const digests = parts.map((part) => createHash('sha256').update(part).digest('hex'));
  expect(signed.toSorted()).toEqual(digests.toSorted());
});
