import type { Tls } from './tls.ts';

/** What a server or an archive says of itself. */
export interface ServerInfo {
  /** `PostgreSQL`, `InfluxDB`, `Redis`. */
  readonly product: string;
  readonly version: string;
  /** Versions of the programs used, by name. */
  readonly tools: Readonly<Record<string, string>>;
}

/** A database to dump from or restore into: the target of the plan with its credentials read. */
export interface Source<Connection = unknown> {
  readonly name: string;
  readonly connection: Connection;
  /** Values by role of `Engine.secretKeys`; absent where optional and not set. Never logged. */
  readonly credentials: Readonly<Record<string, string | undefined>>;
  /** Absent where the connection has no TLS of this form. */
  readonly tls?: Tls | undefined;
}

/** What a dump is asked for besides the data. */
export interface DumpOptions {
  /** An entry that says which instant of the log it is of, where the server can tell: `AgreementWork`. @default false */
  readonly instant?: boolean;
}
