#!/bin/sh
# Installs the Debian packages that a real node, the demo and the tests need, and only those that
# are missing.
# Leaves no service running or enabled: Debian's containerd package starts and enables one,
# and the sandbox runs a containerd of its own.
# Exit codes: 0 all is there, 3 it could not be installed.
set -eu

# A package and the program by which it is known to be there.
wanted='containerd:containerd
runc:runc
containernetworking-plugins:/usr/lib/cni/bridge
iproute2:ip
procps:ps
openssh-client:ssh-keygen
tmux:tmux'

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

missing=
for each in $wanted; do
	command -v "${each#*:}" >/dev/null 2>&1 || missing="$missing ${each%%:*}"
done
[ -n "$missing" ] || exit 0

fail() {
	echo "install.sh: error: $1" >&2
	echo "hint: $2" >&2
	exit 3
}
command -v apt-get >/dev/null 2>&1 ||
	fail "missing:$missing, and there is no apt-get" "install them by your system's own means; any containerd from 1.6 serves"
[ "$(id -u)" = 0 ] ||
	fail "missing:$missing, and installing needs root" "sudo $0"

echo "installing with apt-get:$missing" >&2

policy=/usr/sbin/policy-rc.d # 101 tells package scripts to start nothing
made=
enabled=/etc/systemd/system/multi-user.target.wants/containerd.service
was_enabled=$(test -e "$enabled" || test -L "$enabled" && echo yes || echo no)
tidy() {
	if [ -n "$made" ]; then rm -f "$policy"; fi
	if [ "$was_enabled" = no ]; then rm -f "$enabled"; fi
}
trap tidy EXIT
trap 'exit 130' INT TERM
if [ ! -e "$policy" ]; then
	made=yes
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# shellcheck disable=SC2086 # a list of words
if ! { apt-get update && apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	rm -f "$log"
	fail "apt-get could not install:$missing" "see its last words above"
fi
rm -f "$log"
