import { describe, expect, test } from '@jest/globals';
import {
  block,
  branch,
  branchIf,
  code,
  const32,
  const64,
  get,
  load64,
  loop,
  moduleOf,
  op,
  set,
  store64,
  whenElse,
  type Code,
} from '../../../../runtime/src/engines/postgresql/wasm-module.ts';

declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Exports };
};
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly run: (first: number, second: number) => number;
}

/** Two parameters, and a local of each kind. */
const start = (body: Code): Exports =>
  new WebAssembly.Instance(
    new WebAssembly.Module(moduleOf(1, { parameters: 2, locals32: 1, locals64: 1, body })),
  ).exports;

describe('constants of all sizes', () => {
  test.each([0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, 2 ** 31 - 1, -(2 ** 31)])('%i', (value) => {
    expect(start(const32(value)).run(0, 0)).toBe(value);
  });

  test.each([0n, 1n, -1n, 64n, -65n, 1n << 40n, 0x8080808080808080n, (1n << 63n) - 1n, -(1n << 63n)])(
    '%i',
    (value) => {
      const { memory, run } = start(code(const32(0), const64(value), store64(300), const32(7)));
      expect(run(0, 0)).toBe(7);
      expect(new DataView(memory.buffer).getBigInt64(300, true)).toBe(BigInt.asIntN(64, value));
    },
  );
});

test('a loop with locals and a way out', () => {
  const [at, limit, sum] = [0, 1, 2];
  const { run } = start(
    code(
      block(
        loop(
          code(get(at), get(limit), op.atLeast32, branchIf(1)),
          code(get(sum), get(at), op.add32, set(sum)),
          code(get(at), const32(1), op.add32, set(at), branch(0)),
        ),
      ),
      get(sum),
    ),
  );
  expect([run(0, 0), run(3, 6), run(1, 1001)]).toEqual([0, 12, 500_500]);
});

test('one way or the other, and memory that stays between two calls', () => {
  const [first, second, chosen] = [0, 1, 2];
  const { run } = start(
    code(
      code(get(first), get(second), op.eq32),
      whenElse(code(const32(1), set(chosen)), code(const32(2), set(chosen))),
      code(const32(0), const32(0), load64(), const64(1n), op.add64, store64(0)),
      code(get(chosen), const32(0), load64(), op.narrow, op.add32),
    ),
  );
  expect([run(5, 5), run(5, 6), run(0, 0)]).toEqual([2, 4, 4]);
});
