import type { PrivateServer } from '../../test/kit/private-server.ts';
import type { PlanFolder } from '../harness/plan-folder.ts';
import type { Contender } from '../harness/measure.ts';

/** A server of either generation with an empty database or bucket. */
export interface Served extends PrivateServer {
  readonly version: string;
  /** As in the plan. */
  readonly connection: Readonly<Record<string, unknown>>;
  /** Key of the secret → value. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Writes line protocol. */
  readonly write: (lines: string) => Promise<void>;
  /** Ways to back the filled server up without us, the barest first. */
  readonly peers: (plan: PlanFolder) => Promise<readonly Contender[]>;
}
