import { expect, test } from '@jest/globals';
import { LineCount } from '../../../../runtime/src/engines/postgresql/line-count.ts';

test('lines but for the three that end the rows, however they are cut, table by table', () => {
  const count = new LineCount();
  for (const rows of [['1\t2', '', '3'], [], ['x']]) {
    const text = Buffer.from(`${rows.map((row) => `${row}\n`).join('')}\\.\n\n\n`);
    for (let cut = 0; cut <= text.length; cut += 1) {
      count.begin();
      count.push(text, 0, cut);
      count.push(text, cut, text.length);
      expect(count.end()).toEqual({ rows: rows.length });
    }
  }
});
