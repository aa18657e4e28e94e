/** Of the environment file, where the demo shows restores to an instant: the log is stored at least once a second. */
export const pointInTime = { window: '1d', interval: '1s' };
