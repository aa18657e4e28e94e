import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { configKey } from '../../src/environment/environment.ts';
import { root } from './environments.ts';
import { runProgram, type ProgramRun, type Registered } from './pulumi-engine.ts';

/** The project's settings. */
export const settings = load(readFileSync(join(root, 'Pulumi.yaml'), 'utf8')) as {
  readonly name: string;
  readonly main: string;
  readonly runtime: object;
  readonly requiredPulumiVersion: string;
  readonly config: Readonly<Record<string, { readonly type: string }>>;
};

export const fileOf = (stack: string): string => join(root, `Pulumi.${stack}.yaml`);

/** The environment as the stack's file has it. */
export const configOf = (stack: string): Readonly<Record<string, unknown>> =>
  (load(readFileSync(fileOf(stack), 'utf8')) as { config: Record<string, Record<string, unknown>> }).config[
    configKey
  ]!;

/** `Bucket` of `aws:s3/bucket:Bucket`. */
export const kindOf = (type: string): string => type.split(':').at(-1)!;

/** What AWS would answer for a resource. */
export const arnOf = (kind: string, name: string): string => `arn:test:${kind}:${name}`;

/** The access key that AWS would mint. */
export const minted = { id: 'backup:backup-id', secret: 'minted-by-aws' } as const;

const outputsOf = ({ type, name }: Registered) => {
  if (!type.startsWith('aws:')) return {};
  const arn = arnOf(kindOf(type), name);
  return type.endsWith(':AccessKey') ? { arn, secret: minted.secret, sesSmtpPasswordV4: 'unused' } : { arn };
};

/** What differs from the committed file of a stack. */
export interface Configuration {
  readonly environment?: unknown;
  /** Encrypted values by key without the project's name. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly plain?: Readonly<Record<string, string>>;
  /** Any other values, by full key. */
  readonly config?: Readonly<Record<string, string>>;
  readonly nodeOptions?: readonly string[];
}

const keyed = (values: Readonly<Record<string, string>> = {}) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [`${settings.name}:${key}`, value]));

/** Runs the program of a stack against an engine that only records. */
export const runStack = (
  stack: string,
  { environment = configOf(stack), secrets, plain, config, nodeOptions = [] }: Configuration = {},
): Promise<ProgramRun> =>
  runProgram({
    file: join(root, settings.main),
    nodeOptions,
    project: settings.name,
    stack,
    config: { [configKey]: JSON.stringify(environment), ...keyed(plain), ...keyed(secrets), ...config },
    secretKeys: Object.keys(keyed(secrets)),
    outputsOf,
  });
