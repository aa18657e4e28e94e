import { readArchiveContents } from './archive-contents.ts';
import { BlockCutter, type PartSizes, type Piece } from './block-cutter.ts';
import { Gathered } from './gathered.ts';
import { itemOf, largeObjects } from './items.ts';

/** A part, with what it is of. */
export interface NamedPart {
  readonly part: readonly Buffer[];
  /** `public.readings`, or the large objects. */
  readonly item: string;
}

export type NamedPiece = Extract<Piece, { own: Buffer }> | NamedPart;

/** Cuts a dump in the custom format as it passes; one of a version that is not known is a whole. `decode` reads its names. */
export async function* piecesOf(
  content: AsyncIterable<Buffer>,
  sizes: PartSizes,
  decode: (bytes: Buffer) => string,
): AsyncGenerator<NamedPiece, void, undefined> {
  const head = new Gathered(readArchiveContents(false));
  let cutter: BlockCutter | undefined;
  const named = (piece: Piece): NamedPiece => {
    if ('own' in piece) return piece;
    const table = head.done?.value?.entries.get(piece.entry);
    const item = table && itemOf({ schema: decode(table.schema), name: decode(table.name) });
    return { part: piece.part, item: item ?? largeObjects };
  };
  for await (const chunk of content) {
    const data = head.done ? chunk : head.push(chunk);
    if (head.done?.value) cutter ??= new BlockCutter(head.done.value.intBytes, sizes);
    const read = cutter ? chunk.subarray(0, chunk.length - data.length) : chunk;
    if (read.length > 0) yield { own: read };
    if (data.length > 0) cutter?.push(data);
    for (const piece of cutter?.take() ?? []) yield named(piece);
  }
  cutter?.finish();
}
