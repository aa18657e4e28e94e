const halfBits = 32n;
const lowHalf = 0xffff_ffffn;

/** `0/16B3748`, as the server writes a position. */
export const formatPosition = (position: bigint): string =>
  [position >> halfBits, position & lowHalf].map((half) => half.toString(16).toUpperCase()).join('/');

/** Undefined for what is no position. */
export const parsePosition = (text: string): bigint | undefined => {
  const [, high, low] = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text) ?? [];
  return high === undefined || low === undefined
    ? undefined
    : (BigInt(`0x${high}`) << halfBits) | BigInt(`0x${low}`);
};
