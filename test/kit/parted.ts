import { earlierParts } from '../../runtime/src/archives/parts/earlier.ts';
import { writeParted } from '../../runtime/src/archives/parts/take.ts';
import type { Written } from '../../runtime/src/archives/write.ts';
import type { Earlier, PartsDump } from '../../runtime/src/engines/engine-parts.ts';
import { findTarget, type App } from '../../runtime/src/session/app.ts';
import { collect, streamOf } from './streams.ts';

/** What a database of parts holds: name of the part → its content. */
export type Database = ReadonlyMap<string, string>;

const notesOf = (database: Database): Buffer => Buffer.from(JSON.stringify([...database]));

const knownOf = async (earlier: Earlier | undefined): Promise<Database> => {
  if (!earlier) return new Map();
  return new Map(JSON.parse((await collect(earlier.notes())).toString('utf8')) as [string, string][]);
};

/** A dump with a head, parts, and a tail; a part goes on where its content is that of the earlier archive. */
const dumpOf = (database: Database, earlier: Earlier | undefined, isHeld: boolean): PartsDump => ({
  server: { product: 'Redis', version: '7.0.15', tools: {} },
  entries: (async function* () {
    const known = await knownOf(earlier);
    yield { name: 'head', content: streamOf('the head') };
    for (const [name, content] of database)
      if (known.get(name) === content && earlier?.has(name)) yield { name, isSame: true as const };
      else yield { name, content: streamOf(content), facts: () => ({ bytes: content.length }), isHeld };
    yield { name: 'tail', content: streamOf('the tail') };
  })(),
  fingerprint: () => Promise.resolve({ parts: { count: database.size } }),
  notes: () => notesOf(database),
  close: () => Promise.resolve(),
});

/** Backs a database up as target `redis` of the app's plan, as a run does between its lock and its retention. */
export const backUpParts = async (app: App, database: Database, isHeld = false): Promise<Written> => {
  const earlier = await earlierParts(app, 'redis');
  return writeParted(app, findTarget(app.plan, 'redis'), dumpOf(database, earlier, isHeld), 'daily', earlier);
};
