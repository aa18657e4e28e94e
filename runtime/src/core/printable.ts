/** C0 but for tab and line feed, C1, line and paragraph separators, and marks that change the direction of writing (Unicode Bidi_Control). */
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * Text that may hold names of a database, for a terminal or a message: nothing in it moves the cursor or hides what follows.
 * JSON stays the same document, since what replaces a character there is its escape.
 */
export const printable = (text: string): string => text.replaceAll(controls, escaped);

/** As `printable`, where each line means something: later lines of one text are indented, so that none looks like another's. */
export const printableItem = (text: string): string => printable(text).replaceAll('\n', '\n  ');

/** As `printable`, where lines are indented or stand in columns: a text is one line. */
export const printableLine = (text: string): string => printable(text).replaceAll(/[\t\n]/g, escaped);
