/**
 * Expands LZF, the compression of strings in an RDB (lzf_d.c of liblzf): a control byte below 32 is followed by that many
 * bytes and one; others refer to bytes before, 3 bits of length and 13 of distance. Undefined where it is not LZF.
 */
export const expandLzf = (compressed: Buffer, bytes: number): Buffer | undefined => {
  const out = Buffer.alloc(bytes);
  let [at, to] = [0, 0];
  while (at < compressed.length) {
    const control = compressed.readUInt8(at++);
    if (control < 32) {
      to += compressed.copy(out, to, at, at + control + 1);
      at += control + 1;
      continue;
    }
    const long = control >> 5 === 7 ? (compressed[at++] ?? 0) : 0;
    const length = (control >> 5) + long + 2;
    const from = to - ((control & 0x1f) << 8) - (compressed[at++] ?? 0) - 1;
    if (from < 0 || to + length > bytes) return undefined;
    for (let index = 0; index < length; index += 1) out[to + index] = out[from + index] ?? 0; // may overlap
    to += length;
  }
  return at === compressed.length && to === bytes ? out : undefined;
};
