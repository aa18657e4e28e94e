import packageJson from '../../package.json' with { type: 'json' };

/** Version of the runtime, as its package says. */
export const programVersion = packageJson.version;
