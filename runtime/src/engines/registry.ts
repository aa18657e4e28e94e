import * as list from './engine-list.ts';
import type { Engine } from './engine.ts';

/** All engines by name. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each engine has its own connection type
export const engines: Readonly<Record<string, Engine<any>>> = list;

/** The engine of a plan's target, or of an archive that was read: both are checked to name one. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export const engineNamed = (name: string): Engine<any> => {
  const engine = engines[name];
  if (!engine) throw new Error(`there is no engine ${name}`);
  return engine;
};
