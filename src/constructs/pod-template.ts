import type { k8s } from 'cdk8s-plus-28';
import type { Environment } from '../environment/environment.ts';
import { planChecksum } from './config.ts';
import { needsVolume } from './job-pod.ts';
import { labelsOf, noVolume } from './labels.ts';

/** Of a Deployment, whose pods are replaced when the plan changes. */
export const podTemplate = (
  environment: Environment,
  name: string,
  spec: k8s.PodSpec,
): k8s.PodTemplateSpec => ({
  metadata: {
    labels: { ...labelsOf(environment, name), ...(!needsVolume(spec.volumes) && noVolume) },
    annotations: { 'checksum/plan': planChecksum(environment) },
  },
  spec,
});
