/** Factor of each suffix of a Kubernetes quantity: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const factors: Readonly<Record<string, number>> = {
  m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50,
}; // prettier-ignore

const quantityPattern = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/;

/** `200m` → 0.2, `2Gi` → 2147483648; undefined for what is no quantity. */
export const quantityValue = (text: string): number | undefined => {
  const [, digits, suffix] = quantityPattern.exec(text) ?? [];
  const factor = factors[suffix ?? '?'];
  return factor === undefined ? undefined : Number(digits) * factor;
};
