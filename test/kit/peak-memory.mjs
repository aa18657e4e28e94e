// Preloaded into a process by NODE_OPTIONS: writes the most memory that it ever had, in bytes, to $PEAK_MEMORY.
import { readFileSync, writeFileSync } from 'node:fs';

process.on('exit', () => {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
  writeFileSync(process.env['PEAK_MEMORY'], String(Number(kilobytes) * 1024));
});
