#!/bin/sh
# Says why the dashboard cannot be built on this machine, and fails; silent where it can.
set -u
cd "$(dirname "$0")/.." || exit 1
needed=$(sed -n 's/.*"node": ">=\([0-9]*\.[0-9]*\)".*/\1/p' package.json)
if ! found=$(node --version 2>/dev/null); then
    echo "Node was not found; $needed or newer is needed."
    exit 1
fi
oldest=$(printf '%s\n%s\n' "$needed" "${found#v}" | sort -V | head -n 1)
if [ "$oldest" != "$needed" ]; then
    echo "Node ${found#v} was found; $needed or newer is needed."
    exit 1
fi
if ! npm --version >/dev/null 2>&1; then
    echo "Node ${found#v} was found, npm was not."
    exit 1
fi
