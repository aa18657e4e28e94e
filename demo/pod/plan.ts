import type { Services } from './cluster.ts';

interface Plan {
  readonly targets: readonly { readonly name: string; readonly connection: object }[];
}

/** plan.json with the addresses at which the demo's servers listen in the place of the cluster's. */
export const mapPlan = (text: string, services: Services): string => {
  const plan = JSON.parse(text) as Plan;
  const targets = plan.targets.map((target) => ({
    ...target,
    connection: { ...target.connection, ...services[target.name] },
  }));
  return JSON.stringify({ ...plan, targets }, null, 2);
};
