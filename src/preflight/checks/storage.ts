import { names } from '../../../runtime/src/contract/names.ts';
import { quantityValue } from '../../../runtime/src/plan/quantity.ts';
import type { Claim, StorageClass, Volume } from '../api.ts';
import { itemsOf } from '../cluster.ts';
import type { Facts } from '../facts.ts';
import { refused, risk, type Check, type Finding } from '../trouble.ts';

const object = `PersistentVolumeClaim ${names.volumeClaim}`;

const defaultMark = 'storageclass.kubernetes.io/is-default-class';

const classOf = ({ environment, storageClasses }: Facts): StorageClass | undefined => {
  const { className } = environment.storage;
  return itemsOf(storageClasses).find(({ metadata }) =>
    className === undefined ? metadata.annotations?.[defaultMark] === 'true' : metadata.name === className,
  );
};

/** A volume that somebody made for this claim, or whose claim is gone: the new one takes it, whatever classes there are. */
const forUs = ({ environment, volumes }: Facts): readonly Volume[] =>
  itemsOf(volumes).filter(
    ({ spec }) =>
      spec.claimRef?.name === names.volumeClaim && spec.claimRef?.namespace === environment.namespace.name,
  );

export const storageClass: Check = (facts) => {
  if (!facts.storageClasses || facts.claim || forUs(facts).length) return [];
  const { className } = facts.environment.storage;
  if (classOf(facts)) return [];
  return [
    className === undefined
      ? refused('StorageClass', 'none is the default one: the claim waits forever', 'set storage.className')
      : refused(
          `StorageClass ${className}`,
          'is not there: the claim waits forever',
          'make it, or set storage.className',
        ),
  ];
};

export const reclaimPolicy: Check = (facts) => {
  const bound = facts.claim?.spec.volumeName;
  const volume = itemsOf(facts.volumes).find(({ metadata }) => metadata.name === bound);
  if (volume)
    return volume.spec.persistentVolumeReclaimPolicy === 'Delete'
      ? [
          risk(
            `PersistentVolume ${bound}`,
            'is deleted with its claim, archives included',
            `kubectl patch pv ${bound} -p '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}'`,
          ),
        ]
      : [];
  const found = facts.claim ? undefined : classOf(facts);
  return found && found.reclaimPolicy !== 'Retain'
    ? [
        risk(
          `StorageClass ${found.metadata.name}`,
          'deletes a volume with its claim, archives included',
          'set storage.className to one with reclaimPolicy: Retain',
        ),
      ]
    : [];
};

/** A claim that is made again does not get its former volume back while that remembers the claim by its uid. */
export const releasedVolume: Check = (facts) =>
  facts.claim === null
    ? forUs(facts)
        .filter(({ status }) => status?.phase === 'Released')
        .map(({ metadata: { name } }) =>
          refused(
            `PersistentVolume ${name}`,
            'holds the archives of a deleted claim, and is not bound to a new one, which gets an empty volume or none',
            `kubectl patch pv ${name} --type=json -p '[{"op":"remove","path":"/spec/claimRef/uid"},{"op":"remove","path":"/spec/claimRef/resourceVersion"}]'`,
          ),
        )
    : [];

const changed = ({ environment: { storage } }: Facts, { spec }: Claim): readonly Finding[] => {
  const [mode] = spec.accessModes;
  return [
    ...(mode === storage.accessMode
      ? []
      : [
          refused(
            object,
            `has access mode ${mode}, which never changes`,
            `set storage.accessMode: ${mode}, or move the archives`,
          ),
        ]),
    ...(storage.className === undefined || spec.storageClassName === storage.className
      ? []
      : [
          refused(
            object,
            `has class ${spec.storageClassName || 'none'}, which never changes`,
            `set storage.className: ${spec.storageClassName ?? ''}, or move the archives`,
          ),
        ]),
  ];
};

const resized = (
  { environment: { storage }, storageClasses }: Facts,
  { spec, status }: Claim,
): readonly Finding[] => {
  const now = spec.resources.requests.storage;
  const [wanted = 0, present = 0] = [quantityValue(storage.size), quantityValue(now)];
  if (wanted < present)
    return [
      refused(object, `has ${now}, and no volume shrinks`, `set storage.size: ${now}, or move the archives`),
    ];
  const found = itemsOf(storageClasses).find(({ metadata }) => metadata.name === spec.storageClassName);
  if (wanted > present && (status?.phase !== 'Bound' || found?.allowVolumeExpansion !== true))
    return [
      refused(
        object,
        `has ${now}, and cannot grow: ${status?.phase === 'Bound' ? 'its class does not allow it' : 'it is not bound'}`,
        `set storage.size: ${now}, or move the archives`,
      ),
    ];
  return [];
};

export const claim: Check = (facts) => {
  if (!facts.claim) return [];
  if (facts.claim.status?.phase === 'Lost')
    return [refused(object, 'has lost its volume', 'bring the volume back, or delete the claim')];
  return [...changed(facts, facts.claim), ...resized(facts, facts.claim)];
};
