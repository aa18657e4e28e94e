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
