#!/usr/bin/env bash
# Installs what building and testing needs on Debian 12, and only what is missing.
# As another user than root it only says what is missing. Running servers and
# existing clusters are left alone, and no cluster is made.
set -euo pipefail

packages=(gcc g++ make pkg-config postgresql-common postgresql-15 postgresql-server-dev-15
	libicu-dev libphonenumber-dev libipc-run-perl)

missing=()
for package in "${packages[@]}"; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "setup: these packages are missing: ${missing[*]}" >&2
	echo "setup: install them as root: apt-get install ${missing[*]}" >&2
	exit 1
fi

echo "setup: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
conf=/etc/postgresql-common/createcluster.conf
saved=
finish()
{
	# the administrator's choice about new clusters comes back whatever happened
	if [ -n "$saved" ]; then cat "$saved" > "$conf"; rm -f "$saved"; fi
	rm -f "$log"
}
trap finish EXIT
# quiet, but a failure shows all
apt_get()
{
	if ! apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" > "$log" 2>&1 < /dev/null; then
		cat "$log" >&2
		exit 1
	fi
}

apt_get update
# The server package makes a cluster "main" and starts it. Nobody asked for one: switch that off while it is installed,
# unless there are clusters already (then it makes none).
if [[ " ${missing[*]} " == *" postgresql-15 "* ]] && [ -z "$(ls -A /etc/postgresql 2>/dev/null)" ]; then
	apt_get install -y --no-install-recommends postgresql-common
	saved=$(mktemp)
	cat "$conf" > "$saved"
	echo 'create_main_cluster = false' >> "$conf"
fi
apt_get install -y --no-install-recommends "${missing[@]}"
