import type { Environment } from '../../src/environment/environment.ts';
import type { Person } from './kubectl.ts';

/** Roles that an environment gives to groups. */
export const roles = ['oncall', 'restore'] as const;

export type Role = (typeof roles)[number];

/** Somebody of the groups that an environment gives the role to, and of no other. */
export const personOf = ({ access }: Environment, role: Role): Person => ({
  name: `somebody-of-${role}`,
  groups: role === 'oncall' ? access.oncallGroups : access.restoreGroups,
});

/** Roles that a person of this one has, as the same groups may stand in both. */
export const rolesOf = ({ access }: Environment, role: Role): readonly Role[] => {
  const { groups } = personOf({ access } as Environment, role);
  return roles.filter((each) =>
    (each === 'oncall' ? access.oncallGroups : access.restoreGroups).some((group) => groups.includes(group)),
  );
};
