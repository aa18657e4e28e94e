import type { RunContext } from '../../core/context.ts';
import { BackupError, isBackupError } from '../../core/errors.ts';
import { capture } from '../../core/process.ts';
import type { ServerInfo } from '../engine.ts';
import { addressOf, call, type InfluxdbSource } from './http.ts';

export type Generation = 1 | 2;

/** `1.6.7~rc0` and `v2.7.12` → major version. */
export const majorOf = (version: string): number => Number(/^v?(\d+)\./.exec(version)?.[1] ?? Number.NaN);

const minorOf = (version: string): number => Number(/^v?\d+\.(\d+)/.exec(version)?.[1] ?? Number.NaN);

/** 1.x from 1.5 has portable backups; 2.x from 2.1 has backup/metadata (both: release notes of InfluxData). */
const supported = (version: string): boolean =>
  (majorOf(version) === 1 && minorOf(version) >= 5) || (majorOf(version) === 2 && minorOf(version) >= 1);

/** Generation that a version belongs to. @throws BackupError source.unsupported */
export const generationOf = (version: string): Generation => {
  if (supported(version)) return majorOf(version) as Generation;
  throw new BackupError(
    'source.unsupported',
    `influxdb ${version} is not supported; supported are 1.5 to 1.x and 2.1 to 2.x`,
  );
};

/** The version that `/ping` names in both generations; it needs no credentials. */
export const versionOf = async (context: RunContext, source: InfluxdbSource): Promise<string> => {
  const response = await call(context, source, {
    method: 'GET',
    path: '/ping',
    failure: 'source.unreachable',
  });
  response.resume();
  const version = response.headers['x-influxdb-version'];
  if (typeof version === 'string') return version.replace(/^v/, '');
  throw new BackupError('source.unsupported', `${addressOf(source)} does not name its version: no influxdb`);
};

export const serverInfo = (version: string, tools: ServerInfo['tools'] = {}): ServerInfo => ({
  product: 'InfluxDB',
  version,
  tools,
});

/** Programs that may be an influxd: `INFLUXD2` names one of 2.x beside a 1.x in PATH. */
const candidates = (): readonly string[] => [
  ...(process.env.INFLUXD2 ? [process.env.INFLUXD2] : []),
  'influxd',
];

export interface Influxd {
  readonly program: string;
  readonly version: string;
}

const influxdAt = (context: RunContext, program: string): Promise<Influxd | undefined> =>
  capture(context, { program, args: ['version'], failure: 'tool.missing' }).then(
    (text) => ({ program, version: /\bv?(\d+\.\d+\S*)/.exec(text)?.[1] ?? '' }),
    (error: unknown) => {
      if (isBackupError(error, 'tool.missing')) return undefined;
      throw error;
    },
  );

/** The installed influxd of a generation; undefined where there is none. */
export const findInfluxd = async (
  context: RunContext,
  generation: Generation,
): Promise<Influxd | undefined> => {
  for (const program of candidates()) {
    const found = await influxdAt(context, program);
    if (found && majorOf(found.version) === generation) return found;
  }
  return undefined;
};
