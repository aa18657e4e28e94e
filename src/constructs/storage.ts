import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { names } from '../../runtime/src/contract/names.ts';
import type { Environment } from '../environment.ts';

/** The volume of the archives. */
export class Storage extends Construct {
  constructor(scope: Construct, { storage }: Environment) {
    super(scope, 'storage');
    new k8s.KubePersistentVolumeClaim(this, names.volumeClaim, {
      metadata: { name: names.volumeClaim },
      spec: {
        accessModes: [storage.accessMode],
        storageClassName: storage.className,
        resources: { requests: { storage: k8s.Quantity.fromString(storage.size) } },
      },
    });
  }
}
