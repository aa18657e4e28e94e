# Debian packages of the job image; reads POSTGRESQL_MAJORS, PGDG_URL and EXTRA_PACKAGES.
set -eu
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install --yes --no-install-recommends "$@"; }

apt-get update
apt-get upgrade --yes --no-install-recommends

# Otherwise each server package makes a database cluster of 40 MB.
mkdir -p /etc/postgresql-common
echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf
install ca-certificates postgresql-common
if [ "$POSTGRESQL_MAJORS" != 15 ]; then
  key=/usr/share/postgresql-common/pgdg/apt.postgresql.org.asc # Debian's own copy
  echo "deb [signed-by=$key] $PGDG_URL bookworm-pgdg main" > /etc/apt/sources.list.d/pgdg.list
  apt-get update --option APT::Update::Error-Mode=any
fi

install \
  $(printf 'postgresql-%s ' $POSTGRESQL_MAJORS) locales-all \
  redis-server redis-tools influxdb influxdb-client \
  isal zstd openssl curl netcat-openbsd $EXTRA_PACKAGES

# Package ssl-cert makes a private key, the same one for everybody who pulls the image.
rm -f /etc/ssl/private/* /etc/ssl/certs/ssl-cert-snakeoil.pem
# No program of a job changes its user.
find / -xdev -type f -perm /6000 -exec chmod a-s {} +
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /etc/apt/sources.list.d/pgdg.list "$0"
