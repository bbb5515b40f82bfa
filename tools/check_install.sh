#!/usr/bin/env bash
# Installs a built library to a new prefix, builds examples/ against it as a user would, and runs it.
#   tools/check_install.sh BUILD_DIRECTORY
set -euo pipefail
build=$(realpath "$1")
source=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/prefix" >"$work/install.log"
cp -r "$source/examples" "$work/examples"  # away from the repository: nothing of it can be found
cd "$work"
cmake -S examples -B build -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$work/prefix"
cmake --build build
./build/emd | tee output.txt
grep -qx 'status          optimal' output.txt
grep -qxE 'relative gap    [0-9.]+e-1[0-9]|relative gap    0.0e\+00' output.txt
echo "check_install: ok"
