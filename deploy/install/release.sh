# shellcheck shell=bash
# The code: each version in a directory of its own with all that it needs, /opt/lowkey/releases/<hash of its content>. The one
# that runs is /opt/lowkey/current; those before it stay, to go back to, as do the files that pages still open may ask for.

SERVED=(chat lowkey_site signaling static deploy docs manage.py requirements-server.txt LICENSE)
KEPT=3

contents() { # the files of a release, NUL between them
  (cd "$SOURCE" && find "${SERVED[@]}" -type f ! -path '*/__pycache__/*' -print0 | LC_ALL=C sort -z)
}

release_id() { (cd "$SOURCE" && contents | xargs -0 sha256sum | sha256sum | cut -c1-12); }

release_path() { echo "/opt/lowkey/releases/$1"; }

make_release() {
  local path
  RELEASE=$(release_path "$(release_id)")
  path=$ROOT$RELEASE
  step "The code, in $path"
  if [ ! -e "$path/.complete" ]; then
    [ ! -e "$path" ] || run rm -rf "$path" # of a run that was cut short
    directory /opt/lowkey 755
    directory "$RELEASE" 755
    copy_code "$path"
    make_environment "$path"
    collect_files "$path"
    run touch "$path/.complete"
  fi
  check_settings "$path"
  copy_files "$path"
}

copy_code() {
  shown "copy $(contents | tr -cd '\0' | wc -c) files from $SOURCE to $1"
  [ "$DRY" = 1 ] || (cd "$SOURCE" && contents | xargs -0 cp --parents --no-preserve=all -t "$1")
  run chmod 755 "$1/deploy/install.sh"
}

make_environment() {
  local like
  like=$(release_with_same_packages)
  if [ -n "$like" ]; then
    run cp -al "$like/.venv" "$1/.venv" # the same files under another name: nothing writes into them any more
  else
    run python3 -m venv "$1/.venv"
    run "$1/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-cache-dir \
      -r "$1/requirements-server.txt"
  fi
  run "$1/.venv/bin/python" -m compileall -q "$1/chat" "$1/lowkey_site" "$1/signaling"
}

release_with_same_packages() { # and with the Python that is here now
  local path version
  version=$(python3 -c 'import platform; print(platform.python_version())') || return 0
  for path in "$ROOT"/opt/lowkey/releases/*; do
    [ -e "$path/.complete" ] && cmp -s "$path/requirements-server.txt" "$SOURCE/requirements-server.txt" &&
      grep -q "^version = $version$" "$path/.venv/pyvenv.cfg" && echo "$path" && return
  done
  return 0
}

in_release() { # PATH COMMAND…: manage.py with the directory's own settings
  (cd "$1" && env -i PATH="$PATH" LANG=C.UTF-8 SECRET_KEY=of-no-use PYTHONDONTWRITEBYTECODE=1 .venv/bin/python manage.py "${@:2}")
}

collect_files() {
  shown "collect and compress the static files in $1/staticfiles"
  [ "$DRY" = 1 ] || in_release "$1" collectstatic --noinput --verbosity 0
}

copy_files() { # hashed names never collide, so files of other versions stay beside them
  local from=$1/staticfiles to=$ROOT/var/lib/lowkey/static
  [ ! -e "$to/.of-${1##*/}" ] || return 0
  directory /var/lib/lowkey 755
  directory /var/lib/lowkey/static 755
  shown "copy $from to $to"
  [ "$DRY" = 1 ] || (cd "$from" && find . -type f ! -name staticfiles.json -print0 | xargs -0 cp --parents -t "$to")
  run touch "$to/.of-${1##*/}"
}

check_settings() { # before anything that runs is touched: would it start with this configuration?
  local said
  [ "$DRY" = 0 ] || return 0
  # shellcheck disable=SC2016
  said=$(cd "$1" && env -i PATH="$PATH" LANG=C.UTF-8 SECRETS="$ROOT/etc/lowkey/secrets" FILE="$ROOT/etc/lowkey/lowkey.env" \
    PYTHONDONTWRITEBYTECODE=1 bash -c '
      set -a; SECRET_KEY_FILE=$SECRETS/secret_key TURN_SECRET_FILE=$SECRETS/turn_secret REDIS_URL_FILE=$SECRETS/redis_url
      . "$FILE"; exec .venv/bin/python manage.py check --deploy --fail-level WARNING' 2>&1) ||
    fail "lowkey would not start with $ROOT/etc/lowkey/lowkey.env; nothing that runs was touched:"$'\n'"$said"
}

remove_old_releases() {
  local path kept=0
  for path in $(cd "$ROOT/opt/lowkey/releases" 2> /dev/null && ls -t); do
    [ "$ROOT$RELEASE" != "$ROOT$(release_path "$path")" ] || continue
    kept=$((kept + 1))
    [ "$kept" -lt "$KEPT" ] || run rm -rf "$ROOT$(release_path "$path")"
  done
}
