import { nameOf } from '../../cluster/scale.ts';
import type { StartedServices } from '../../services/start-services.ts';

export const renderStarted = ({ started, down }: StartedServices): string =>
  [
    ...started.map((service) => `started ${nameOf(service)}, ${service.replicas} replicas`),
    ...down.map((service) => `DOWN    ${service}`),
  ].join('\n') || 'no restore left a service stopped';
