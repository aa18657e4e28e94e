import * as pulumi from '@pulumi/pulumi';

/** Options of one child of a component, with its aliases. */
export interface Child {
  readonly name: string;
  readonly options: pulumi.CustomResourceOptions;
}

/**
 * How a component names what it registers: `backup:archives`, so that a program can have several of it. Until 0.1.0 there
 * was no component: each resource is also looked for without parent under its bare name, and under what older versions
 * called it, so that an upgrade renames rather than removes and makes anew.
 */
export class Naming {
  readonly #prefix: string;
  readonly #parent: pulumi.Resource;
  readonly #formerNames: Readonly<Record<string, readonly string[]>>;

  /** @param formerNames by the present bare name */
  constructor(
    prefix: string,
    parent: pulumi.Resource,
    formerNames: Readonly<Record<string, readonly string[]>>,
  ) {
    this.#prefix = prefix;
    this.#parent = parent;
    this.#formerNames = formerNames;
  }

  child(bareName: string): Child {
    const former = [bareName, ...(this.#formerNames[bareName] ?? [])];
    return {
      name: `${this.#prefix}:${bareName}`,
      options: {
        parent: this.#parent,
        aliases: former.map((name) => ({ name, parent: pulumi.rootStackResource })),
      },
    };
  }

  /** The same names below another parent. */
  below(parent: pulumi.Resource): Naming {
    return new Naming(this.#prefix, parent, this.#formerNames);
  }
}
