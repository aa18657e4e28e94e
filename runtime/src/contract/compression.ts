/** Ways to compress an archive, and the endings that their programs give a file. */
export const compressions = { gzip: 'gz', zstd: 'zst' } as const;

export type Compression = keyof typeof compressions;

export const compressionNames = Object.keys(compressions) as [Compression, ...Compression[]];
