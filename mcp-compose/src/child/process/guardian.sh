# Ends the processes that a killed mcp-compose leaves behind. $1: what their environment says.
# On stdin: "+ GROUP SINCE" for a group that runs, "- GROUP" for one that has ended. The end of stdin is our own.
guard() {
  trap '' HUP INT QUIT TERM PIPE
  exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
  groups=
  while read -r what group since; do
    case $what in
    +) groups="$groups $group:$since" ;;
    -)
      kept=
      for known in $groups; do
        [ "${known%%:*}" = "$group" ] || kept="$kept $known"
      done
      groups=$kept
      ;;
    esac
  done
  for known in $groups; do
    ours "${known%%:*}" "${known#*:}" && kill -s KILL -- "-${known%%:*}" 2>/dev/null
  done
  rounds=0
  while [ "$rounds" -lt 100 ]; do
    found=$(grep -lsF -- "$mark" /proc/[0-9]*/environ 2>/dev/null)
    [ -n "$found" ] || break
    for file in $found; do
      process=${file#/proc/}
      kill -s KILL "${process%/environ}" 2>/dev/null
    done
    rounds=$((rounds + 1))
  done
}

# Whether the group $1 is still that whose leader was started at $2: a number is not given to another process while a
# group has it, so that only a leader that lives can be another.
ours() {
  read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
  set -- "$2" ${stat##*) }
  [ "$1" = "${21}" ]
}

mark=$1
# What runs in the background has no stdin unless it is given one.
exec 3<&0
guard <&3 &
