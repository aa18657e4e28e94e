import { BackupError } from '../../../core/errors.ts';
import { collect } from '../../../core/process.ts';

/** One part of a multipart answer; read `content` to its end before asking for the next. */
export interface Part {
  readonly name: string;
  readonly content: AsyncIterable<Buffer>;
}

/** `multipart/mixed; boundary=…` → boundary. @throws BackupError dump.damaged */
export const boundaryOf = (contentType: string | undefined): string => {
  const [, boundary] = /^multipart\/mixed;.*boundary="?([^";]+)"?/i.exec(contentType ?? '') ?? [];
  if (boundary !== undefined) return boundary;
  throw new BackupError(
    'dump.damaged',
    `the server answered ${contentType ?? 'without a type'}, expected multipart/mixed`,
  );
};

const cut = (): BackupError =>
  new BackupError(
    'dump.damaged',
    'the metadata ends without its closing boundary; see the log of the server',
  );

/** Reads up to a delimiter that may lie across chunks; keeps what follows it. */
const openReader = (source: AsyncIterable<Buffer>) => {
  const iterator = source[Symbol.asyncIterator]();
  let rest = Buffer.from('\r\n'); // the first boundary has no line before it
  const more = async (): Promise<void> => {
    const next = await iterator.next();
    if (next.done) throw cut();
    rest = Buffer.concat([rest, next.value]);
  };
  return {
    close: () => iterator.return?.(),
    take: async (bytes: number): Promise<string> => {
      while (rest.length < bytes) await more();
      const taken = rest.subarray(0, bytes);
      rest = rest.subarray(bytes);
      return taken.toString('latin1');
    },
    until: async function* (delimiter: string): AsyncGenerator<Buffer, void, undefined> {
      for (;;) {
        const at = rest.indexOf(delimiter);
        const ready = at >= 0 ? at : Math.max(0, rest.length - delimiter.length + 1);
        const chunk = rest.subarray(0, ready);
        rest = rest.subarray(at >= 0 ? at + delimiter.length : ready);
        if (chunk.length > 0) yield chunk;
        if (at >= 0) return;
        await more();
      }
    },
  };
};

const nameOf = (headers: string): string => {
  const [, name] = /name="([^"]+)"/.exec(headers) ?? [];
  if (name !== undefined) return name;
  throw new BackupError('dump.damaged', 'the metadata has a part without a name');
};

/** Splits a multipart stream (RFC 2046, 5.1) without holding a part. @throws BackupError dump.damaged */
export async function* parts(
  source: AsyncIterable<Buffer>,
  boundary: string,
): AsyncGenerator<Part, void, undefined> {
  const reader = openReader(source);
  const delimiter = `\r\n--${boundary}`;
  try {
    await collect(reader.until(delimiter));
    for (let mark = await reader.take(2); mark !== '--'; mark = await reader.take(2)) {
      if (mark !== '\r\n') throw cut();
      const headers = await collect(reader.until('\r\n\r\n'));
      yield { name: nameOf(headers.toString('latin1')), content: reader.until(delimiter) };
    }
  } finally {
    await reader.close();
  }
}
