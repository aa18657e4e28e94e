/** What a base is made of: a copy of the server, or the base before and its log. */
export const baseOrigins = ['server', 'log'] as const;
export type BaseOrigin = (typeof baseOrigins)[number];
