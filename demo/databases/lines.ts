import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';

/** Below 2^53 a sum of two such numbers is exact. */
const modulus = 2 ** 48;

/** Number of lines of an answer and an order-free hash of them; `content` leaves out what is no data. */
export const digestLines = async (
  response: Response,
  content: (line: string) => string | undefined,
): Promise<string> => {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
  let [count, sum] = [0, 0];
  for await (const line of createInterface({ input: Readable.fromWeb(response.body as never) })) {
    const data = content(line);
    if (!data) continue;
    count += 1;
    sum = (sum + createHash('sha256').update(data).digest().readUIntBE(0, 6)) % modulus;
  }
  return `${count}|${sum}`;
};
