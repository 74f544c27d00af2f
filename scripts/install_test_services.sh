#!/bin/sh
# Sees to the servers that the tests start for themselves and that no wheel brings: redis-server.
# Installs it where that needs no question (root on Debian or Ubuntu), and says how to elsewhere.
# Never fails: without it the tests of Redis are skipped, or fail where CI is set.
set -u

if command -v redis-server >/dev/null; then
    exit 0
fi

# What a package starts on installation would stay, and take the default port. A policy-rc.d that
# exits with 101 forbids it, see invoke-rc.d(8).
POLICY=/usr/sbin/policy-rc.d

install_redis() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-server || return 1
    # Nor shall it start with the machine.
    if command -v systemctl; then systemctl disable redis-server; fi
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
    echo "Installing redis-server, for the tests."
    if install_redis >"$log" 2>&1; then
        rm -f "$log"
        exit 0
    fi
    tail -n 5 "$log" >&2
    rm -f "$log"
fi

echo "The tests of Redis need redis-server on the PATH: apt install redis-server, brew install redis."
