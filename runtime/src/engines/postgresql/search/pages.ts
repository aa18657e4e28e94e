import { BackupError } from '../../../core/errors.ts';
import type { LogReader } from '../../engine-log.ts';
import { formatPosition } from '../replication/positions.ts';

/** How a server cuts its log; the first page of each of its files says it. */
export interface LogForm {
  readonly segmentBytes: number;
  readonly pageBytes: number;
}

/** A record of the log as its bytes, without the page headers between them; of a huge one the beginning. */
export interface RawRecord {
  readonly position: bigint;
  readonly bytes: Buffer;
  /** Length of the whole. */
  readonly total: number;
}

/** Bytes of an XLogRecord before its own content. */
export const recordHeader = 24;

const shortHeader = 24;
const longHeader = 40;
const isContinued = 0x01;
const isLong = 0x02;

/** Of a record, so much is kept: a message may have 1 GiB, what tells of changes of tables has far less. @default 32 MiB */
const mostKept = 32 << 20;

const aligned = (at: number): number => (at + 7) & ~7;

const damaged = (position: bigint, how: string): BackupError =>
  new BackupError('archive.damaged', `the log at ${formatPosition(position)} ${how}`);

/** All versions from 9.3 on begin pages with `D0xx` or `D1xx`. */
const isMagic = (value: number): boolean => value >> 8 === 0xd1 || value >> 8 === 0xd0;

/** Reads the header of the first page of a file. @throws BackupError archive.damaged */
export const readForm = (bytes: Buffer, position: bigint): LogForm => {
  const isHead =
    bytes.length >= longHeader && isMagic(bytes.readUInt16LE(0)) && (bytes.readUInt16LE(2) & isLong) !== 0;
  const [segmentBytes, pageBytes] = isHead ? [bytes.readUInt32LE(32), bytes.readUInt32LE(36)] : [0, 0];
  const fits = (size: number, least: number, most: number): boolean =>
    size >= least && size <= most && (size & (size - 1)) === 0;
  if (!fits(segmentBytes, 1 << 20, 1 << 30) || !fits(pageBytes, 1 << 10, 1 << 16))
    throw damaged(position, 'is not the head of a file of PostgreSQL');
  return { segmentBytes, pageBytes };
};

/** @param start the head of a file of the log @throws BackupError log.unreached, archive.damaged */
export const formAt = async (log: LogReader, start: bigint): Promise<LogForm> => {
  for await (const bytes of log.read(start)) return readForm(bytes, start);
  throw new BackupError('log.unreached', 'the stored log has no file yet');
};

/** A record whose end is on a later page. */
interface Pending {
  readonly position: bigint;
  readonly total: number;
  readonly parts: Buffer[];
  seen: number;
  kept: number;
}

const add = (pending: Pending, bytes: Buffer): void => {
  pending.seen += bytes.length;
  if (pending.kept >= mostKept) return;
  pending.kept += bytes.length;
  pending.parts.push(bytes);
};

const finished = ({ position, total, parts }: Pending): RawRecord => ({
  position,
  total,
  bytes: parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts),
});

/** After a switch the rest of the file is empty. */
const isSwitch = ({ bytes }: RawRecord): boolean =>
  bytes.length >= recordHeader && bytes[17] === 0 && ((bytes[16] ?? 0) & 0xf0) === 0x40;

/** Takes the pages of a log in their order, from any of them on, and gives the records that end in each. */
export const recordReader = ({ segmentBytes }: LogForm) => {
  let pending: Pending | undefined;
  let skipTo = 0n;

  /** The rest of a record from the page before; where the next one begins. */
  const takeRest = (page: Buffer, head: number, records: RawRecord[]): number => {
    const rest = page.readUInt32LE(16);
    const end = Math.min(head + rest, page.length);
    if (!pending) return head + rest; // its beginning was not read
    add(pending, page.subarray(head, end));
    if (pending.seen < pending.total) return page.length;
    records.push(finished(pending));
    pending = undefined;
    return end;
  };

  /** Records that begin on a page. */
  const takeNew = (page: Buffer, address: bigint, from: number, records: RawRecord[]): void => {
    for (let at = aligned(from); at + 4 <= page.length;) {
      const total = page.readUInt32LE(at);
      const position = address + BigInt(at);
      if (total === 0) return; // nothing was written behind it
      if (total < recordHeader) throw damaged(position, `has a record of ${total} bytes`);
      const bytes = page.subarray(at, Math.min(at + total, page.length));
      const begun: Pending = { position, total, parts: [bytes], seen: bytes.length, kept: bytes.length };
      if (bytes.length < total) {
        pending = begun;
        return;
      }
      records.push(finished(begun));
      at = aligned(at + total);
    }
  };

  return (page: Buffer, address: bigint): readonly RawRecord[] => {
    if (address < skipTo || page.length < shortHeader || page.readUInt16LE(0) === 0) return [];
    if (!isMagic(page.readUInt16LE(0)) || page.readBigUInt64LE(8) !== address)
      throw damaged(address, 'is not a page of PostgreSQL');
    const info = page.readUInt16LE(2);
    const head = (info & isLong) === 0 ? shortHeader : longHeader;
    const records: RawRecord[] = [];
    // a server that crashed within a record leaves it without its end, and begins another one
    if ((info & isContinued) === 0) pending = undefined;
    const from = (info & isContinued) === 0 ? head : takeRest(page, head, records);
    if (!pending) takeNew(page, address, from, records);
    if (records.some(isSwitch)) {
      pending = undefined;
      skipTo = (address / BigInt(segmentBytes) + 1n) * BigInt(segmentBytes);
    }
    return records;
  };
};

interface Page {
  readonly page: Buffer;
  /** Of its first byte. */
  readonly address: bigint;
}

/** Cuts a log into its pages, chunk by chunk; what is left of a chunk goes before the next one. @param start a multiple of the page's size */
export const pageCutter = (pageBytes: number, start: bigint) => {
  let rest: Buffer = Buffer.alloc(0);
  let address = start;
  const cut = (chunk: Buffer): readonly Page[] => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const pages: Page[] = [];
    let at = 0;
    for (; at + pageBytes <= bytes.length; at += pageBytes) {
      pages.push({ page: bytes.subarray(at, at + pageBytes), address });
      address += BigInt(pageBytes);
    }
    rest = bytes.subarray(at);
    return pages;
  };
  /** A page that ends with the log. */
  const last = (): Page => ({ page: rest, address });
  return Object.assign(cut, { last });
};

/** Records of a log, those of a page at a time. @param start a multiple of the page's size @throws BackupError archive.damaged */
export async function* readRecords(
  log: AsyncIterable<Buffer>,
  start: bigint,
  form: LogForm,
): AsyncGenerator<readonly RawRecord[]> {
  const take = recordReader(form);
  const cut = pageCutter(form.pageBytes, start);
  for await (const chunk of log) for (const { page, address } of cut(chunk)) yield take(page, address);
  const { page, address } = cut.last();
  yield take(page, address);
}
