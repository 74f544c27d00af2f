#!/bin/sh
# Sees to what the tests start for themselves and neither pip nor npm brings: redis-server and
# Chromium. Installs what is missing where that needs no question (root on Debian or Ubuntu), and
# says how to elsewhere. Never fails: without them their tests are skipped, or fail where CI is set.
set -u

missing=
command -v redis-server >/dev/null || missing=redis-server
[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || missing="$missing chromium fonts-liberation"
if [ -z "$missing" ]; then
    exit 0
fi

# What a package starts on installation would stay, and take the default port. A policy-rc.d that
# exits with 101 forbids it, see invoke-rc.d(8).
POLICY=/usr/sbin/policy-rc.d

install_missing() {
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # a word for each package
    apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing || return 1
    # Nor shall it start with the machine.
    case $missing in *redis-server*)
        if command -v systemctl; then systemctl disable redis-server; fi ;;
    esac
    return 0
}

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    log=$(mktemp)
    if [ ! -e "$POLICY" ]; then
        trap 'rm -f "$POLICY"' EXIT
        trap 'exit 1' HUP INT TERM
        printf '#!/bin/sh\nexit 101\n' >"$POLICY"
        chmod +x "$POLICY"
    fi
    echo "Installing for the tests: $missing"
    if install_missing >"$log" 2>&1; then
        rm -f "$log"
        exit 0
    fi
    tail -n 5 "$log" >&2
    rm -f "$log"
fi

echo "The tests also need: $missing. Debian: apt install redis-server chromium. macOS:"
echo "brew install redis, and CHROMIUM=/path/to/chromium-or-chrome for the tests of the chat page."
