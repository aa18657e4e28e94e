import { exitCodes } from '../../contract/exit-codes.ts';
import type { Failures } from './failure.ts';

/** Runs and their proofs: verification, check, audit trail, locks, deadlines. */
export const runFailures = {
  'verification.failed': {
    exit: exitCodes.verification,
    retryable: false,
    meaning: 'At least one archive did not pass its verification or drill.',
    hint: 'see the report; take a new backup of each failed target',
    action:
      'The report names each archive, its failure and the code, which this page explains. Take a new backup, verify it, and then find the cause.',
  },
  'verification.incomplete': {
    exit: exitCodes.unexpected,
    retryable: true,
    meaning: 'The run was stopped before all archives were verified. What it reached was intact.',
    hint: 'the report holds what was verified; verify the remaining targets by name, or allow a longer deadline',
    action:
      'Verify the remaining targets by name. If it happens again, raise `verification.deadline` or `drill.deadline`.',
  },
  'drill.unavailable': {
    exit: exitCodes.verification,
    retryable: false,
    meaning: 'The drill could not run: there is no server for it, or the data does not fit into one.',
    hint: 'use the job image, which has the server programs, or name a drill server for the target in the plan',
    action:
      'The message names the cause. Use an image with server programs of the version (docs/reference/job-image.md), name a server in `targets[].drill`, or raise `drill.resources.limits`.',
  },
  'check.failed': {
    exit: exitCodes.verification,
    retryable: false,
    meaning: '`check` found something in the stores that finished runs do not leave.',
    hint: 'grill-backup check --repair fixes what is safe; docs/how-to/restore.md says what to do about the rest',
    action:
      'Each problem is listed with its kind and file. `check --repair` brings back files that another store has, sets aliases and removes what killed runs left. It does not decide which of two different files is right.',
  },
  'audit.broken': {
    exit: exitCodes.verification,
    retryable: false,
    meaning: 'The audit trail was altered, or has gaps.',
    hint: 'the audit trail was altered or damaged; keep the store as it is and compare it with its copies',
    action:
      'The report names each entry. Copy the folder `audit/` before anything else, and compare it with the other store. After the investigation move the folder away: the next run begins a new trail.',
  },
  'run.interrupted': {
    exit: exitCodes.unexpected,
    retryable: true,
    meaning: 'The run received a signal: its pod was deleted, its node drained, or somebody pressed Ctrl-C.',
    hint: 'partial files were removed; start the run again',
    action:
      'A Job starts it again by itself. A restore of PostgreSQL that was stopped has changed nothing; for the others see docs/how-to/restore.md.',
  },
  'run.deadline': {
    exit: exitCodes.unexpected,
    retryable: false,
    meaning:
      'The run took longer than its deadline allows, and stopped shortly before Kubernetes would have killed it.',
    hint: 'partial files were removed; give the target a longer deadline, or find out what slows the run down',
    action:
      'Compare the durations of earlier runs: `grill-backup status`. Raise `targets[].deadline`, `verification.deadline` or `drill.deadline`, or find what became slow: the server, the network, or `stores.s3.bandwidth`.',
  },
  'lock.held': {
    exit: exitCodes.locked,
    retryable: true,
    meaning: 'Another run works on the target.',
    hint: 'wait for the other run to finish',
    action:
      'The message names the run that has the lock, and until when. A backup has waited for it already. The lock of a killed run expires after 2 minutes, so there is nothing to remove by hand.',
  },
  'lock.lost': {
    exit: exitCodes.locked,
    retryable: true,
    meaning: 'The run could not renew its lock, so it stopped before another could meet it.',
    hint: 'the run stopped, because another may have started; check whether the store was unreachable, then start it again',
    action:
      'Check whether the store was unreachable for 2 minutes, the node was suspended, or the clocks of two nodes differ.',
  },
} as const satisfies Failures;
