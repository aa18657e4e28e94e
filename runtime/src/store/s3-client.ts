import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent, type AgentOptions } from 'node:https';
import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { BackupError, messageOf } from '../core/errors.ts';
import type { S3Config } from './config.ts';
import { boundAnswers, type AnswerLimits } from './s3-answers.ts';
import { leaveBodiesUnsigned, sliceBodies } from './s3-bodies.ts';

/** A pair of keys from the Secret; never logged. */
export interface S3Keys {
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface S3Limits extends AnswerLimits {
  /** Longest wait for a connection. */
  readonly connectMs: number;
  /** Longest silence on a connection; a server-side copy of one part must fit in. */
  readonly idleMs: number;
  /** Smallest part of a multipart upload, and a range of a download. S3 takes no less than 5 MiB except for the last. */
  readonly partBytes: number;
  /** Piece of a server-side copy, unless they would be too many. S3 takes up to 5 GiB; less keeps slow servers inside `idleMs`. */
  readonly copyPartBytes: number;
  /** How long a writer without conditions waits to see whether another one wrote the same name: see s3-sending.ts. */
  readonly settleMs: number;
}

export const s3Limits: S3Limits = {
  connectMs: 5000,
  idleMs: 120_000,
  partBytes: 8 << 20,
  copyPartBytes: 256 << 20,
  settleMs: 3000,
  answerBytes: 8 << 20,
  answerMs: 600_000,
};

/** A bucket, and the prefix in it under which all keys lie. */
export interface Bucket {
  readonly client: S3Client;
  readonly name: string;
  /** Empty, or ends with a slash. */
  readonly prefix: string;
  readonly location: string;
  readonly host: string;
  readonly checksums: S3Config['checksums'];
  readonly conditionalWrites: boolean;
  /** Parts of the smallest size on their way at the same time; larger ones as many as take the same memory. */
  readonly concurrency: number;
  /** Ranges of a download. Whoever limits bandwidth paces the reader, which nothing may read ahead of. */
  readonly ranges: number;
  readonly limits: S3Limits;
}

const readCa = (file: string): Promise<Buffer> =>
  readFile(file).catch((error: unknown) => {
    throw new BackupError('plan.invalid', `stores.s3.caFile cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  });

/** Bucket and prefix of `s3://bucket/prefix`. */
const parseBase = (base: string): { readonly name: string; readonly prefix: string } => {
  const [name = '', ...folders] = base.slice('s3://'.length).split('/').filter(Boolean);
  return { name, prefix: folders.map((folder) => `${folder}/`).join('') };
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that Node's agents read a proxy from: the plan's own, else those of the process, as curl knows them. */
const proxyVariables = ({ proxy }: S3Config, env: Environment): NonNullable<AgentOptions['proxyEnv']> =>
  proxy === undefined ? env : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy };

export const openBucket = async (
  config: S3Config,
  keys: S3Keys | undefined,
  limits: S3Limits,
): Promise<Bucket> => {
  const { region, endpoint, forcePathStyle, caFile, checksums, conditionalWrites, concurrency } = config;
  const agent = { keepAlive: true, proxyEnv: proxyVariables(config, process.env) };
  const sending = checksums === 'when-required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED';
  const handler = new NodeHttpHandler({
    connectionTimeout: limits.connectMs,
    socketTimeout: limits.idleMs,
    httpAgent: new HttpAgent(agent),
    httpsAgent: new Agent({ ...agent, ...(caFile && { ca: await readCa(caFile) }) }),
  });
  const client = new S3Client({
    region,
    ...(endpoint && { endpoint }),
    forcePathStyle,
    ...(keys && { credentials: { accessKeyId: keys.accessKey, secretAccessKey: keys.secretKey } }),
    requestChecksumCalculation: sending,
    responseChecksumValidation: sending,
    requestHandler: boundAnswers(sliceBodies(handler), limits),
  });
  leaveBodiesUnsigned(client);
  const { name, prefix } = parseBase(config.base);
  const host = endpoint ? new URL(endpoint).host : `s3.${region}.amazonaws.com`;
  const ranges = config.bandwidth === undefined ? concurrency : 1;
  const writing = { checksums, conditionalWrites };
  return { client, name, prefix, location: config.base, host, ...writing, concurrency, ranges, limits };
};

/** Names the object in messages: `s3://bucket/prefix/key at host`. */
export const nameOf = ({ name, prefix, host }: Bucket, key: string): string =>
  `s3://${name}/${prefix}${key} at ${host}`;
