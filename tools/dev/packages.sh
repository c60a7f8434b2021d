# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Packages needed by the build and the tests, and their installation. Read by ./dev.

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

build_packages="gcc libc6-dev meson pkg-config libuv1-dev libyaml-dev libjansson-dev libcrypt-dev libmd-dev libssl-dev"
# What the static OpenSSL of Debian 13 refers to.
build_packages="$build_packages zlib1g-dev libzstd-dev"
test_packages="clang lld libcmocka-dev python3 strace curl openssl clang-format clang-tidy cppcheck"
# It checks manual pages: 400 KB, with no packages of its own.
test_packages="$test_packages mandoc"
# The shells whose completions are tried.
test_packages="$test_packages zsh fish"

# The site: HTML from the documents, and from the manual pages.
site_packages="python3 python3-sphinx python3-myst-parser furo mandoc"

# The distribution, such as "debian-12"; "unknown" if the names of its packages are not known.
distribution() (
    ID=unknown VERSION_ID='' ID_LIKE=''
    if [ -r /etc/os-release ]; then
        # shellcheck disable=SC1091
        . /etc/os-release
    fi
    case "$ID-$VERSION_ID $ID_LIKE" in
    debian-12* | debian-13* | ubuntu-24.04*) say "$ID-$VERSION_ID" ;;
    debian-* | *debian*) say "debian-like" ;;
    *) say unknown ;;
    esac
)

# Prints those of the given packages that are not installed.
missing_packages() {
    installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null | sed -n 's/ installed$//p')
    for package in "$@"; do
        case "
$installed
" in
        *"
$package
"*) ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

# Installs missing packages. None of them starts a service.
install_packages() {
    case $(distribution) in
    unknown)
        say "This is neither Debian nor Ubuntu. Install these packages, which may have other names: $*"
        return
        ;;
    ubuntu-24.04 | debian-like)
        say "Note: the names of the packages are Debian's. This distribution is untested." ;;
    esac
    # shellcheck disable=SC2046
    set -- $(missing_packages "$@")
    [ $# -gt 0 ] || return 0
    can_be_root || die "Some packages are missing. As root, run:

  apt-get update && apt-get install --no-install-recommends $*"
    say "Installing $*"
    for command in update "install -y --no-install-recommends $*"; do
        # shellcheck disable=SC2086
        apt_as_root $command >>build/logs/setup.log 2>&1 || {
            tail -n 20 build/logs/setup.log >&2
            die "Cannot install packages (log: build/logs/setup.log)."
        }
    done
}

can_be_root() {
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null
}

apt_as_root() {
    if [ "$(id -u)" -eq 0 ]; then set -- apt-get -q "$@"; else set -- sudo env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"; fi
    DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}

setup_build() {
    # shellcheck disable=SC2086
    install_packages $build_packages
}

setup_test() {
    case $(distribution) in
    debian-12) runtime=libclang-rt-14-dev ;;
    *) runtime=libclang-rt-dev ;;
    esac
    # shellcheck disable=SC2086
    install_packages $build_packages $test_packages $runtime
}

setup_site() {
    # shellcheck disable=SC2086
    install_packages $site_packages
}

# Unpacks the servers of the examples and tests that are not installed into build/servers. Installing the packages would
# enable and start services.
fetch_servers() {
    packages=$(missing_servers)
    [ -n "$packages" ] || return 0
    rm -f build/servers/complete
    case $(distribution) in
    unknown) die "This is neither Debian nor Ubuntu. Install the servers yourself: $packages" ;;
    esac
    # shellcheck disable=SC2086
    download_packages build/servers/packages $packages || {
        # The lists of packages may be missing or old.
        can_be_root || die "Cannot download $packages
Nothing was changed. As root, run 'apt-get update', and then, as any user, ./dev servers again. Tests whose servers are missing are skipped."
        apt_as_root update
        download_packages build/servers/packages $packages
    }
    for package in build/servers/packages/*.deb; do
        dpkg-deb -x "$package" build/servers
    done
    rm -rf build/servers/packages
    touch build/servers/complete
}

# Prints the packages of the servers that are neither installed nor fetched.
missing_servers() (
    use_servers
    for server in nginx:nginx redis-server:redis-server initdb:postgresql prometheus:prometheus promtool:prometheus \
        rsyslogd:rsyslog s6-log:s6 dbus-daemon:dbus-daemon; do
        command -v "${server%:*}" >/dev/null || printf '%s ' "${server#*:}"
    done
)

# download_packages FOLDER PACKAGE…: downloads packages and their dependencies that are not installed.
download_packages() (
    rm -rf "$1"
    mkdir -p "$1"
    cd "$1" || return
    shift
    sandbox=
    [ "$(id -u)" -ne 0 ] || sandbox="-o APT::Sandbox::User=root"
    names=$(apt-get -s --no-install-recommends install "$@" | sed -n 's/^Inst \([^ ]*\).*/\1/p')
    # shellcheck disable=SC2086
    [ -n "$names" ] && apt-get -q $sandbox download $names
)

# Appends the installed and the fetched servers to the path.
use_servers() {
    for folder in /usr/sbin /usr/lib/postgresql/*/bin; do
        [ ! -d "$folder" ] || PATH=$PATH:$folder
    done
    export PATH
    [ -e build/servers/complete ] || return 0
    for folder in build/servers/usr/sbin build/servers/usr/bin build/servers/usr/lib/postgresql/*/bin; do
        [ ! -d "$folder" ] || PATH=$PATH:$PWD/$folder
    done
    libraries=$(find build/servers/usr/lib build/servers/lib -name '*.so.*' -exec dirname {} + 2>/dev/null | sort -u |
        sed "s|^|$PWD/|" | tr '\n' ':')
    LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:-}
    export LD_LIBRARY_PATH
}
