import { InvalidArgumentError } from 'commander';

/** Reads the value of an option that counts. */
export const count = (text: string): number => {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('expected a whole number of 1 or more');
  return Number(text);
};
