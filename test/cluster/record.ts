import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentNames, environmentOf, root, type EnvironmentName } from '../kit/environments.ts';
import { until } from '../kit/until.ts';
import { admissionCases, policiesOf, type AdmissionCase } from './admission-cases.ts';
import { kubectl, refusalOf, type Person } from './kubectl.ts';

// `KUBECONFIG=… node test/cluster/record.ts`: asks a real API server, as an administrator of an empty cluster, and writes
// what it answers where the tests replay it. It leaves nothing behind but the namespace.

export const recordingFile = join(root, 'test/fixtures/cluster/answers.json');

export interface Recording {
  readonly server: string;
  readonly environments: Readonly<Record<EnvironmentName, Answers>>;
}

export interface Answers {
  /** SHA-256 of the policies that were asked. */
  readonly policies: string;
  /** Title of the case → `allowed`, or why not. */
  readonly admission: Readonly<Record<string, string>>;
}

export const digestOf = (name: EnvironmentName): string =>
  createHash('sha256')
    .update(policiesOf(environmentOf(name)))
    .digest('hex');

const files = ['access', 'config', 'cron-jobs', 'admission'];

const personOf = (name: EnvironmentName, who: AdmissionCase['who']): Person => {
  const { oncallGroups, restoreGroups } = environmentOf(name).access;
  return { name: `somebody-of-${who}`, groups: who === 'oncall' ? oncallGroups : restoreGroups };
};

const answerTo = (name: EnvironmentName, { object, who }: AdmissionCase): Promise<string> =>
  kubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(object), personOf(name, who)).then(
    () => 'allowed',
    refusalOf,
  );

const apply = async (name: EnvironmentName): Promise<void> => {
  const { name: namespace } = environmentOf(name).namespace;
  await kubectl(['create', 'namespace', namespace]).catch(() => {});
  for (const file of files) await kubectl(['apply', '-f', join(root, `manifests/${name}/${file}.yaml`)]);
  const stranger = admissionCases(environmentOf(name)).find(({ denied }) => denied)!;
  await until(async () => (await answerTo(name, stranger)) !== 'allowed'); // policies are read a moment later
};

const remove = async (name: EnvironmentName): Promise<void> => {
  for (const file of files.toReversed())
    await kubectl([
      'delete',
      '--ignore-not-found',
      '--wait=false',
      '-f',
      join(root, `manifests/${name}/${file}.yaml`),
    ]);
};

const answersOf = async (name: EnvironmentName): Promise<Answers> => {
  await apply(name);
  const admission: Record<string, string> = {};
  for (const one of admissionCases(environmentOf(name))) admission[one.title] = await answerTo(name, one);
  await remove(name);
  return { policies: digestOf(name), admission };
};

export const readRecording = (): Recording => JSON.parse(readFileSync(recordingFile, 'utf8')) as Recording;

if (import.meta.main) {
  const { serverVersion } = JSON.parse(await kubectl(['version', '-o', 'json'])) as {
    serverVersion: { gitVersion: string };
  };
  const environments = {} as Record<EnvironmentName, Answers>;
  for (const name of environmentNames) environments[name] = await answersOf(name);
  const recording: Recording = { server: serverVersion.gitVersion, environments };
  writeFileSync(recordingFile, `${JSON.stringify(recording, undefined, 2)}\n`);
}
