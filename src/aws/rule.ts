import type { AwsConfig } from './config.ts';

/** An environment, parts of which may still be wrong. */
export interface Draft {
  readonly aws?: AwsConfig;
  readonly retention?: unknown;
  readonly targets?: unknown;
  readonly verification?: { readonly reportDays?: unknown };
  readonly stores?: {
    readonly s3?: {
      readonly base?: unknown;
      readonly region?: unknown;
      readonly endpoint?: unknown;
      readonly checksums?: unknown;
      readonly credentials?: unknown;
    };
  };
}

/** What is wrong with the value at a path. */
export interface Finding {
  readonly path: readonly string[];
  readonly allowed: string;
  readonly hint?: string;
}

/** What contradicts; false or undefined where nothing does. */
export type Rule = (aws: AwsConfig, draft: Draft) => readonly (Finding | false | undefined)[];
