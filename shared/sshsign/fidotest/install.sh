#!/bin/sh
# Installs what the FIDO key in software is built with, and only what is missing (root on Debian).
# Exit codes: 0 all is there, 3 it could not be installed.
set -eu

missing=
command -v cc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
test -e /usr/include/openssl/evp.h || missing="$missing libssl-dev"
command -v ssh-keygen >/dev/null 2>&1 || missing="$missing openssh-client"
[ -n "$missing" ] || exit 0

echo "installing with apt-get:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of words
if ! { apt-get update && apt-get install -y --no-install-recommends $missing; } >/dev/null 2>&1; then
	echo "install.sh: error: apt-get could not install:$missing" >&2
	echo "hint: install a C compiler and the headers of OpenSSL 3 by your system's own means" >&2
	exit 3
fi
