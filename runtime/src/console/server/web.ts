import type { Context } from 'hono';
import type { Authenticate, Caller } from '../auth/caller.ts';
import type { Access } from '../auth/access.ts';
import type { Sessions } from '../auth/session.ts';
import type { Keeper } from '../state/keeper.ts';
import type { App } from '../../session/app.ts';

/** What every request is answered with. */
export interface Console {
  readonly app: App;
  readonly keeper: Keeper;
  readonly access: Access;
  readonly authenticate: Authenticate;
  readonly sessions: Sessions;
  /** Namespace of the backup system. */
  readonly namespace: string;
}

/** What a request carries on its way. */
export interface Env {
  readonly Variables: { caller: Caller };
}

export type WebContext = Context<Env>;
