/** A file, folder or link of a tar file, as its header says. */
export interface TarFile {
  readonly name: string;
  readonly bytes: number;
  readonly type: 'file' | 'folder' | 'link';
  readonly mode: number;
}

/** What passes by: a header, then the bytes of a file in pieces, then its end. */
export type TarPart = { readonly file: TarFile } | { readonly bytes: Buffer } | { readonly end: TarFile };

const blockBytes = 512;

const textAt = (block: Buffer, from: number, length: number): string => {
  const field = block.subarray(from, from + length);
  const zero = field.indexOf(0);
  return field.toString('latin1', 0, zero < 0 ? length : zero);
};

/** Octal text, or, with the first bit set, binary in base 256 (GNU). */
const numberAt = (block: Buffer, from: number, length: number): number => {
  const field = block.subarray(from, from + length);
  const value =
    (field[0] ?? 0) & 0x80
      ? Number(BigInt(`0x${field.toString('hex', 1)}`))
      : Number.parseInt(textAt(block, from, length).trim() || '0', 8);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error('a header of the tar file holds no number');
  return value;
};

/** The sum over the header with its own field as blanks. */
const sumOf = (block: Buffer): number => {
  let sum = 8 * 0x20;
  for (const [at, byte] of block.entries()) if (at < 148 || at >= 156) sum += byte;
  return sum;
};

const types: Readonly<Record<string, TarFile['type']>> = {
  '0': 'file',
  '': 'file',
  '5': 'folder',
  '2': 'link',
};

/** One header. Names are bytes, each a character. @throws Error for one that PostgreSQL does not write */
const headerOf = (block: Buffer): TarFile => {
  if (numberAt(block, 148, 8) !== sumOf(block)) throw new Error('a header of the tar file is damaged');
  const [prefix, rest] = [textAt(block, 345, 155), textAt(block, 0, 100)];
  const name = (prefix ? `${prefix}/${rest}` : rest).replace(/^\.\//, '').replace(/\/$/, '');
  const type = types[textAt(block, 156, 1)];
  if (!type) throw new Error(`${name} in the tar file is neither file, folder nor link`);
  return { name, bytes: type === 'file' ? numberAt(block, 124, 12) : 0, type, mode: numberAt(block, 100, 8) };
};

const isZero = (block: Buffer): boolean => block.every((byte) => byte === 0);

/** Takes a tar file apart as it passes by, without waiting for anything: call `parts` for each chunk, then `finish`. */
export const openTar = () => {
  let head = Buffer.alloc(0);
  let file: TarFile | undefined;
  let [left, padding, ended] = [0, 0, false];
  /** Bytes used of the chunk for the next header; the header where it is whole. */
  const takeHeader = (chunk: Buffer): { used: number; block?: Buffer } => {
    const used = Math.min(blockBytes - head.length, chunk.length);
    const block = Buffer.concat([head, chunk.subarray(0, used)]);
    head = block.length < blockBytes ? block : Buffer.alloc(0);
    return block.length < blockBytes ? { used } : { used, block };
  };
  const parts = function* (chunk: Buffer): Generator<TarPart> {
    let at = 0;
    while (at < chunk.length) {
      if (file) {
        const bytes = chunk.subarray(at, at + left);
        at += bytes.length;
        left -= bytes.length;
        if (bytes.length > 0) yield { bytes };
        if (left === 0) {
          yield { end: file };
          file = undefined;
        }
        continue;
      }
      const skipped = Math.min(padding, chunk.length - at);
      [at, padding] = [at + skipped, padding - skipped];
      if (at === chunk.length) return;
      const { used, block } = takeHeader(chunk.subarray(at));
      at += used;
      if (!block) return;
      if (isZero(block)) {
        ended = true;
        continue;
      }
      if (ended) throw new Error('the tar file goes on after its end');
      const found = headerOf(block);
      yield { file: found };
      padding = (blockBytes - (found.bytes % blockBytes)) % blockBytes;
      if (found.bytes === 0) yield { end: found };
      else [file, left] = [found, found.bytes];
    }
  };
  const finish = (): void => {
    if (!ended || file || head.length > 0) throw new Error('the tar file ends early');
  };
  return { parts, finish };
};
