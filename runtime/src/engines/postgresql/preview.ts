import type { RunContext } from '../../core/context.ts';
import type { Entries, Preview, RestoreRequest } from '../engine.ts';
import { maintenanceDatabase, withClient, type PostgresqlSource } from './client.ts';
import { readHead, type Head } from './head.ts';
import { assertExtensions, assertVersion, missingTablespaces } from './load.ts';
import { missingRights } from './rights.ts';
import { surroundings } from './surroundings.ts';

const subscription = /^\d+; \d+ \d+ SUBSCRIPTION - (.+) \S+$/gm;

/** What of the archive does not come back as it was. */
const leftOut = ({ roles, list }: Head, tablespaces: readonly string[]): readonly string[] => [
  ...(tablespaces.length === 0
    ? []
    : [`the server lacks tablespaces, and their content goes to the default one: ${tablespaces.join(', ')}`]),
  ...[...list.matchAll(subscription)].map(
    ([, name]) => `subscription ${name} is restored disabled, without its position in the publisher's stream`,
  ),
  ...roles.leftOut.map((what) => `not restored: ${what}`),
];

/** Looks at server and archive before anything is changed. */
export const preview = async (
  context: RunContext,
  source: PostgresqlSource,
  entries: Entries,
  request: RestoreRequest,
): Promise<Preview> => {
  const head = await readHead(context, entries);
  return withClient(source, maintenanceDatabase(source.connection.database), async (client) => {
    await assertVersion(client, head.settings);
    await assertExtensions(client, head.list);
    const around = await surroundings(client, source, request);
    const rights = await missingRights(
      client,
      head.settings,
      head.list,
      head.roles.roles.map(({ name }) => name),
    );
    return {
      hindrances: [...around.hindrances, ...rights],
      notes: [...leftOut(head, await missingTablespaces(client, head.settings)), ...around.notes],
    };
  });
};
