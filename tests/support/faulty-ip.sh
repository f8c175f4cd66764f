#!/bin/sh
# Stands before the real `ip` of a machine. It fails at, or holds before, the first command that an extended regular
# expression in the file `fail` or `hold` matches, after having carried out what comes before it. A batch is taken
# apart into its lines, each with the options of the batch, so that a pattern sees commands as a person would type
# them. All commands are written down in `log`.
folder=/run/faulty-ip
real=/bin/ip
all="$*"

# about RULE: whether a rule is about the command on standard input.
about() { [ -e $folder/$1 ] && grep -qEf $folder/$1; }

# A batch that is fed little by little, by somebody who waits for the answer to each line.
case $all in
*-json*'-batch -')
  while IFS= read -r line; do
    echo "$line" >>$folder/log
    if echo "$line" | about fail; then
      echo 'RTNETLINK answers: Operation not supported' >&2
      echo 'Command failed -:1' >&2
      exit 1
    fi
    if echo "$line" | about hold; then
      # What waits is a process of its own, which ends when the wait is over, or is killed in this one's place.
      while [ -e $folder/hold ]; do sleep 0.1; done &
      echo $! >$folder/held
      wait $! || exit 137
    fi
    # Not by a pipe, whose other end would be one process more.
    $real "$@" <<end || exit
$line
end
  done
  exit
  ;;
esac

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
