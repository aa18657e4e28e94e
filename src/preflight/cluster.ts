import type { List } from './api.ts';

/** `null`: it is not there. Undefined: whoever asks may not know, so it is not judged. */
export type Found<T> = T | null | undefined;

/** One request of whoever asks. A list, watch or create has no name. */
export interface Request {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** Absent for what has none. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** What the preflight asks of a cluster; nothing is written there. */
export interface Cluster {
  /**
   * Answer to a GET. Of a Secret the values are left out as soon as it is read.
   * @param path such as `/api/v1/namespaces/grill-stats`
   */
  readonly get: <T>(path: string) => Promise<Found<T>>;
  /** Which of the requests the authorizer allows whoever asks, in their order. */
  readonly may: (requests: readonly Request[]) => Promise<readonly boolean[]>;
}

/** Objects of a list; none where it may not be seen. */
export const itemsOf = <T>(list: Found<List<T>>): readonly T[] => list?.items ?? [];
