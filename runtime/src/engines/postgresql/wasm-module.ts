/** Instructions of WebAssembly, as bytes: https://webassembly.github.io/spec/core/binary/instructions.html */
export type Code = readonly number[];

/** One after the other. */
export const code = (...parts: readonly Code[]): Code => parts.flat();

/** An integer of the binary format, low bits first, seven to a byte (LEB128). */
const unsigned = (value: number): Code =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];

const signed = (value: bigint): Code => {
  const low = Number(value & 0x7fn);
  const rest = value >> 7n;
  const isLast = (rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40);
  return isLast ? [low] : [low | 0x80, ...signed(rest)];
};

/** Instructions without operands of their own: they take theirs from the stack. */
export const op = {
  eqz32: [0x45],
  eq32: [0x46],
  ne32: [0x47],
  atLeast32: [0x4f],
  eqz64: [0x50],
  eq64: [0x51],
  add32: [0x6a],
  and32: [0x71],
  or32: [0x72],
  /** Number of zeros below the lowest bit that is set. */
  zeros64: [0x7a],
  add64: [0x7c],
  sub64: [0x7d],
  and64: [0x83],
  or64: [0x84],
  xor64: [0x85],
  left64: [0x86],
  right64: [0x88],
  rotate64: [0x89],
  /** Between 32 and 64 bits. */
  narrow: [0xa7],
  widen: [0xad],
} as const satisfies Readonly<Record<string, Code>>;

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number): Code => [0x21, ...unsigned(local)];
export const const32 = (value: number): Code => [0x41, ...signed(BigInt(value))];
export const const64 = (value: bigint): Code => [0x42, ...signed(BigInt.asIntN(64, value))];

/** From the address on the stack and an offset. */
export const load64 = (offset = 0): Code => [0x29, 0, ...unsigned(offset)];
export const load8 = (offset = 0): Code => [0x2d, 0, ...unsigned(offset)];
/** What is on the stack, to the address below it and an offset. */
export const store64 = (offset: number): Code => [0x37, 0, ...unsigned(offset)];

const [noResult, end, otherwise] = [0x40, 0x0b, 0x05];

export const block = (...parts: readonly Code[]): Code => [0x02, noResult, ...code(...parts), end];
export const loop = (...parts: readonly Code[]): Code => [0x03, noResult, ...code(...parts), end];
export const when = (yes: Code): Code => [0x04, noResult, ...yes, end];
export const whenElse = (yes: Code, no: Code): Code => [0x04, noResult, ...yes, otherwise, ...no, end];
/** To the end of a block or the start of a loop, counted from the innermost. */
export const branch = (depth: number): Code => [0x0c, depth];
export const branchIf = (depth: number): Code => [0x0d, depth];

const [i32, i64] = [0x7f, 0x7e];

const vector = (items: readonly Code[]): Code => code(unsigned(items.length), ...items);
const sized = (bytes: Code): Code => code(unsigned(bytes.length), bytes);
const section = (id: number, content: Code): Code => code([id], sized(content));
const text = (characters: string): Code => sized([...Buffer.from(characters)]);

/** A function: parameters and result are of type i32; its locals are the parameters, those of 32 bits, those of 64. */
export interface Program {
  readonly parameters: number;
  readonly locals32: number;
  readonly locals64: number;
  readonly body: Code;
}

const header: Code = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** A module with a memory of some pages of 64 KiB and one function: its exports `memory` and `run`. */
export const moduleOf = (pages: number, { parameters, locals32, locals64, body }: Program): Uint8Array => {
  const type = code([0x60], vector(Array.from({ length: parameters }, () => [i32])), vector([[i32]]));
  const locals = vector([code(unsigned(locals32), [i32]), code(unsigned(locals64), [i64])]);
  return Uint8Array.from(
    code(
      header,
      section(1, vector([type])),
      section(3, vector([[0]])),
      section(5, vector([code([0], unsigned(pages))])),
      section(7, vector([code(text('run'), [0, 0]), code(text('memory'), [2, 0])])),
      section(10, vector([sized(code(locals, body, [end]))])),
    ),
  );
};
