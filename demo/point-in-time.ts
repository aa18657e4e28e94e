import type { RestoreResult } from '../runtime/src/commands/restore/result.ts';
import type { Found } from '../runtime/src/commands/wal/result.ts';
import { metricsPaths } from '../runtime/src/contract/metrics.ts';
import { baseCronJobName, names, receiverName } from '../runtime/src/contract/names.ts';
import { mustExist } from '../runtime/src/core/must-exist.ts';
import { formatCount } from '../runtime/src/core/units.ts';
import { until } from '../test/kit/until.ts';
import { runCronJob } from './backup.ts';
import type { Database } from './databases/database.ts';
import { find } from './pod/cluster.ts';
import { serveDeployment } from './pod/deployment.ts';
import { startPod, type Pod } from './pod/pod.ts';
import { heading, interruptible, step } from './progress.ts';
import type { Options } from './options.ts';
import type { Stage } from './stage.ts';
import { startWriter, type Writer } from './writer.ts';

const target = 'postgresql';
const damagedTable = 'credentials';
const accident = `DELETE FROM ${damagedTable}`;

/** Rows that a writer commits before and after the accident. */
const rowsBetween = 20;

const json = async <Result>(pod: Pod, argv: readonly string[], signal: AbortSignal): Promise<Result> =>
  JSON.parse((await pod.exec([...argv, '--json'], signal)).stdout) as Result;

/** Looks for the accident in the stored log, until the receiver has stored it. */
const findAccident = async (pod: Pod, signal: AbortSignal): Promise<Found['transactions'][number]> =>
  until(async () => {
    const argv = [names.program, 'wal', 'find', target, accident];
    return (await json<Found>(pod, argv, signal)).transactions.at(-1);
  });

const showFound = ({ id, at, did }: Found['transactions'][number]): string =>
  `transaction ${id}, committed ${at}, ${did.map(({ what, rows = 0, relation }) => `${what} ${formatCount(rows, 'row')} of ${relation}`).join(', ')}`;

/** The command that `wal find` names, for one table. */
const restoreTable = async (pod: Pod, command: string, signal: AbortSignal): Promise<RestoreResult> => {
  const argv = [...command.split(' '), '--only', `public.${damagedTable}`, '--force'];
  return mustExist((await json<RestoreResult[]>(pod, argv, signal))[0], 'result');
};

const digestOf = async ({ digest }: Database): Promise<string> =>
  mustExist((await digest())[damagedTable], `digest of ${damagedTable}`);

const verdict = (holds: boolean, sentence: string): boolean => {
  console.log(`  ${sentence}: ${holds ? 'yes' : 'NO'}`);
  return holds;
};

/** The table against what it was, and what the writer has against what it was promised. */
const proveBoth = async (database: Database, before: string, writer: Writer): Promise<boolean> => {
  await writer.more(1); // after the restore
  await writer.stop();
  const [isBack, rows] = [(await digestOf(database)) === before, await writer.present()];
  await writer.close();
  const all = [
    verdict(isBack, `table ${damagedTable} is what it was before the accident`),
    verdict(
      rows === writer.committed(),
      `all ${writer.committed()} rows that the writer committed are there`,
    ),
  ];
  return all.every(Boolean);
};

/** Fills the database, takes a base, and follows the log from then on. */
const prepare = async (
  stage: Stage,
  database: Database,
  bytes: number,
  signal: AbortSignal,
  stack: AsyncDisposableStack,
): Promise<void> => {
  heading(
    'Before: a receiver stores the log of the database within a second, and a base is taken once a week',
  );
  await step(`fill ${target}`, signal, () => interruptible(signal, database.fill(bytes)));
  const receiver = receiverName(target);
  const deployed = { name: receiver, ready: metricsPaths.ready };
  await step(`start ${receiver}`, signal, () => serveDeployment(stage.cluster, deployed, signal, stack));
  const base = baseCronJobName(target);
  await step(base, signal, () => runCronJob(stage, base, signal), String);
};

/** Damages a table while somebody writes to another; resolves to what the table was before. */
const haveAccident = async (database: Database, writer: Writer, signal: AbortSignal): Promise<string> => {
  heading('Accident: somebody deletes the rows of a table, while the platform goes on writing to another');
  await step(
    'write',
    signal,
    () => writer.more(rowsBetween),
    () => `${writer.committed()} rows committed`,
  );
  const before = await digestOf(database);
  await step(
    'delete',
    signal,
    () => writer.query(accident),
    () => accident,
  );
  if ((await digestOf(database)) === before)
    throw new Error('the accident changed nothing, so a restore would prove nothing');
  await step(
    'write',
    signal,
    () => writer.more(rowsBetween),
    () => `${writer.committed()} rows committed`,
  );
  return before;
};

/** Brings back the instant before it, of that table alone. */
const undo = async ({ cluster }: Stage, writer: Writer, signal: AbortSignal): Promise<void> => {
  heading(`Back to the instant before it, in pod ${names.restorePod}; the writer is not stopped`);
  const pod = await startPod(cluster, find(cluster, 'Pod', names.restorePod));
  const found = await step('find it in the log', signal, () => findAccident(pod, signal), showFound);
  const { restore } = found.result;
  console.log(`  just before it: ${restore} --only public.${damagedTable}`);
  const [begun, tellRestored] = [
    writer.committed(),
    ({ archive }: RestoreResult) => `from ${archive} and the log after it`,
  ];
  await step('restore', signal, () => restoreTable(pod, restore, signal), tellRestored);
  console.log(`  the writer committed ${writer.committed() - begun} rows meanwhile`);
};

/** Damages a table while somebody writes to another, and brings back the instant before. Resolves to whether all is as it should be. */
export const playPointInTime = async (
  stage: Stage,
  { bytes }: Pick<Options, 'bytes'>,
  signal: AbortSignal,
  stack: AsyncDisposableStack,
): Promise<boolean> => {
  const database = mustExist(
    stage.databases.find((each) => each.target === target),
    `database ${target}`,
  );
  const connection = mustExist(
    stage.plan.targets.find(({ name }) => name === target),
    `target ${target}`,
  ).connection;
  await prepare(stage, database, bytes, signal, stack);
  const writer = await startWriter(database, String(connection['database']));
  stack.defer(writer.close);
  const before = await haveAccident(database, writer, signal);
  await undo(stage, writer, signal);
  heading('Afterwards');
  return proveBoth(database, before, writer);
};
