import { pick, type Random } from './random.ts';

/** Another text of a manifest, as somebody without the key could write it. */
export type TextForgery = (text: string, random: Random) => string | Buffer;

const lines = (text: string): string[] => text.split('\n').slice(0, -1);
const joined = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');

/** Replaces one of the places that a pattern matches. */
const atOne = (
  text: string,
  random: Random,
  pattern: RegExp,
  change: (found: string, ...groups: string[]) => string,
): string => {
  const places = [...text.matchAll(pattern)];
  if (places.length === 0) return text;
  const { 0: found, index, ...groups } = pick(random, places);
  const parts = Object.values(groups).filter((group) => typeof group === 'string');
  return text.slice(0, index) + change(found, ...parts) + text.slice(index + found.length);
};

const inserted = (text: string, random: Random, more: string | Buffer): Buffer => {
  const bytes = Buffer.from(text);
  const at = random(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(more), bytes.subarray(at)]);
};

const field = /^ +"\w+": [^{[\n]+$/gm;
const escaped = (character: string, upper = false): string => {
  const digits = character.charCodeAt(0).toString(16).padStart(4, '0');
  return `\\u${upper ? digits.toUpperCase() : digits}`;
};

/** A document before or behind the authentic one that says what a forger wants believed. */
const decoy =
  '{"archive":"redis_20990101_020000.tar.gz.enc","format":1,"archiveBytes":1,"startedAt":"2099-01-01T02:00:00.000Z"}';

const gaps = ['\uFEFF', ' ', '\n', '\t', '\r\n', '\0', '{}', 'null', decoy, `${decoy}\n`, '//\n', ','];

export const textForgeries: Readonly<Record<string, TextForgery>> = {
  'flip a bit': (text, random) => {
    const bytes = Buffer.from(text);
    bytes[random(bytes.length)]! ^= 1 << random(8);
    return bytes;
  },
  cut: (text, random) => text.slice(0, random(text.length)),
  'put text before': (text, random) => pick(random, gaps) + text,
  'put text behind': (text, random) => text + pick(random, gaps),
  'put the document twice': (text, random) =>
    pick(random, [text + text, text.trimEnd() + text, `[${text},${text}]`]),
  'put white space somewhere': (text, random) =>
    inserted(text, random, pick(random, [' ', '\t', '\n', '\r', '\u00a0'])),
  'put bytes somewhere': (text, random) =>
    inserted(
      text,
      random,
      Buffer.from(
        pick(random, ['00', 'ff', 'c080', 'eda080', 'efbfbd', 'f4908080', 'c3', '1b', '7f', 'c29b']),
        'hex',
      ),
    ),
  'write it in another way': (text, random) => {
    const document: unknown = JSON.parse(text);
    return pick(random, [
      JSON.stringify(document),
      JSON.stringify(document, null, 2),
      `${JSON.stringify(document, null, '\t')}\n`,
      text.replaceAll('\n', '\r\n'),
      text.trimEnd(),
      text.replaceAll('": ', '":'),
      text.replaceAll('": ', '" : '),
    ]);
  },
  'repeat a field': (text, random) => {
    const all = lines(text);
    const from = random(all.length);
    const copy = all[from]!.replace(/,?$/, ',');
    return joined(
      all.toSpliced(
        pick(random, [from, 1, random(all.length)]),
        0,
        pick(random, [copy, copy.replace(/\d/, '7')]),
      ),
    );
  },
  'move a field': (text, random) => {
    const all = lines(text);
    const [moved] = all.splice(random(all.length), 1);
    return joined(all.toSpliced(random(all.length + 1), 0, moved!));
  },
  'exchange two fields': (text, random) => {
    const all = lines(text);
    const [from, to] = [random(all.length), random(all.length)];
    return joined(all.with(from, all[to]!).with(to, all[from]!));
  },
  'remove a field': (text, random) => joined(lines(text).toSpliced(1 + random(lines(text).length - 2), 1)),
  'escape a character of a key or value': (text, random) =>
    atOne(text, random, /[a-z/](?=[^"\n]*")/gi, (character) =>
      pick(random, [escaped(character), escaped(character, true), `\\${character}`]),
    ),
  'write a key in capitals': (text, random) => atOne(text, random, /"(\w+)": /g, (key) => key.toUpperCase()),
  'write a number in another way': (text, random) =>
    atOne(text, random, /(?<=: )\d+(?=,?$)/gm, (number) =>
      pick(random, [
        `${number}.0`,
        `${number}e0`,
        `${number}E+0`,
        `0${number}`,
        `-${number}`,
        `+${number}`,
        `${number}0e-1`,
        `"${number}"`,
        `${number} `,
        `0x${number}`,
      ]),
    ),
  'write another value': (text, random) =>
    atOne(text, random, field, (line) =>
      line.replace(
        /: .*?(,?)$/,
        `: ${pick(random, ['0', '-0', '1e12', '1e400', 'null', 'true', '""', '[]', '{}', 'NaN', '"\\ud800"'])}$1`,
      ),
    ),
  'nest the document': (text, random) =>
    pick(random, [`{"a": ${text}}`, `[\n${text}]\n`, `{\n "manifest": ${text.trimEnd()}\n}\n`]),
  'hide a key with a dot': (text) => text.replace(/^ "mac"/m, ' "seal.sha256": "00",\n "mac"'),
};
