import type { Logger } from 'pino';
import { formatBytes } from './units.ts';

/** Shows that a long transfer moves. */
export interface Progress {
  readonly add: (bytes: number) => void;
  readonly done: () => void;
}

/** Starts to show one transfer; `totalBytes` where it is known beforehand. */
export type StartProgress = (label: string, totalBytes?: number) => Progress;

interface Terminal {
  readonly isTTY?: boolean;
  readonly write: (text: string) => unknown;
}

const redrawMs = 200;
const logEveryMs = 10_000;
const barWidth = 24;

const bar = (share: number): string => {
  const filled = Math.round(Math.min(share, 1) * barWidth);
  return `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ${Math.floor(Math.min(share, 1) * 100)}%`;
};

const line = (label: string, bytes: number, seconds: number, totalBytes: number | undefined): string => {
  const rate = `${formatBytes(bytes)}, ${formatBytes(bytes / Math.max(seconds, 0.001))}/s`;
  return totalBytes ? `${label} ${bar(bytes / totalBytes)} ${rate}` : `${label} ${rate}`;
};

/** A redrawn line on a terminal, a log line every ten seconds elsewhere. */
export const progressTo =
  (terminal: Terminal, log: Logger): StartProgress =>
  (label, totalBytes) => {
    let bytes = 0;
    const startedAt = performance.now();
    const elapsedSeconds = () => (performance.now() - startedAt) / 1000;
    const show = () =>
      terminal.isTTY
        ? terminal.write(`\r\u001b[K${line(label, bytes, elapsedSeconds(), totalBytes)}`)
        : log.info({ bytes, totalBytes, seconds: Math.round(elapsedSeconds()) }, label);
    const timer = setInterval(show, terminal.isTTY ? redrawMs : logEveryMs);
    timer.unref();
    return {
      add: (more) => {
        bytes += more;
      },
      done: () => {
        clearInterval(timer);
        if (terminal.isTTY) terminal.write('\r\u001b[K');
      },
    };
  };
