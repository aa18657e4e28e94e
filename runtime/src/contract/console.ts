/** Port of the console's HTTP server. */
export const consolePort = 9190;

/** Paths of the console that need nobody to be known: `health` answers as long as the process does, `ready` once the stores were read. */
export const consolePaths = { health: '/healthz', ready: '/readyz', api: '/api/v1' } as const;

/** User whom the console impersonates for people who come through a proxy; it has no rights but those of their groups. */
export const consolePerson = 'backup-console:person';

/** Extra field of that user with the name of the person, for the audit log of the API server. */
export const personKey = 'grill-backup.io/person';
