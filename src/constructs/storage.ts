import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { z } from 'zod';
import { names } from '../../runtime/src/contract/names.ts';
import { deploymentShape } from '../environment/deployment.ts';
import { quantity } from './job-pod.ts';
import { checked, type Props } from './props.ts';

const storageProps = z.object({ storage: deploymentShape.storage });

export type BackupStorageProps = Props<typeof storageProps>;

/** The volume of the archives. */
export class BackupStorage extends Construct {
  constructor(scope: Construct, id: string, props: BackupStorageProps) {
    super(scope, id);
    const { storage } = checked(this, storageProps, props) ?? {};
    if (!storage) return;
    new k8s.KubePersistentVolumeClaim(this, names.volumeClaim, {
      metadata: { name: names.volumeClaim },
      spec: {
        accessModes: [storage.accessMode],
        storageClassName: storage.className,
        resources: { requests: { storage: quantity(storage.size) } },
      },
    });
  }
}
