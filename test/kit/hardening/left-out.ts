/** Built-in checks that no rule encodes, and why. */
export const leftOut: Readonly<Record<string, string>> = {
  'kube-linter dangling-horizontalpodautoscaler': 'no such kind is made',
  'kube-linter dangling-networkpolicypeer-podselector': 'the peers are databases and DNS, which others make',
  'kube-linter dnsconfig-options': 'how names are resolved is for the cluster to say',
  'kube-linter hpa-minimum-three-replicas': 'no such kind is made',
  'kube-linter job-ttl-seconds-after-finished':
    'wants none on a CronJob; here history bounds the number of finished Jobs, and this their age',
  'kube-linter minimum-three-replicas':
    'exporter and console share a volume of one node, and a gap in metrics or pages loses no data',
  'kube-linter no-anti-affinity':
    'two consoles share a volume of one node; without it the scheduler spreads them',
  'kube-linter no-node-affinity': 'pods follow the volume, wherever that is',
  'kube-linter no-rolling-update-strategy': 'a second exporter could not mount the volume from another node',
  'kube-linter priority-class-name': 'wants a system class; `priorityClass` sets one on request',
  'kube-linter required-annotation-email': 'alerts carry the team',
  'kube-linter required-label-owner': 'alerts carry the team',
  'kube-linter restart-policy': 'wants OnFailure of a Job, but podFailurePolicy needs Never',
  'kube-linter scc-deny-privileged-container': 'no such kind is made',
  'kubesec ApparmorAny':
    'a node without AppArmor refuses a pod that names a profile; others apply theirs unasked',
  'kubesec HostUsers': 'volumes on NFS cannot be mounted in a user namespace',
  'kubesec VolumeClaimAccessModeReadWriteOnce': 'no StatefulSet is made',
  'kubesec VolumeClaimRequestsStorage': 'no StatefulSet is made',
};

/** Kinds that are made; a check that is left out for want of a kind has to be encoded once it is. */
export const kinds = [
  'ClusterRole', 'ClusterRoleBinding', 'ConfigMap', 'CronJob', 'Deployment', 'ExternalSecret', 'HTTPRoute', 'Ingress', 'LimitRange',
  'Namespace', 'NetworkPolicy', 'OnePasswordItem', 'PersistentVolumeClaim', 'Pod', 'PodDisruptionBudget', 'PodMonitor',
  'PrometheusRule', 'ResourceQuota', 'Role', 'RoleBinding', 'Service', 'ServiceAccount', 'ServiceMonitor', 'ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding',
]; // prettier-ignore

/** https://github.com/stackrox/kube-linter/tree/v0.8.3/pkg/builtinchecks/yamls */
export const kubeLinterChecks =
  'access-to-create-pods access-to-secrets cluster-admin-role-binding dangling-horizontalpodautoscaler dangling-ingress ' +
  'dangling-networkpolicy dangling-networkpolicypeer-podselector dangling-service dangling-servicemonitor ' +
  'default-service-account deprecated-service-account-field dnsconfig-options docker-sock drop-net-raw-capability ' +
  'duplicate-env-var env-value-from env-var-secret exposed-services host-ipc host-network host-pid ' +
  'hpa-minimum-three-replicas invalid-target-ports job-ttl-seconds-after-finished latest-tag liveness-port ' +
  'minimum-three-replicas mismatching-selector no-anti-affinity no-extensions-v1beta no-liveness-probe no-node-affinity ' +
  'no-read-only-root-fs no-readiness-probe no-rolling-update-strategy non-existent-service-account non-isolated-pod ' +
  'pdb-max-unavailable pdb-min-available pdb-unhealthy-pod-eviction-policy priority-class-name ' +
  'privilege-escalation-container privileged-container privileged-ports read-secret-from-env-var readiness-port ' +
  'required-annotation-email required-label-owner restart-policy run-as-non-root scc-deny-privileged-container ' +
  'schema-validation sensitive-host-mounts sorted-keys ssh-port startup-port unsafe-proc-mount unsafe-sysctls ' +
  'unset-cpu-requirements unset-memory-requirements use-namespace wildcard-in-rules writable-host-mount';

/** https://github.com/controlplaneio/kubesec/blob/v2.14.2/pkg/ruler/ruleset.go */
export const kubesecRules =
  'AllowPrivilegeEscalation ApparmorAny ApparmorUnconfined AutomountServiceAccountToken BindingsToSystemAnonymous ' +
  'CapDropAll CapDropAny CapSysAdmin DockerSock HostAliases HostIPC HostNetwork HostPID HostUsers LimitsCPU LimitsMemory ' +
  'Privileged ProcMount ReadOnlyRootFilesystem RequestsCPU RequestsMemory RunAsGroup RunAsNonRoot RunAsUser SeccompAny ' +
  'SeccompUnconfined SecretsAsEnvironmentVariables ServiceAccountName VolumeClaimAccessModeReadWriteOnce ' +
  'VolumeClaimRequestsStorage';

/** CIS Kubernetes Benchmark 1.8, section 5, as far as it is about workloads and not about the cluster. */
export const cisSections =
  '5.1.1 5.1.2 5.1.3 5.1.4 5.1.5 5.1.6 5.1.7 5.1.8 5.1.9 5.1.10 5.1.11 5.1.12 5.1.13 5.2.1 5.2.2 5.2.3 5.2.4 5.2.5 5.2.6 ' +
  '5.2.7 5.2.8 5.2.9 5.2.10 5.2.12 5.2.13 5.3.2 5.4.1 5.7.2 5.7.4';
