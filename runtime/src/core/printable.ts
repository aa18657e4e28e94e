/** C0 but for tab and line feed, C1, and marks that change the direction of writing (Unicode Bidi_Control). */
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text that may hold names of a database, for a terminal or a message: nothing in it moves the cursor or hides what follows. */
export const printable = (text: string): string =>
  text.replaceAll(controls, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** As `printable`, where each line means something: later lines of one text are indented, so that none looks like another's. */
export const printableItem = (text: string): string => printable(text).replaceAll('\n', '\n  ');
