import { isBackupError, messageOf } from '../../core/errors.ts';
import type { LogWork } from '../../engines/engine-log.ts';
import type { Target } from '../../plan/schema.ts';
import { addressOf, type App } from '../../session/app.ts';
import { openLogSource, slotOf } from '../../wal/settings.ts';
import type { Finding } from './finding.ts';

/** A slot that no receiver follows makes the server keep its log for nobody, up to a full disk. */
export const slotLeft = async (app: App, target: Target, log: LogWork): Promise<readonly Finding[]> => {
  if (target.pointInTime) return [];
  const name = slotOf(app.plan, target);
  try {
    const source = await openLogSource(app.run, target);
    const { status } = await log.slotState(app.run, source, name);
    if (status === 'absent') return [];
    const message = `slot of a log that the plan does not keep: the server keeps its log for nobody; grill-backup wal release ${target.name} drops it, or on the server ${log.dropStatement(name)}`;
    const store = addressOf(source);
    return [{ target: target.name, store, kind: 'slot-left', key: name, message, severity: 'problem' }];
  } catch (error) {
    if (!isBackupError(error)) throw error;
    app.run.log.warn({ target: target.name, problem: messageOf(error) }, 'not checked: the slot');
    return [];
  }
};
