import { readFileSync } from 'node:fs';

/** Most memory that this process ever had. Its `maxRSS` would begin with what the process had that started it. */
export const peakMegabytes = (): number => {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
};
