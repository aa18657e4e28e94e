export { history, identify } from './commands.ts';
export { heartbeat } from './heartbeat.ts';
export { dropSlot, openSlot, slotState } from './slots.ts';
export { stream } from './stream.ts';
