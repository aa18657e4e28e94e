const imagePart = /^( +)image:\n(?:\1 +.*\n)+/m;

/**
 * Text of `Pulumi.<env>.yaml` with another image; comments stay.
 * @throws Error where the file does not name tag and digest as expected
 */
export const withImage = (text: string, tag: string, digest: string): string => {
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw new Error(`not a digest: ${digest}`);
  const found = imagePart.exec(text)?.[0];
  if (!found || !/^ +tag: /m.test(found)) throw new Error('found no image.tag');
  const tagged = found.replace(/^( +)tag: .*$/m, `$1tag: ${tag}`);
  const fresh = /^ +digest: /m.test(tagged)
    ? tagged.replace(/^( +)digest: .*$/m, `$1digest: ${digest}`)
    : tagged.replace(/^( +)tag: .*$/m, `$&\n$1digest: ${digest}`);
  return text.replace(found, fresh);
};
