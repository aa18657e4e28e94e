import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { collect } from '../../../../runtime/src/core/process.ts';
import { boundaryOf, parts } from '../../../../runtime/src/engines/influxdb/v2/multipart.ts';

const boundary = 'f00d';

const encode = (contents: readonly Buffer[]): Buffer =>
  Buffer.concat([
    ...contents.flatMap((content, index) => [
      Buffer.from(
        `${index === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Disposition: attachment; name="p${index}"\r\n\r\n`,
      ),
      content,
    ]),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const decode = async (bytes: Buffer, size: number): Promise<readonly Buffer[]> => {
  const found: Buffer[] = [];
  for await (const { name, content } of parts(chunked(bytes, size), boundary)) {
    expect(name).toBe(`p${found.length}`);
    found.push(await collect(content));
  }
  return found;
};

/** Contents that nearly hold the boundary. */
const content = fc
  .array(fc.constantFrom('\r', '\n', '\r\n', '--', `\r\n--${boundary.slice(0, 3)}`, 'f00d', 'x', '\0'))
  .map((pieces) => Buffer.from(pieces.join('')))
  .filter((bytes) => !bytes.includes(`\r\n--${boundary}`));

describe('parts', () => {
  test('splits at every border of chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(content, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 40 }),
        async (all, size) => {
          expect(await decode(encode(all), size)).toEqual(all);
        },
      ),
    );
  });

  test('fails wherever the stream is cut', async () => {
    const whole = encode([Buffer.from('kv'), Buffer.from('sql')]);
    for (let length = 0; length < whole.length - '--\r\n'.length; length++)
      await expect(decode(whole.subarray(0, length), 7)).rejects.toThrow('without its closing boundary');
  });
});

test.each([['application/json'], ['multipart/mixed'], [undefined]])(
  'a type %s is no multipart answer',
  (type) => {
    expect(() => boundaryOf(type)).toThrow(/expected multipart\/mixed$/);
  },
);
