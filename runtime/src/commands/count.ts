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
