import * as all from './all.ts';
import type { Engine } from './engine.ts';

/** All engines by name. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each engine has its own connection type
export const engines: Readonly<Record<string, Engine<any>>> = all;
