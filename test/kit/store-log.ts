import type { LogReader } from '../../runtime/src/engines/engine-log.ts';
import type { App } from '../../runtime/src/session/app.ts';
import { putPiece, sealPiece } from '../../runtime/src/wal/piece.ts';
import { placeOf } from '../../runtime/src/wal/place.ts';

/** Stores a log as a receiver does, in pieces of 4 MiB, and resolves to their keys; the last one has the time of its end. */
export const storeLog = async (app: App, target: string, log: LogReader): Promise<readonly string[]> => {
  const place = placeOf(app, target);
  const keys: string[] = [];
  let from = log.timelines[0]?.from ?? 0n;
  let waiting: Buffer[] = [];
  const put = async (): Promise<void> => {
    const bytes = Buffer.concat(waiting);
    const to = from + BigInt(bytes.length);
    const time = to === log.end ? log.endTime.getTime() : log.endTime.getTime() - 60_000;
    const piece = await sealPiece(place, { system: log.system, timeline: 1, from, to, time }, bytes);
    await putPiece(place, piece);
    keys.push(piece.key);
    [from, waiting] = [to, []];
  };
  for await (const bytes of log.read(from)) {
    waiting.push(bytes);
    if (waiting.length === 4) await put();
  }
  if (waiting.length > 0) await put();
  return keys;
};
