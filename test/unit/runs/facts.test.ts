import { describe, expect, test } from '@jest/globals';
import { commandOf, lastRuns, saysSomething } from '../../../runtime/src/runs/facts.ts';
import type { RunRecord } from '../../../runtime/src/runs/records.ts';

const run = (command: RunRecord['command'], day: number, more: Partial<RunRecord> = {}): RunRecord => ({
  format: 1,
  command,
  target: 'redis',
  startedAt: `2024-01-0${day}T02:00:00.000Z`,
  finishedAt: `2024-01-0${day}T02:01:00.000Z`,
  ok: true,
  exitCode: 0,
  figures: {},
  ...more,
});
const failed = (code: string): Partial<RunRecord> => ({
  ok: false,
  exitCode: 9,
  failure: { code, message: code },
});
const drill = { figures: { level: 'drill' } };

describe('a run', () => {
  test('is called a drill where it restored', () => {
    expect(commandOf(run('verify', 1, drill))).toBe('drill');
    expect(commandOf(run('verify', 1, { figures: { level: 'deep' } }))).toBe('verify');
    expect(commandOf(run('backup', 1, drill))).toBe('backup');
  });

  test('says nothing where another one kept it from starting', () => {
    expect(saysSomething(run('backup', 1, failed('lock.held')))).toBe(false);
    expect(saysSomething(run('backup', 1, failed('lock.lost')))).toBe(true);
    expect(saysSomething(run('backup', 1))).toBe(true);
  });
});

describe('lastRuns', () => {
  test('has the newest run of each command, drills apart', () => {
    const runs = [
      run('verify', 4),
      run('backup', 3),
      run('verify', 2, drill),
      run('backup', 1, failed('dump.failed')),
    ];
    expect([...lastRuns(runs)]).toEqual([
      ['verify', runs[0]],
      ['backup', runs[1]],
      ['drill', runs[2]],
    ]);
  });

  test('looks past a run that met a lock, to one that failed as well', () => {
    const runs = [run('backup', 2, failed('lock.held')), run('backup', 1, failed('dump.failed'))];
    expect([...lastRuns(runs)]).toEqual([['backup', runs[1]]]);
  });
});
