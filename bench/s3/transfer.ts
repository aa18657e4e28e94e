import { createReadStream, createWriteStream } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { pipeline } from 'node:stream/promises';

enableCompileCache(); // as runtime/bin/grill-backup does
const { s3Config } = await import('../../runtime/src/store/config.ts');
const { retrying } = await import('../../runtime/src/store/retrying-store.ts');
const { s3Store } = await import('../../runtime/src/store/s3.ts');

/**
 * Sends a file to a store or gets it from there, as backup and restore do: transfer.ts put|get CONFIG KEY FILE.
 * Keys come from the variables that the AWS CLI has them from.
 */
const [direction, config = '{}', key = '', file = ''] = process.argv.slice(2);
const { AWS_ACCESS_KEY_ID: accessKey = '', AWS_SECRET_ACCESS_KEY: secretKey = '' } = process.env;
const store = retrying(await s3Store(s3Config.parse(JSON.parse(config)), { accessKey, secretKey }));

if (direction === 'put')
  await store.put(key, createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>, {
    replace: true,
  });
else await pipeline(store.get(key), createWriteStream(file, { highWaterMark: 1 << 20 }));
process.exit();
