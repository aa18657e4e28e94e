import { join } from 'node:path';

/** Where a private Ceph cluster listens and keeps its state; loopback only. */
export interface CephPlaces {
  readonly folder: string;
  readonly monitorPort: number;
  readonly httpPort: number;
  readonly httpsPort: number;
}

/** One monitor, one OSD in memory, one S3 gateway. Without replicas and with the smallest pools it starts in seconds. */
export const cephConfig = (
  { folder, monitorPort, httpPort, httpsPort }: CephPlaces,
  fsid: string,
): string => `
[global]
fsid = ${fsid}
mon_host = [v2:127.0.0.1:${monitorPort}/0]
mon_initial_members = a
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv6 = false
auth_allow_insecure_global_id_reclaim = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_data_avail_warn = 1
mon_data_avail_crit = 1
run_dir = ${folder}
admin_socket = ${join(folder, '$cluster-$name.asok')}
log_file = ${join(folder, '$name.log')}
crash_dir = ${folder}
keyring = ${join(folder, 'keyring')}
heartbeat_file =
[mon]
mon_data = ${join(folder, 'mon')}
mon_cluster_log_file = ${join(folder, 'cluster.log')}
[osd]
osd_data = ${join(folder, 'osd')}
keyring = ${join(folder, 'osd', 'keyring')}
osd_objectstore = memstore
memstore_device_bytes = ${4 * 2 ** 30}
osd_class_load_list = *
osd_class_default_list = *
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:${httpPort} ssl_endpoint=127.0.0.1:${httpsPort} ssl_certificate=${join(folder, 'tls.pem')} ssl_private_key=${join(folder, 'tls.key')}
rgw_data = ${join(folder, 'rgw')}
rgw_run_sync_thread = false
rgw_enable_usage_log = false
rgw_bucket_quota_ttl = 0
`;
