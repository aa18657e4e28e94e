/** What a message of BASE_BACKUP's stream says, between the data. https://www.postgresql.org/docs/current/protocol-replication.html */
export type Message = { readonly archive: string; readonly tablespace: string } | 'manifest' | 'progress';

const textsIn = (bytes: Buffer): readonly string[] => bytes.toString('utf8').split('\0');

/** @throws Error for a message that is not known */
export const parseMessage = (message: Buffer): Message => {
  const kind = String.fromCharCode(message[0] ?? 0);
  if (kind === 'n') {
    const [archive = '', tablespace = ''] = textsIn(message.subarray(1));
    return { archive, tablespace };
  }
  if (kind === 'm') return 'manifest';
  if (kind === 'p') return 'progress';
  throw new Error(`the server sent a message of kind ${JSON.stringify(kind)} in a base backup`);
};
