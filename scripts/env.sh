# shellcheck shell=bash
# Sourced by the scripts beside it: one place for the paths, the environment and the choice of Python.

# With CDPATH `cd` may go elsewhere, and print.
unset CDPATH
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
BIN=$ROOT/${CLOUDOPS_VENV:-.venv}/bin
cd "$ROOT" || exit

# Packages of another environment must not shadow ours.
unset PYTHONPATH PYTHONHOME PYTHONSAFEPATH PYTHONINSPECT

# Ansible ignores ansible.cfg in a folder that everybody may write to, so the environment says it as well.
export ANSIBLE_CONFIG=$ROOT/ansible.cfg
export ANSIBLE_COLLECTIONS_PATH=$ROOT/.collections
# Nothing is written outside the checkout. Ansible takes the real home for its remote folder, whatever HOME says.
export ANSIBLE_HOME=$ROOT/.cache/ansible
export ANSIBLE_LOCAL_TEMP=$ROOT/.cache/ansible/tmp
export ANSIBLE_REMOTE_TEMP=$ROOT/.cache/ansible/remote
export ANSIBLE_GALAXY_CACHE_DIR=$ROOT/.cache/ansible/galaxy
# Ansible refuses to start in a locale that is not UTF-8, such as the one of an empty environment.
case $(uname -s) in
    Darwin) export LC_ALL=en_US.UTF-8 ;;
    *) export LC_ALL=C.UTF-8 ;;
esac

die() {
    printf '%s\n' "$@" >&2
    exit 1
}

# Prints the first Python that is new enough and can make a virtual environment. PYTHON=… overrides the search.
find_python() {
    local candidate candidates found=
    if [ -n "${PYTHON:-}" ]; then
        candidates=("$PYTHON")
    else
        candidates=(python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3)
    fi
    for candidate in "${candidates[@]}"; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        found=$candidate
        if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    if [ -n "$found" ]; then
        die "$found cannot make virtual environments." \
            "On Debian and Ubuntu: apt install python3-venv. Elsewhere: install Python with ensurepip."
    fi
    die "Python 3.11 or newer is needed, and none was found as: ${candidates[*]}." \
        "On Debian 12 and newer: apt install python3 python3-venv. Or name one: PYTHON=/path/to/python3 $0"
}

# bootstrap demo|test|lint|ecosystem|mutate: the virtual environment with what that takes, and the link to the collection.
bootstrap() {
    local python
    # The usual case, and the quick one: all is there.
    if [ -z "${PYTHON:-}" ] && [ -x "$BIN/python" ] && "$BIN/python" -I "$ROOT/scripts/bootstrap.py" "$1" --ready; then
        return
    fi
    python=$(find_python)
    "$python" -I "$ROOT/scripts/bootstrap.py" "$1"
}
