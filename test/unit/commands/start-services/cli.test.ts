import { expect, test } from '@jest/globals';
import { renderStarted } from '../../../../runtime/src/commands/start-services/text.ts';
import { downProblem } from '../../../../runtime/src/services/start-services.ts';
import type { Store } from '../../../../runtime/src/store/store.ts';
import { jsonOn, runOn } from '../../../kit/command-line.ts';
import { beforeEachStore } from '../../../kit/fresh-store.ts';
import { appOver } from '../../../kit/simulated-target.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

test('start-services says where nothing is stopped', async () => {
  const app = appOver(store);
  expect((await jsonOn(app, 'start-services')).json).toEqual({ started: [], down: [] });
  expect((await runOn(app, 'start-services')).stdout).toBe('no restore left a service stopped\n');
});

test('start-services names what runs again and what does not', () => {
  const started = [{ kind: 'Deployment', namespace: 'grill-stats', name: 'api', replicas: 3 }] as const;
  const down = ['StatefulSet grill-stats/web'];
  expect(renderStarted({ started, down })).toBe(
    'started Deployment grill-stats/api, 3 replicas\nDOWN    StatefulSet grill-stats/web',
  );
  expect(downProblem([])).toBeUndefined();
  expect(downProblem(down)).toMatchObject({ code: 'service.down', exitCode: 7 });
});
