#!/bin/sh
# Makes sure that Debian packages are there: installs them where it may (root, or sudo without a password),
# and otherwise stops with the line to type.
#
#   tools/need.sh WHAT_FOR PACKAGE...
set -eu
what_for=$1
shift

stop() {
    echo "" >&2
    echo "*** $what_for: please install it first, then run the command again:" >&2
    echo "***     $1" >&2
    echo "" >&2
    exit 1
}

if ! command -v apt-get >/dev/null 2>&1; then
    stop "(with your system's package manager) $*"
elif [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true >/dev/null 2>&1; then
    as_root="sudo -n"
else
    stop "sudo apt-get update && sudo apt-get install -y $*"
fi

echo "Installing $* ($what_for) ..."
log=$(mktemp)
if ! { $as_root apt-get update -q && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
    --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
    tail -n 5 "$log" >&2
    rm -f "$log"
    stop "apt-get update && apt-get install -y $*"
fi
rm -f "$log"
