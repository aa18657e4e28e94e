import type { BaseFacts } from '../../runtime/src/engines/engine-base.ts';
import type { App } from '../../runtime/src/session/app.ts';
import { writeBase } from '../../runtime/src/wal/bases.ts';
import { pieceKey, type PieceName } from '../../runtime/src/wal/names.ts';
import { putHistory } from '../../runtime/src/wal/history.ts';
import { putPiece, sealPiece } from '../../runtime/src/wal/piece.ts';
import { placeOf } from '../../runtime/src/wal/place.ts';
import { entriesOf } from './streams.ts';
import { toyBytes } from './toy-log.ts';

/** Of the log that is simulated. */
export const simulatedSystem = '7000000000000000001';

/** A base without a server, that was whole at some time. */
export const simulateBase = async (
  app: App,
  name: string,
  at: Date,
  facts: Partial<BaseFacts> & Pick<BaseFacts, 'start' | 'end'>,
): Promise<void> => {
  const target = app.plan.targets.find((each) => each.name === name)!;
  const all = { system: simulatedSystem, timeline: 1, redo: facts.start, checksums: true, ...facts };
  await writeBase({ ...app, run: { ...app.run, now: () => at } }, target, {
    server: { product: 'PostgreSQL', version: '15.5', tools: {} },
    entries: entriesOf({ 'base.tar': 'pages' }),
    facts: async () => all,
    close: async () => {},
  });
};

/** Bytes [from, to) of a toy's log, as a receiver stores them. Resolves to the key. */
export const simulatePiece = async (
  app: App,
  name: string,
  piece: Pick<PieceName, 'from' | 'to'> & { readonly at: Date; readonly timeline?: number },
): Promise<string> => {
  const { from, to, at, timeline = 1 } = piece;
  const place = placeOf(app, name);
  const of = { system: simulatedSystem, timeline, from, to, time: at.getTime() };
  const sealed = await sealPiece(place, of, toyBytes(timeline, from, Number(to - from)));
  await putPiece(place, sealed);
  return pieceKey(name, sealed.name);
};

/** The second timeline takes over from the first at a position. */
export const simulatePromotion = (app: App, name: string, at: bigint): Promise<void> =>
  putHistory(
    placeOf(app, name),
    { system: simulatedSystem, timeline: 2 },
    Buffer.from(`1\t0/${at.toString(16).toUpperCase()}\tno recovery target specified\n`),
  );
