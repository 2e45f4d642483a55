# Sourced by testbeds: namespaces and processes that don't outlive the script, facts waited for
# rather than slept for, and checks that are counted. Needs bash, iproute2 and root.

namespaces=() processes=() passed=0 failed=0

cleanup() { # ends what was started, by process id, then removes the namespaces
  trap - EXIT
  set +e
  local id name
  for name in "${namespaces[@]}"; do processes+=($(ip netns pids "$name" 2>/dev/null)); done
  for id in "${processes[@]}"; do kill "$id" 2>/dev/null; done
  for id in "${processes[@]}"; do
    wait_for 2 ended "$id" || kill -9 "$id" 2>/dev/null
  done
  for name in "${namespaces[@]}"; do
    for id in $(ip netns pids "$name"); do kill -9 "$id" 2>/dev/null; done # started meanwhile
    ip netns delete "$name"
  done
}
ended() { ! kill -0 "$1" 2>/dev/null || [[ $(ps -o stat= -p "$1") == Z* ]]; }
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

namespace() { # NAME...: new namespaces, their loopback up
  local name
  for name; do
    ip netns add "$name" || return
    namespaces+=("$name")
    ip -n "$name" link set lo up
  done
}

within() { # NAME COMMAND...: runs the command in the namespace
  ip netns exec "$@"
}

background() { # LOG COMMAND...: starts the command, its process id in $!
  local log=$1
  shift
  "$@" </dev/null >"$log" 2>&1 &
  processes+=($!)
}

wait_for() { # SECONDS COMMAND...: until the command succeeds; 1 if it hasn't in time
  local deadline=$((${EPOCHREALTIME//[!0-9]/} + $1 * 1000000))
  shift
  until "$@" >/dev/null 2>&1; do
    ((${EPOCHREALTIME//[!0-9]/} < deadline)) || return 1
    sleep 0.05
  done
}

check() { # SENTENCE COMMAND...: counts whether the command succeeds, shows what it said if not
  local sentence=$1 said status=0
  shift
  said=$("$@" 2>&1) || status=$?
  if ((status == 0)); then
    passed=$((passed + 1))
    echo "ok    $sentence"
  else
    failed=$((failed + 1))
    echo "FAIL  $sentence: exit $status from: $*"
    [[ -z $said ]] || sed 's/^/      /' <<<"$said"
  fi
}

finish() { # the counts, and the exit status that follows from them
  echo "$passed passed, $failed failed"
  ((passed > 0 && failed == 0))
  exit
}
