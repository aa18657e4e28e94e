/** Port of the console's HTTP server. */
export const consolePort = 9190;

/** Paths of the console that need nobody to be known: `health` answers as long as the process does, `ready` once the stores were read. */
export const consolePaths = { health: '/healthz', ready: '/readyz', api: '/api/v1' } as const;
