import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { install, planFor, type Installation } from '../kit/installation.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';

let postgresql: TestPostgresql;
let installation: Installation;

beforeAll(async () => {
  postgresql = await startPostgresql();
  await postgresql.psql('postgres', 'create database grill');
  await postgresql.psql('grill', 'create table readings as select generate_series(1, 3000000) as id');
  const connection = { host: postgresql.host, port: postgresql.port, database: 'grill' };
  const { user: username, password } = postgresql;
  const targets = [{ name: 'postgresql', engine: 'postgresql', connection, secret: { name: 'postgresql' } }];
  installation = install(targets, { postgresql: { username, password } });
  installation.setPlan(planFor(installation.backup, targets, { logLevel: 'DEBUG' })); // tells of a busy machine
}, 60_000);

afterAll(async () => {
  await installation.dispose();
  await postgresql.stop();
});

/** SCHED_OTHER and SCHED_BATCH of sched.h. */
const [other, batch] = [0, 3];

interface Process {
  readonly name: string;
  readonly parent: number;
  readonly policy: number;
}

/** proc_pid_stat(5): the name in parentheses, then fields from the third on; the parent is the 4th, the policy the 41st. */
const processOf = (pid: string | number): Process | undefined => {
  try {
    const [, name, rest] = /\((.*)\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))!;
    const fields = rest!.split(' ').map(Number);
    return { name: name!, parent: fields[1]!, policy: fields[38]! };
  } catch {
    return undefined; // it has ended
  }
};

test('a backup and the programs that it dumps and compresses with are batch jobs, unless the machine is busy', async () => {
  const policies = new Map<string, number>();
  const look = (pid: number): void => {
    for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const found = processOf(entry);
      if (found && (Number(entry) === pid || found.parent === pid)) policies.set(found.name, found.policy);
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const { code, stderr } = await installation.cli(['backup', 'postgresql'], (pid) => {
    timer = setInterval(() => look(pid), 5);
  });
  clearInterval(timer);
  expect(code).toBe(0);
  const policy = stderr.includes('the machine is busy') ? other : batch;
  expect(Object.fromEntries(policies)).toMatchObject({ MainThread: policy, pg_dump: policy, igzip: policy });
});
