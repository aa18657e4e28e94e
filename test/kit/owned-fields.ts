// Objects of a cluster as server-side apply sees them: each field has a value and the managers that own it.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/ — lists count as one value here.

export type Tree = Readonly<Record<string, unknown>>;
/** Value by path: `data.LOG_LEVEL`, `metadata.annotations.x`. */
export type Fields = ReadonlyMap<string, unknown>;

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A path holds keys with dots, so it is made of them by a character that no key has. */
export const separator = '\u0000';

export const fieldsOf = (value: unknown, path: readonly string[] = []): Fields => {
  if (!isTree(value) || !Object.keys(value).length) return new Map([[path.join(separator), value]]);
  return new Map(Object.entries(value).flatMap(([key, item]) => [...fieldsOf(item, [...path, key])]));
};

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Paths whose values differ, or that only one has; dots between keys. */
export const changedPaths = (before: Fields, after: Fields): readonly string[] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => !same(before.get(path), after.get(path)))
    .map((path) => path.replaceAll(separator, '.'));

interface Field {
  readonly value: unknown;
  readonly managers: ReadonlySet<string>;
}

/** One object with the owners of its fields. */
export class OwnedObject {
  readonly #fields = new Map<string, Field>();

  get fields(): Fields {
    return new Map([...this.#fields].map(([path, { value }]) => [path, value]));
  }

  /** `kubectl apply --server-side`, or what Pulumi does. @throws Error for fields of others that have another value */
  apply(manager: string, fields: Fields, force: boolean): void {
    const conflicts = [...fields].flatMap(([path, value]) => {
      const field = this.#fields.get(path);
      const others = [...(field?.managers ?? [])].filter((other) => other !== manager);
      return field && others.length && !same(field.value, value) ? [`${others.join(', ')} (${path})`] : [];
    });
    if (conflicts.length && !force) throw new Error(`Apply failed: conflict with ${conflicts.join(', ')}`);
    for (const [path, value] of fields) {
      const field = this.#fields.get(path);
      const shared = field && same(field.value, value) ? field.managers : [];
      this.#fields.set(path, { value, managers: new Set([...shared, manager]) });
    }
    for (const path of [...this.#fields.keys()]) if (!fields.has(path)) this.#release(path, manager);
  }

  /** `kubectl patch`, `kubectl edit`: whoever writes a field owns it. */
  write(manager: string, path: readonly string[], value: unknown): void {
    this.#fields.set(path.join(separator), { value, managers: new Set([manager]) });
  }

  /** One manager takes the place of others. */
  takeOver(manager: string, isTaken: (other: string) => boolean): void {
    for (const [path, { value, managers }] of this.#fields)
      this.#fields.set(path, {
        value,
        managers: new Set([...managers].map((other) => (isTaken(other) ? manager : other))),
      });
  }

  #release(path: string, manager: string): void {
    const { value, managers } = this.#fields.get(path)!;
    if (!managers.has(manager)) return;
    const left = new Set([...managers].filter((other) => other !== manager));
    if (left.size) this.#fields.set(path, { value, managers: left });
    else this.#fields.delete(path);
  }
}
