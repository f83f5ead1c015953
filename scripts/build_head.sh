#!/bin/sh
# rbee {VERSION} for Linux on x86_64: this head, and behind it the program as a gzip'd tar. The first
# start unpacks it into the cache folder; every start becomes the program that lies there.
# All names begin with rbee_: another could be one that the caller has exported.

# The shell runs a group when it has read its end: nothing is done by a head that is cut short.
{

rbee_fail() {
  printf 'Error: %s\n' "$1" >&2
  exit 1
}

# Caches are cleaned by others, and power fails: what is missing or empty has to come again. So has what
# somebody else has put there, which may be any program.
rbee_is_whole() {
  [ -x "$1/deno" ] && [ -O "$1" ] && [ -O "$1/deno" ] || return 1
  for rbee_name in {FILES}; do
    [ -s "$1/$rbee_name" ] && [ -O "$1/$rbee_name" ] || return 1
  done
}

# Whose folder it is can put another program into the place of ours at any time.
rbee_require_own_cache() {
  [ -O "$rbee_cache" ] ||
    rbee_fail "$rbee_cache belongs to another user; set $rbee_setting to a folder of your own"
}

# Tells why writing, or then unpacking, failed; rbee_said is what the program that failed has printed.
rbee_fail_writing() {
  case $rbee_said in
    *'No space left'* | *'quota exceeded'*)
      rbee_fail "Cannot unpack rbee into $rbee_cache: the disk is full; free {MIB} MiB, or set $rbee_setting to a folder on another disk" ;;
    *) rbee_fail "Cannot unpack rbee into $rbee_cache: ${rbee_said##*: }; set $rbee_setting to a folder that you can write" ;;
  esac
}

rbee_fail_unpacking() {
  case $rbee_said in
    *'No space left'* | *'quota exceeded'*) rbee_fail_writing ;;
    *'not found'* | *'Cannot exec'*) rbee_fail 'Cannot unpack rbee without tar and gzip; install them' ;;
    *) rbee_fail "Cannot unpack $rbee_self: it is damaged or cut short; copy it here again" ;;
  esac
}

rbee_unpack() {
  rbee_machine="$(uname -s) on $(uname -m)"
  [ "$rbee_machine" = 'Linux on x86_64' ] ||
    rbee_fail "This rbee is for Linux on x86_64, and this machine is $rbee_machine; run rbee from source here, as README says"
  [ -e {LOADER} ] ||
    rbee_fail 'This rbee needs glibc, whose {LOADER} is not here; use a system with glibc, such as Debian or Fedora'
  [ ! -t 2 ] || printf 'Unpacking rbee {VERSION} into %s, this once\n' "$rbee_cache" >&2

  rbee_said=$(umask 077 && LC_ALL=C mkdir -p "$rbee_cache" 2>&1) || rbee_fail_writing
  rbee_require_own_cache
  rbee_new=$rbee_cache/unpacking-$(uname -n)-$$
  # What starts on this machine have left that were killed, one of them perhaps with our own pid.
  rm -rf "$rbee_new"
  for rbee_name in "${rbee_new%-*}"-*; do
    kill -0 "${rbee_name##*-}" 2>/dev/null || rm -rf "$rbee_name"
  done
  trap 'rm -rf "$rbee_new"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' HUP TERM
  rbee_said=$(umask 077 && LC_ALL=C mkdir "$rbee_new" 2>&1) || rbee_fail_writing
  rbee_said=$(
    umask 077 && exec 2>&1 && export LC_ALL=C
    tail -c +{ARCHIVE} <"$rbee_self" | tar -xzmf - -C "$rbee_new"
  ) || rbee_fail_unpacking
  rbee_said=$(LC_ALL=C "$rbee_new/deno" --version 2>&1 </dev/null) || case $? in
    126) rbee_fail "Cannot run programs in $rbee_cache, which may be mounted noexec; set $rbee_setting to a folder on another disk" ;;
    *) rbee_fail "Cannot run the Deno of rbee ($rbee_said); use a system with a newer glibc, or run rbee from source here, as README says" ;;
  esac

  # Of several starts at once the first is kept.
  [ -e "$rbee_program" ] || mv "$rbee_new" "$rbee_program"
  # Where another start was faster by a moment, mv has moved ours into its folder.
  rm -rf "$rbee_new" "$rbee_program/${rbee_new##*/}"
  rbee_name=$rbee_cache/program-{HASH}
  while [ "$rbee_name" != "$rbee_program" ]; do
    rm -rf "$rbee_name"/*
    rbee_name=$rbee_name+
  done
  trap - EXIT INT HUP TERM
}

rbee_self=$0
case $rbee_self in
  */*) ;;
  # Of a file on PATH some shells say the name alone.
  *) [ -e "$rbee_self" ] || rbee_self=$(command -v -- "$rbee_self") ;;
esac
case $rbee_self in
  /*) ;;
  *) rbee_self=${PWD%/}/${rbee_self#./} ;;
esac
rbee_setting=XDG_CACHE_HOME
if [ -n "$RBEE_HOME" ]; then
  rbee_setting=RBEE_HOME
  rbee_cache=$RBEE_HOME/cache
else
  case $XDG_CACHE_HOME in
    /*) rbee_cache=$XDG_CACHE_HOME/rbee ;;
    *)
      [ -n "$HOME" ] || rbee_fail 'Neither RBEE_HOME nor HOME is set; set RBEE_HOME to a folder'
      rbee_cache=$HOME/.cache/rbee ;;
  esac
fi
case $rbee_cache in
  /*) ;;
  *) rbee_cache=$PWD/$rbee_cache ;;
esac
# Beside a folder that is damaged another is made. Were it put in its place, one of several starts at
# once could take away what the one before it has just mended and begins to run.
[ ! -e "$rbee_cache" ] || rbee_require_own_cache
rbee_program=$rbee_cache/program-{HASH}
until rbee_is_whole "$rbee_program"; do
  [ -e "$rbee_program" ] || { rbee_unpack; break; }
  rbee_program=$rbee_program+
done
# So that the program can be copied to another machine as it came to this one.
export RBEE_EXECUTABLE="$rbee_self"
# What Deno keeps of the program goes with it, not into a folder that a Deno of the person has.
export DENO_DIR="${DENO_DIR:-$rbee_cache/deno}"
# Deno reads it when it starts, and at its end waits for a collector up to three times so long.
case $OTEL_DENO in
  true | 1) export OTEL_EXPORTER_OTLP_TIMEOUT="${OTEL_EXPORTER_OTLP_TIMEOUT:-1000}" ;;
esac
exec "$rbee_program/deno" {RUN} --config "$rbee_program/deno.json" "$rbee_program/main.js" "$@"
}
