#!/bin/sh
# Installs what the tests of the vault session need beside Vault: pass with gpg, and useradd
# (root on Debian). Exit codes: 0 all is there, 3 it could not be installed.
set -eu

missing=
command -v pass >/dev/null 2>&1 || missing="$missing pass"
command -v gpg >/dev/null 2>&1 || missing="$missing gnupg"
command -v useradd >/dev/null 2>&1 || missing="$missing passwd"
command -v setpriv >/dev/null 2>&1 || missing="$missing util-linux"
[ -n "$missing" ] || exit 0

echo "installing with apt-get:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of words
if ! { apt-get update && apt-get install -y --no-install-recommends $missing; } >/dev/null 2>&1; then
	echo "install.sh: error: apt-get could not install:$missing" >&2
	echo "hint: install them by your system's own means" >&2
	exit 3
fi
