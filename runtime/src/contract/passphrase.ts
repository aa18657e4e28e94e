/** Bytes of a line that `openssl -pass file:` reads; it takes what comes after for nothing, without a word. */
const maxBytes = 1023;

/** Letters, digits, punctuation, symbols and spaces of any script; not what stands for bytes that are no text. */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u;
const notText = '\uFFFD';

/**
 * Why a passphrase cannot seal archives: `recover.sh` and `openssl enc` would read another one, or a person could not
 * write it down. Undefined for one line of printable text; the newline at its end does not count.
 */
export const passphraseProblem = (secret: string): string | undefined => {
  const line = secret.replace(/\n$/, '');
  if (/[\r\n]/.test(line)) return 'is more than one line, or ends its line as Windows does';
  if (!printable.test(line) || line.includes(notText)) return 'holds characters that cannot be printed';
  const { length } = new TextEncoder().encode(line);
  return length > maxBytes ? `has ${length} bytes, but openssl reads ${maxBytes}` : undefined;
};
