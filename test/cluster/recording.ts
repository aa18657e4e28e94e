import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentOf, root, type EnvironmentName } from '../kit/environments.ts';
import { policiesOf } from './admission-cases.ts';
import type { Role } from './people.ts';
import type { ClusterAnswers } from './recorded-cluster.ts';

/** What a real API server answered, one file for each minor version that was asked; CI replays it. */
export interface Recording {
  /** Such as `v1.33.4`. */
  readonly server: string;
  readonly environments: Readonly<Record<EnvironmentName, Answers>>;
  /** Trouble of a cluster → what it answered to the preflight, where that is other than without troubles. */
  readonly preflights: Readonly<Record<string, ClusterAnswers>>;
}

export interface Answers {
  /** SHA-256 of the policies that were asked. */
  readonly policies: string;
  /** Title of the case → `allowed`, or why not. */
  readonly admission: Readonly<Record<string, string>>;
  /** Somebody of the role → request in words → whether the authorizer allows it. */
  readonly rights: Readonly<Record<Role, Readonly<Record<string, boolean>>>>;
}

const folder = join(root, 'test/fixtures/cluster');

export const digestOf = (name: EnvironmentName): string =>
  createHash('sha256')
    .update(policiesOf(environmentOf(name)))
    .digest('hex');

export const readRecordings = (): readonly Recording[] =>
  readdirSync(folder)
    .filter((file) => /^\d+\.\d+\.json$/.test(file))
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Recording);

export const writeRecording = (recording: Recording): void => {
  const [minor] = /\d+\.\d+/.exec(recording.server)!;
  writeFileSync(join(folder, `${minor}.json`), `${JSON.stringify(recording, undefined, 2)}\n`);
};
