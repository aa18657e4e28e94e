import type { Context } from 'hono';
import type { Authenticate, Caller } from '../auth/caller.ts';
import type { Access } from '../auth/access.ts';
import type { Trail } from '../auth/trail.ts';
import type { Sessions } from '../auth/session.ts';
import type { ReadRuns } from '../queries/runs.ts';
import type { Keeper } from '../state/keeper.ts';
import type { Cluster } from '../../cluster/api.ts';
import type { App } from '../../session/app.ts';

/** What every request is answered with. */
export interface Console {
  readonly app: App;
  readonly cluster: Cluster;
  readonly keeper: Keeper;
  readonly runs: ReadRuns;
  readonly access: Access;
  readonly authenticate: Authenticate;
  readonly sessions: Sessions;
  readonly trail: Trail;
  /** Namespace of the backup system. */
  readonly namespace: string;
}

/** What a request carries on its way. */
export interface Env {
  readonly Variables: { caller: Caller };
}

export type WebContext = Context<Env>;
