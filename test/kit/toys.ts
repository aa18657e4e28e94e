import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { BackupError } from '../../runtime/src/core/errors.ts';
import type { Entries } from '../../runtime/src/core/entries.ts';
import { oneChunk } from '../../runtime/src/core/one-chunk.ts';
import { collect } from '../../runtime/src/core/process.ts';
import { host, port } from '../../runtime/src/engines/connection.ts';
import type { RecoveryInput } from '../../runtime/src/engines/engine-base.ts';
import type { Engine } from '../../runtime/src/engines/engine.ts';
import type { LogStream, LogTarget, SlotState } from '../../runtime/src/engines/engine-log.ts';

/**
 * One more engine, as small as one can be: a shelf of toys. Its database is a folder of this machine with the log of what was put on the
 * shelf and taken away, a line each; without a folder, three toys that nobody asks for. A test copies this file among the engines.
 */
const connection = z.strictObject({ host, port: port.default(7777), folder: z.string().optional() });
type Connection = z.output<typeof connection>;
interface Source {
  readonly connection: Connection;
}

/** One line of the log. */
interface Line {
  readonly id: number;
  /** When it was committed, in ms. */
  readonly at: number;
  readonly put?: string;
  readonly taken?: string;
}

const server = { product: 'Toys', version: '1.0', tools: {} };
const system = '7000000000000000007';
const pollMs = 10;

const logFile = ({ connection: { folder = '' } }: Source): string => join(folder, 'log');
const slotFile = ({ connection: { folder = '' } }: Source, name: string): string => join(folder, name);

const logOf = (source: Source): Promise<Buffer> => readFile(logFile(source));

const linesIn = (bytes: Buffer): readonly Line[] =>
  bytes
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);

const shelved = (before: readonly string[], lines: readonly Line[]): readonly string[] =>
  lines.reduce<readonly string[]>((shelf, { put, taken }) => {
    if (put !== undefined) return [...shelf, put];
    return shelf.filter((toy) => toy !== taken);
  }, before);

const shelfOf = async (source: Source): Promise<readonly string[]> =>
  source.connection.folder === undefined
    ? ['car', 'ball', 'bear']
    : shelved([], linesIn(await logOf(source)));

const counted = (shelf: readonly string[]) => ({ shelf: { toys: shelf.length } });

const textOf = (shelf: readonly string[]): Buffer => Buffer.from(shelf.map((toy) => `${toy}\n`).join(''));

async function* oneEntry(name: string, content: Buffer): Entries {
  yield { name, content: oneChunk(content) };
}

/** The toys that a dump holds. */
const readShelf = async (entries: Entries): Promise<readonly string[]> => {
  let text = '';
  for await (const { content } of entries) text += (await collect(content)).toString();
  return text.split('\n').filter(Boolean);
};

