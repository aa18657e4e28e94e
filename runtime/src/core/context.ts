import type { Logger } from 'pino';
import type { Part } from './part.ts';

/** Where a pod finds the Kubernetes API and the account that it has there. */
export interface ClusterAccess {
  /** Absent outside of a cluster. */
  readonly host: string | undefined;
  readonly port: number;
  /** Folder with the files `token`, `ca.crt` and `namespace`. */
  readonly accountFolder: string;
}

/** What a run takes from the outside world; tests replace each part. */
export interface RunContext {
  /** Wall clock; all names and times are UTC. */
  readonly now: () => Date;
  readonly randomBytes: (length: number) => Buffer;
  readonly log: Logger;
  /** Aborted by SIGTERM, SIGINT or the deadline; children are killed and streams destroyed with it. */
  readonly signal: AbortSignal;
  /** Folder for small files such as a password file; never for dumps, which have no bounded size. */
  readonly scratchDir: string;
  readonly readSecret: (secret: string, key: string) => Promise<string>;
  /** Path of a key of a mounted Secret or ConfigMap, for programs and libraries that read certificates themselves. */
  readonly fileOf: (place: 'secrets' | 'configMaps', name: string, key: string) => string;
  readonly cluster: ClusterAccess;
  /** Absent where one pod does all. */
  readonly part?: Part | undefined;
}
