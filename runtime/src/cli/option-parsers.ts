import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';

/** Reads the value of an option that counts. */
export const count = (text: string): number => {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('expected a whole number of 1 or more');
  return Number(text);
};

/** Reads the value of an option that is a TCP port. */
export const port = (text: string): number => {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > 65_535) throw new InvalidArgumentError('expected a port from 1 to 65535');
  return number;
};

/** Reads the value of an option that is an IP address. */
export const address = (text: string): string => {
  if (isIP(text) === 0) throw new InvalidArgumentError('expected an IP address, such as 127.0.0.1');
  return text;
};

/** Reads the value of an option that names a target or an environment: it becomes a folder's name. */
export const label = (text: string): string => {
  if (!/^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$/.test(text))
    throw new InvalidArgumentError('expected lower-case letters, digits and dashes');
  return text;
};

/** Reads the value of an option that names a transaction by its number. */
export const transaction = (text: string): string => {
  if (!/^[1-9]\d{0,19}$/.test(text)) throw new InvalidArgumentError('expected the number of a transaction');
  return text;
};
