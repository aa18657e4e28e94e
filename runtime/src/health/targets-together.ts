/** Targets that are read at the same time: enough for a store far away, few enough for memory. @default 8 */
export const targetsTogether = 8;
