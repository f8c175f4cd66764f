#!/bin/sh
# Stands before the real `ip` of a machine. It fails at, or holds before, the first command that an extended regular
# expression in the file `fail` or `hold` matches, after having carried out what comes before it. A batch is taken
# apart into its lines, each with the options of the batch, so that a pattern sees commands as a person would type
# them. All commands are written down in `log`.
folder=/run/faulty-ip
real=/bin/ip
all="$*"

# Most commands are about no rule, and each process costs.
if [ ! -e $folder/fail ] && [ ! -e $folder/hold ] && [ "${all%-batch -}" = "$all" ]; then
  echo "$all" >>$folder/log
  exec $real "$@"
fi

commands=$(mktemp -p $folder)
batch=
case $all in
*'-batch -')
  batch=$(mktemp -p $folder)
  cat >"$batch"
  sed "s|^|${all%-brief*}|" "$batch" >"$commands"
  ;;
*) echo "$all" >"$commands" ;;
esac
cat "$commands" >>$folder/log

# matched RULE: the number of the first command that the rule is about.
matched() { grep -nEm1 -f "$folder/$1" "$commands" 2>/dev/null | cut -d : -f 1; }

n=$(matched fail)
if [ -n "$n" ]; then
  [ -z "$batch" ] || head -n $((n - 1)) "$batch" | $real "$@" || exit
  echo 'RTNETLINK answers: Operation not supported' >&2
  [ -z "$batch" ] || echo "Command failed -:$n" >&2
  exit 2
fi

n=$(matched hold)
if [ -n "$n" ]; then
  [ -z "$batch" ] || head -n $((n - 1)) "$batch" | $real "$@" || exit
  echo $$ >$folder/held
  while [ -e $folder/hold ]; do sleep 0.1; done
  [ -z "$batch" ] || tail -n "+$n" "$batch" >"$commands"
  batch=${batch:+$commands}
fi

[ -z "$batch" ] || exec <"$batch"
exec $real "$@"
