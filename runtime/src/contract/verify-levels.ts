/** `quick`: manifest, key and size. `deep`: every byte. `drill`: restored into a scratch server and found equal. */
export const verifyLevels = ['quick', 'deep', 'drill'] as const;

export type VerifyLevel = (typeof verifyLevels)[number];
