import { PolicyPack, type ResourceValidationPolicy, type StackValidationPolicy } from '@pulumi/policy';
import { awsRules } from './aws.ts';
import { dataRules, stackRules } from './data.ts';
import { kubernetesRules } from './kubernetes.ts';
import { isLeftOut, type Rule, type StackRule } from './rule.ts';

const resourcePolicy = ({ name, description, severity, check }: Rule): ResourceValidationPolicy => ({
  name,
  description,
  severity,
  validateResource: (resource, report) => {
    if (!isLeftOut(resource)) check(resource).forEach((message) => report(message));
  },
});

const stackPolicy = ({ name, description, severity, checkAll }: StackRule): StackValidationPolicy => ({
  name,
  description,
  severity,
  validateStack: ({ resources }, report) =>
    checkAll(resources)
      .filter(({ urn }) => !resources.some((resource) => resource.urn === urn && isLeftOut(resource)))
      .forEach(({ message, urn }) => report(message, urn)),
});

new PolicyPack('grill-stats-backup', {
  enforcementLevel: 'mandatory',
  policies: [
    ...[...awsRules, ...kubernetesRules, ...dataRules].map(resourcePolicy),
    ...stackRules.map(stackPolicy),
  ],
});
