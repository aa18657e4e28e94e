/** Header of a listpack: 4 bytes of size, 2 of number of elements (listpack.c). */
const headerBytes = 6;
const end = 0xff;

/** An element: a number, or undefined for text, and where the next one begins. */
interface Element {
  readonly value: bigint | undefined;
  readonly next: number;
}

/** Bytes of an element's own length, which follows it so that a listpack can be read backwards. */
const backBytes = (bytes: number): number => {
  const index = [128, 1 << 14, 1 << 21, 1 << 28].findIndex((limit) => bytes < limit);
  return index < 0 ? 5 : index + 1;
};

/** Integers of 16, 24, 32 and 64 bits, by first byte. */
const integerBytes: Readonly<Record<number, number>> = { 0xf1: 2, 0xf2: 3, 0xf3: 4, 0xf4: 8 };

const integerAt = (bytes: Buffer, at: number, length: number): bigint => {
  let value = 0n;
  for (let index = length - 1; index >= 0; index -= 1)
    value = (value << 8n) | BigInt(bytes.readUInt8(at + index));
  return BigInt.asIntN(length * 8, value);
};

const elementAt = (bytes: Buffer, at: number): Element => {
  const first = bytes.readUInt8(at);
  const element = (length: number, value?: bigint): Element => ({
    value,
    next: at + length + backBytes(length),
  });
  if (first < 0x80) return element(1, BigInt(first));
  if (first < 0xc0) return element(1 + (first & 0x3f));
  if (first < 0xe0)
    return element(2, BigInt.asIntN(13, BigInt(((first & 0x1f) << 8) | bytes.readUInt8(at + 1))));
  if (first < 0xf0) return element(2 + (((first & 0x0f) << 8) | bytes.readUInt8(at + 1)));
  if (first === 0xf0) return element(5 + bytes.readUInt32LE(at + 1));
  const length = integerBytes[first];
  if (length === undefined) throw new RangeError(`unknown element ${first} of a listpack`);
  return element(1 + length, integerAt(bytes, at + 1, length));
};

/** Elements of a listpack in order: numbers, and undefined for text. @throws RangeError where it is none */
export function* listpackElements(bytes: Buffer): Generator<bigint | undefined, void, undefined> {
  let at = headerBytes;
  while (bytes[at] !== end) {
    if (at >= bytes.length) throw new RangeError('the listpack has no end');
    const { value, next } = elementAt(bytes, at);
    yield value;
    at = next;
  }
}
