#!/bin/sh
# Says why the dashboard cannot be built on this machine, and fails; silent where it can.
set -u
cd "$(dirname "$0")/.." || exit 1
# "^20.19.0 || >=22.12.0": from there on of one major version, or whatever is newer.
ranges=$(sed -n 's/.*"node": "\(.*\)".*/\1/p' package.json | sed 's/ ||//g')
found=$(node --version 2>/dev/null) || found=
version=${found#v}

is_at_least() {
    [ "$(printf '%s\n%s\n' "$1" "$version" | sort -V | head -n 1)" = "$1" ]
}

fits=
needed=
for range in $ranges; do
    least=${range#^}
    least=${least#>=}
    case $range in
    ^*) words="$least or a later ${least%%.*}" majors=${least%%.*} ;;
    *) words="$least or newer" majors=${version%%.*} ;;
    esac
    needed="${needed:+$needed, or }$words"
    ! is_at_least "$least" || [ "$majors" != "${version%%.*}" ] || fits=1
done

if [ -z "$found" ]; then
    echo "Node was not found; needed is $needed."
    exit 1
fi
if [ -z "$fits" ]; then
    echo "Node $version was found; needed is $needed."
    exit 1
fi
if ! npm --version >/dev/null 2>&1; then
    echo "Node $version was found, npm was not."
    exit 1
fi
