import { pino, type DestinationStream, type Logger } from 'pino';
import { printable, printableItem } from './printable.ts';

interface Output {
  readonly isTTY?: boolean;
  readonly write: (text: string) => unknown;
}

/** One log line for people: time, level, message, then the fields. */
const readable = (json: string): string => {
  const { time, level, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const rest = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const text = `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${[String(msg), ...rest].join(' ')}`;
  return `${printableItem(text)}\n`;
};

const destination = (output: Output): DestinationStream => ({
  write: (json) => void output.write(output.isTTY ? readable(json) : printable(json)),
});

/** Logs JSON lines, or readable lines on a terminal; to stderr, so that stdout is the result alone. */
export const openLog = (output: Output, level: string): Logger =>
  pino(
    {
      level: level.toLowerCase(),
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
    },
    destination(output),
  );
