import type { App } from '../../session/app.ts';
import type { Store } from '../../store/store.ts';
import type { Finding } from './finding.ts';

/** Folders that hold one folder per target. */
const folders = ['base/', 'wal/'] as const;

/** Log and bases of targets that the plan does not name: no command reads or removes them. */
export const ofNoTarget = async (app: App, store: Store): Promise<readonly Finding[]> => {
  const names = new Set(app.plan.targets.map(({ name }) => name));
  const counts = new Map<string, number>();
  for (const folder of folders)
    for await (const objects of store.list(folder))
      for (const { key } of objects) {
        const [name = ''] = key.slice(folder.length).split('/');
        if (!names.has(name)) counts.set(`${folder}${name}/`, (counts.get(`${folder}${name}/`) ?? 0) + 1);
      }
  return [...counts].map(([key, count]) => ({
    target: '',
    store: store.location,
    kind: 'log-of-no-target',
    key,
    message: `${count} objects of a target that the plan does not have: remove them when they are of no use`,
    severity: 'notice',
  }));
};
