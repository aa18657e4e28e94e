import { describe, expect, test } from '@jest/globals';
import { cronJobNames } from '../../../runtime/src/contract/names.ts';
import { scriptsFor } from '../../../runtime/src/contract/scripts.ts';
import { planOfOne } from '../../kit/plans.ts';

const targetOf = (more: object, engine?: string) => planOfOne(more, engine).targets[0]!;

describe('backups between the nights', () => {
  test('are hourly by default where the plan asks for parts', () => {
    expect(targetOf({ parts: true }).increments).toEqual({
      schedule: expect.stringMatching(/^\d+ \* \* \* \*$/),
    });
  });

  test.each([{}, { parts: 'auto' }, { parts: false }, { parts: true, increments: false }])(
    'are none with %j',
    (more) => {
      const { targets } = planOfOne(more);
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
    const { targets } = planOfOne({ parts: true });
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
