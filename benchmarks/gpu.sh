#!/usr/bin/env bash
# Everything worth measuring on a GPU, within 9 minutes: docs/gpu.md. `gpu.sh wheels` fetches what a machine without
# network lacks; `gpu.sh --rehearse` runs every part on the CPU, with tiny sizes.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
if [ "${1:-}" = wheels ]; then
    exec "$python" benchmarks/gpu_wheels.py fetch "${@:2}"
fi
started=$("$python" -c 'import time; print(time.time())')
site=$("$python" benchmarks/gpu_wheels.py unpack) || site= # what cannot be imported then costs its own part
export PYTHONPATH="$PWD/src${site:+:$site}${PYTHONPATH:+:$PYTHONPATH}"
exec "$python" benchmarks/gpu.py --started "$started" "$@"
