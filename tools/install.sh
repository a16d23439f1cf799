#!/bin/sh
# Installs a lock file into .venv, every file checked against its hash.
#
#   tools/install.sh requirements.lock
#
# uv (itself installed from a lock with hashes) does it in seconds; where uv has no wheel or cannot reach the package
# index, plain pip does the same in a minute. Bytecode is compiled here, so that the first start does not pay for it.
set -eu
lock=$1
python=.venv/bin/python
unset PYTHONDONTWRITEBYTECODE
# Behind an office's proxy only the system knows the right certificates.
if [ -s /etc/ssl/certs/ca-certificates.crt ]; then
    export UV_SYSTEM_CERTS=true
fi

echo "Installing $lock ..."
if [ ! -x .venv/bin/uv ]; then
    $python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock </dev/null ||
        echo "uv is not to be had here: installing with pip, which takes a minute longer" >&2
fi
if [ -x .venv/bin/uv ] &&
    .venv/bin/uv pip install --quiet --python $python --compile-bytecode --require-hashes -r "$lock" </dev/null; then
    exit 0
fi
exec $python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock" </dev/null
