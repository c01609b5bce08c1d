#!/bin/sh
# blocksmith in one file: this script, followed by a gzipped bundle and a gzipped
# Deno. The first start unpacks both into a cache folder; later starts find them
# there. It needs sh, gzip and the core utilities.
set -eu

id=@ID@ app_bytes=@APP_BYTES@ deno_bytes=@DENO_BYTES@

die() {
  printf 'blocksmith: %s\n' "$*" >&2
  exit 1
}

here=$(uname -s)/$(uname -m)
case $here in */arm64) here=${here%/*}/aarch64 ;; esac
[ "$here" = '@OS@/@ARCH@' ] || die "Cannot run here as this file is for @OS@/@ARCH@: got $here"
[ -r "$0" ] || die "Cannot read '$0', which holds the program: start it by its path"

payload() { tail -c "$((app_bytes + deno_bytes))" "$0"; }

new=
tidy() { [ -z "$new" ] || rm -rf "$new"; }
trap tidy EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# unpack FOLDER: unpacks both into it. Each complete file is renamed into place,
# Deno last, so a concurrent first start sees a complete file or none.
unpack() {
  [ "$(payload | head -c 2 | od -An -tx1 | tr -d ' ')" = 1f8b ] ||
    die "Cannot unpack '$0' as its end is missing: copy or download it again"
  new=$(mktemp -d "$1/new.XXXXXX" 2>/dev/null) || return 1
  if {
    payload | head -c "$app_bytes" | gzip -dc >"$new/app.js" &&
      tail -c "$deno_bytes" "$0" | gzip -dc >"$new/deno" &&
      chmod 700 "$new/deno" &&
      # The file system may be mounted noexec; the next folder is tried then.
      "$new/deno" --version >"$new/version" &&
      mv -f "$new/app.js" "$1/app.js" &&
      mv -f "$new/deno" "$1/deno"
  } 2>/dev/null; then done=0; else done=1; fi
  tidy
  new=
  return "$done"
}

# Take the first folder that is ours and works; never trust another user's.
for base in "${XDG_CACHE_HOME:+$XDG_CACHE_HOME/blocksmith}" "${HOME:+$HOME/.cache/blocksmith}" \
  "${TMPDIR:-/tmp}/blocksmith-$(id -u)"; do
  [ -n "$base" ] || continue
  cache=$base/$id
  (umask 077 && mkdir -p "$cache") 2>/dev/null || continue
  if [ ! -O "$base" ] || [ ! -O "$cache" ]; then continue; fi
  if [ ! -s "$cache/app.js" ] || [ ! -x "$cache/deno" ]; then
    unpack "$cache" || continue
  fi
  trap - EXIT HUP INT TERM
  export DENO_NO_UPDATE_CHECK=1 DENO_DIR="${DENO_DIR:-$base/deno}"
  # shellcheck disable=SC2093 # the script ends here if the program starts
  exec "$cache/deno" run -A --no-config --no-lock --no-remote --no-npm "$cache/app.js" "$@"
done
die "Cannot unpack as no cache folder is usable: set XDG_CACHE_HOME to a folder that you own, with 150 MB free, where programs may run"
