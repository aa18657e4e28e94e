import { findTarget, openSource, type App } from '../../runtime/src/session/app.ts';
import { recoverInstant, type Ready } from '../../runtime/src/wal/recovered.ts';
import { candidatesOf, seek } from '../../runtime/src/wal/sought.ts';

/** What the log makes of the newest base. */
export const recoverNewest = async (app: App, name: string): Promise<Ready['data']> => {
  const target = findTarget(app.plan, name);
  const sought = seek(app, target, 'latest');
  const source = await openSource(app.run, target);
  const { data, close } = await recoverInstant(app, sought, source, await candidatesOf(app, sought));
  await close();
  return data;
};
