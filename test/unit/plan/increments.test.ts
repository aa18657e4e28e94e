import { describe, expect, test } from '@jest/globals';
import { cronJobNames } from '../../../runtime/src/contract/names.ts';
import { scriptsFor } from '../../../runtime/src/contract/scripts.ts';
import { parsePlan } from '../../../runtime/src/plan/parse.ts';

const planOf = (more: object, engine = 'influxdb') =>
  parsePlan({
    environment: 'test',
    stores: { directory: {} },
    targets: [
      {
        name: 'one',
        engine,
        connection: { host: 'h', database: 'd' },
        secret: { name: 's' },
        schedule: '0 2 * * *',
        ...more,
      },
    ].map((target) => (engine === 'postgresql' ? target : { ...target, connection: { host: 'h' } })),
    verification: { schedule: '0 6 * * *' },
  });
const targetOf = (more: object, engine?: string) => planOf(more, engine).targets[0]!;

describe('backups between the nights', () => {
  test('are hourly by default where the plan asks for parts', () => {
    expect(targetOf({ parts: true }).increments).toEqual({
      schedule: expect.stringMatching(/^\d+ \* \* \* \*$/),
    });
  });

  test.each([{}, { parts: 'auto' }, { parts: false }, { parts: true, increments: false }])(
    'are none with %j',
    (more) => {
      const { targets } = planOf(more);
      expect(cronJobNames(targets)).not.toContain('one-hourly');
      expect(scriptsFor(targets).map(({ file }) => file)).not.toContain('one-hourly.sh');
    },
  );

  test('stay what they are when a plan is read again', () => {
    for (const increments of [undefined, false, { schedule: '*/15 * * * *' }]) {
      const target = targetOf({ parts: true, ...(increments !== undefined && { increments }) });
      expect(targetOf(target).increments).toEqual(target.increments);
    }
  });

  test('have a CronJob and a script', () => {
    const { targets } = planOf({ parts: true });
    expect(cronJobNames(targets)).toContain('one-hourly');
    expect(scriptsFor(targets)).toContainEqual({
      file: 'one-hourly.sh',
      command: ['backup', 'one', '--hourly'],
    });
  });

  test('keep an objective that the nights alone would miss', () => {
    expect(targetOf({ parts: true, rpo: '2h' }).rpo).toBe('2h');
    expect(() => targetOf({ parts: true, increments: false, rpo: '2h' })).toThrow(
      'the longest time between two runs',
    );
  });

  test('are refused where each would store everything', () => {
    const increments = {};
    expect(() => targetOf({ increments })).toThrow('expected parts: true');
    expect(() => targetOf({ increments, parts: true }, 'postgresql')).toThrow('reads everything');
  });
});
