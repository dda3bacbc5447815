#!/bin/sh
# Builds dist/ where what it is made of has changed. What prevents it is said in one line, and
# written down for the page that the service shows instead.
set -u
cd "$(dirname "$0")/.." || exit 1
NEEDS=scripts/node.sh
REASON=not-built.txt
BASE=dist/api-base.txt
INPUTS="src public scripts index.html vite.config.ts tsconfig.json package.json package-lock.json"
INSTALLED=node_modules/.package-lock.json

cannot() {
    echo "$1" >"$REASON"
    if [ -f dist/index.html ]; then
        echo "the dashboard stays as it was built before: $1" >&2
    else
        echo "dashboard not built: $1" >&2
    fi
    exit 1
}

# Folders count, too: a file that was taken away changes nothing else.
is_current() {
    [ -f dist/index.html ] && [ "$(cat "$BASE" 2>/dev/null)" = "${VITE_API_BASE:-}" ] &&
        [ -z "$(find $INPUTS -newer dist/index.html -print -quit)" ]
}

# What it prints matters where it fails alone.
run() {
    printed=$("$@" 2>&1) && return
    echo "$printed" >&2
    return 1
}

# Two builds at once would write to the same places; the second waits, and finds it done.
if command -v flock >/dev/null; then
    exec 9<. && flock 9
fi
is_current && exit 0
reason=$(sh "$NEEDS") || cannot "$reason"
if [ ! -f "$INSTALLED" ] || [ package-lock.json -nt "$INSTALLED" ]; then
    echo "[1/2] $(grep -c '"node_modules/' package-lock.json) packages from mFrontend/package-lock.json"
    run npm ci --no-audit --no-fund || cannot "npm could not install the packages (npm ci)."
fi
echo "[2/2] building the dashboard"
# Types are checked by `make check`; a page that can be made is better than none.
run node_modules/.bin/vite build || cannot 'the build failed; `make dashboard` says why.'
rm -f "$REASON"
echo "      dashboard built: $(cat dist/assets/*.gz | wc -c | awk '{printf "%.0f", $1 / 1000}') kB compressed, all views"