const write = async (source: Source, toys: readonly string[], what: 'put' | 'taken'): Promise<void> => {
  const known = linesIn(await logOf(source)).length;
  const lines = toys.map((toy, index) => ({ id: known + index + 1, at: Date.now(), [what]: toy }));
  await appendFile(logFile(source), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
};

const slotState = async (source: Source, name: string): Promise<SlotState> => {
  const restart = await readFile(slotFile(source, name), 'utf8').catch(() => undefined);
  return restart === undefined
    ? { name, status: 'absent' }
    : { name, status: 'idle', restart: BigInt(restart) };
};

const follow = (source: Source, slot: string, from: bigint): LogStream => {
  const state: { closed?: true; seen?: { position: bigint; at: Date } } = {};
  async function* chunks() {
    for (let position = from; !state.closed;) {
      const log = await logOf(source);
      state.seen = { position: BigInt(log.length), at: new Date() };
      const bytes = log.subarray(Number(position));
      if (bytes.length > 0) yield { from: position, bytes, sentAt: state.seen.at };
      else await sleep(pollMs);
      position = BigInt(log.length);
    }
  }
  return {
    chunks: chunks(),
    confirm: (position) => void writeFile(slotFile(source, slot), `${position}`),
    seen: () => state.seen,
    switched: () => undefined,
    close: async () => void (state.closed = true),
  };
};

/** What a base is: toys, and where the log goes on. */
interface Base {
  readonly position: string;
  readonly shelf: readonly string[];
}

const readBase = async (entries: Entries): Promise<Base> => {
  for await (const { content } of entries) return JSON.parse((await collect(content)).toString()) as Base;
  throw new BackupError('archive.damaged', 'the base is empty');
};

const factsAt = (position: bigint) => {
  const at = { start: position, redo: position, end: position };
  return { system, timeline: 1, ...at, checksums: false };
};

/** Lines up to a target. */
const until = (lines: readonly Line[], target: LogTarget): readonly Line[] => {
  if (target === 'latest') return lines;
  if ('time' in target) return lines.filter(({ at }) => at <= target.time.getTime());
  if ('position' in target || 'beforePosition' in target)
    throw new BackupError('log.unreached', 'toys are found by time alone');
  const index = lines.findIndex(({ id }) => `${id}` === target.beforeTransaction);
  if (index < 0) throw new BackupError('log.unreached', `no toy ${target.beforeTransaction} in the log`);
  return lines.slice(0, index);
};

const recovered = async ({ entries, facts, log }: RecoveryInput, target: LogTarget) => {
  const { shelf } = await readBase(entries);
  const lines = until(linesIn(await collect(log.read(facts.start))), target);
  return { shelf: shelved(shelf, lines), last: lines.at(-1) };
};

export const toys: Engine<Connection> = {
  name: 'toys',
  title: 'Toys',
  defaultPort: 7777,
  connection,
  secretKeys: { pin: { defaultKey: 'pin', optional: false } },
  ports: (at) => [at.port],
  restoresBeside: true,
  probe: async () => server,
  dump: async (_, source) => {
    const shelf = await shelfOf(source);
    const fingerprint = async () => counted(shelf);
    return { server, entries: oneEntry('shelf.txt', textOf(shelf)), fingerprint, close: async () => {} };
  },
  inspect: async (_, entries) => counted(await readShelf(entries)),
  fingerprint: async (_, source) => counted(await shelfOf(source)),
  refusal: () => undefined,
  restore: async (_, source, entries, { mode }) => {
    const shelf = await readShelf(entries);
    if (mode === 'replace') {
      await write(source, await shelfOf(source), 'taken');
      await write(source, shelf, 'put');
    }
    return { fingerprint: counted(shelf) };
  },
  scratch: async () => undefined,
  log: {
    formatPosition: String,
    parsePosition: (text) => (/^\d+$/.test(text) ? BigInt(text) : undefined),
    dropStatement: (name) => `rm ${name}`,
    identify: async (_, source) => ({ system, timeline: 1, position: BigInt((await logOf(source)).length) }),
    openSlot: async (_, source, { name }) => {
      const { status: before } = await slotState(source, name);
      if (before === 'absent') await writeFile(slotFile(source, name), '0');
      return { state: await slotState(source, name), before };
    },
    slotState: (_, source, name) => slotState(source, name),
    dropSlot: (_, source, name) => rm(slotFile(source, name), { force: true }),
    stream: async (_, source, { slot, from }) => follow(source, slot, from),
    ancestors: () => [],
    history: async () => undefined,
    heartbeat: (_, source) => write(source, ['nothing'], 'taken'),
    find: async (_run, _names, { statement, from, to }) => ({
      notes: ['toys have their own names'],
      async *in({ log, start }) {
        for (const { id, at, put, taken } of linesIn(await collect(log.read(start)))) {
          const change = { what: put === undefined ? 'took' : 'put', relation: put ?? taken ?? '' };
          const isWanted = statement === undefined || statement === `${change.what} ${change.relation}`;
          if (isWanted && at >= from.getTime() && at <= to.getTime())
            yield {
              id: `${id}`,
              at: new Date(at).toISOString(),
              position: `${id}`,
              did: [change],
              isWhole: true,
            };
        }
      },
    }),
  },
  bases: {
    base: async (_, source) => {
      const log = await logOf(source);
      const base: Base = { position: `${log.length}`, shelf: shelved([], linesIn(log)) };
      const facts = async () => factsAt(BigInt(log.length));
      const entries = oneEntry('base.json', Buffer.from(JSON.stringify(base)));
      return { server, entries, facts, close: async () => {} };
    },
    inspect: async (_, entries) => {
      const { timeline, redo, end } = factsAt(BigInt((await readBase(entries)).position));
      return { timeline, redo, end };
    },
    recover: async (_, like, input, target) => {
      const { shelf, last } = await recovered(input, target);
      const folder = await mkdtemp(join(tmpdir(), 'toys-'));
      const source = { ...like, connection: { ...like.connection, folder } };
      await writeFile(logFile(source), '');
      await write(source, shelf, 'put');
      return {
        source,
        position: `${last?.id}`,
        ...(last && { lastCommit: new Date(last.at) }),
        stop: () => rm(folder, { recursive: true }),
      };
    },
    write: async (_, input, target, folder) =>
      writeFile(join(folder, 'shelf.txt'), textOf((await recovered(input, target)).shelf)),
  },
};
