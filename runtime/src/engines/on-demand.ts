import type { LogWork } from './engine-log.ts';
import type { Work } from './engine.ts';

/** The work of an engine, loaded with its libraries when it is first asked for. */
export const onDemand = <Connection>(load: () => Promise<Work<Connection>>): Work<Connection> => ({
  probe: async (...args) => (await load()).probe(...args),
  dump: async (...args) => (await load()).dump(...args),
  inspect: async (...args) => (await load()).inspect(...args),
  fingerprint: async (...args) => (await load()).fingerprint(...args),
  restore: async (...args) => (await load()).restore(...args),
  scratch: async (...args) => (await load()).scratch(...args),
});

/** What a log needs a server for. */
type LogCalls<Connection> = Omit<
  LogWork<Connection>,
  'formatPosition' | 'parsePosition' | 'dropStatement' | 'ancestors' | 'find'
>;

/** The same for the log of an engine. */
export const logOnDemand = <Connection>(load: () => Promise<LogCalls<Connection>>): LogCalls<Connection> => ({
  identify: async (...args) => (await load()).identify(...args),
  openSlot: async (...args) => (await load()).openSlot(...args),
  slotState: async (...args) => (await load()).slotState(...args),
  dropSlot: async (...args) => (await load()).dropSlot(...args),
  stream: async (...args) => (await load()).stream(...args),
  history: async (...args) => (await load()).history(...args),
  heartbeat: async (...args) => (await load()).heartbeat(...args),
});
