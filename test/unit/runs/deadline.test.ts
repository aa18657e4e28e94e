import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { startDeadline } from '../../../runtime/src/runs/deadline.ts';

describe('startDeadline', () => {
  test('aborts before the deadline, with the figures as reason', async () => {
    // the process is older than that, so it is past
    const { signal } = startDeadline(0.001);
    if (!signal.aborted) await once(signal, 'abort');
    expect(signal.reason).toMatchObject({
      code: 'run.deadline',
      message: 'stopped after 0s, shortly before the deadline of 0s',
    });
  });

  test('is not reached before', () => {
    const { signal, clear } = startDeadline(process.uptime() + 3600);
    expect(signal.aborted).toBe(false);
    clear();
  });

  test('is never reached where there is none, or where it was cleared', () => {
    const none = startDeadline(undefined);
    none.clear();
    expect(none.signal.aborted).toBe(false);
    const far = startDeadline(365 * 86_400); // further than a timer reaches
    expect(far.signal.aborted).toBe(false);
    far.clear();
  });
});
