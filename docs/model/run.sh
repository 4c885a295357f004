#!/usr/bin/env bash
# Lets Spin search the models of the fair queue and of the marker of SoftFileLock: the protocol has to hold, and each variant has to fail, in its own way.
# What is explored is all there is within the bounds below: so many arrivals, so many of them inside at a time, and at
# most so many deaths, each before any step of anybody. A search that was cut short counts as failed.
set -euo pipefail
cd "$(dirname "$0")"

readonly AT_A_TIME=2
readonly MEMORY_MB=1200 # of each
readonly DEPTH=20000

# name | defines | what has to be found | the model, unless it is that of the fair queue
readonly RUNS=(
  "three at once, one dies | -DWAITERS=3 -DCRASHES=1 | nothing"
  "four, two at once, one dies | -DWAITERS=4 -DINSIDE=2 -DCRASHES=1 | nothing"
  "three, two at once, two die | -DWAITERS=3 -DINSIDE=2 -DCRASHES=2 | nothing"
  "steps past, or without a ticket | -DWAITERS=3 -DCRASHES=0 -DSTEP_PAST | nothing"
  "every run ends | -DWAITERS=3 -DCRASHES=0 -DNP | nothing"
  "every run ends, one dies | -DWAITERS=2 -DCRASHES=1 -DNP | nothing"
  "NO_GATE | -DWAITERS=2 -DCRASHES=0 -DNO_GATE -DKEEP_DIRECTORY | unlinkedOnlyDead"
  "FLOCK_OUTSIDE_GATE | -DWAITERS=2 -DCRASHES=0 -DFLOCK_OUTSIDE_GATE | unlinkedOnlyDead"
  "LOWEST_FREE | -DWAITERS=3 -DCRASHES=0 -DLOWEST_FREE | numberAboveAllWaiting"
  "DEAD_NOT_COUNTED | -DWAITERS=2 -DCRASHES=1 -DDEAD_NOT_COUNTED | numberIsFresh"
  "REFUSAL_IGNORED | -DWAITERS=3 -DCRASHES=0 -DREFUSAL_IGNORED | unlinkedOnlyDead"
  "LEAVER_UNLINKS | -DWAITERS=2 -DCRASHES=0 -DLEAVER_UNLINKS | unlinkedOnlyDead"
  "SLEEP_ON_NAME | -DWAITERS=2 -DCRASHES=1 -DSLEEP_ON_NAME | deadlock"
  "NO_RESCAN | -DWAITERS=3 -DCRASHES=0 -DNO_RESCAN | firstComeFirstServed"
  "QUEUE_IS_THE_LOCK, STEP_PAST | -DWAITERS=2 -DCRASHES=0 -DQUEUE_IS_THE_LOCK -DSTEP_PAST | oneHolder"
  "UNLINK_AFTER_UNLOCK | -DWAITERS=3 -DCRASHES=0 -DUNLINK_AFTER_UNLOCK | unlinkedOnlyDead"
  "REMOVER_WITHOUT_GATE | -DWAITERS=3 -DCRASHES=0 -DREMOVER_WITHOUT_GATE | unlinkedOnlyDead"
  "NO_RECHECK | -DWAITERS=3 -DCRASHES=0 -DNO_RECHECK | unlinkedOnlyDead"
  "NO_SECOND_LOOK | -DWAITERS=2 -DCRASHES=0 -DNO_SECOND_LOOK | nothingLeft"
  "DEAD_ARE_LEFT | -DWAITERS=2 -DCRASHES=1 -DDEAD_ARE_LEFT | goneWithTheLast"
  "LEAVES_WITHOUT_LOOK | -DWAITERS=2 -DCRASHES=0 -DLEAVES_WITHOUT_LOOK | nothingLeft"
  "DIRECTORY_ALWAYS_GONE | -DWAITERS=2 -DCRASHES=0 -DDIRECTORY_ALWAYS_GONE | nothingLeft"
  "marker: three, two die | -DCONTENDERS=3 -DCRASHES=2 | nothing | soft"
  "marker: two, twice each, forced | -DCONTENDERS=2 -DROUNDS=2 -DCRASHES=2 -DFORCERS=1 | nothing | soft"
  "marker: three, forced | -DCONTENDERS=3 -DCRASHES=0 -DFORCERS=1 | nothing | soft"
  "marker: no hard links | -DCONTENDERS=3 -DROUNDS=2 -DCRASHES=0 -DNO_LINKS | nothing | soft"
  "WITHOUT_RIGHT | -DCONTENDERS=3 -DCRASHES=1 -DWITHOUT_RIGHT | unlinkedWhatWasSeen | soft"
  "CHECK_BEFORE_RIGHT | -DCONTENDERS=3 -DCRASHES=1 -DCHECK_BEFORE_RIGHT | unlinkedWhatWasSeen | soft"
  "BREAK_EMPTY, NO_LINKS | -DCONTENDERS=2 -DCRASHES=0 -DNO_LINKS -DBREAK_EMPTY | unlinkedWhatWasSeen | soft"
  "BLIND_RELEASE | -DCONTENDERS=2 -DCRASHES=0 -DFORCERS=1 -DBLIND_RELEASE | unlinkedWhatWasSeen | soft"
  "RELEASE_RETURNS | -DCONTENDERS=1 -DCRASHES=1 -DFORCERS=1 -DRELEASE_RETURNS | nothingLeft | soft"
  "RIGHT_WITHOUT_RIGHT | -DCONTENDERS=3 -DCRASHES=2 -DRIGHT_WITHOUT_RIGHT | rightIsMine | soft"
)

if ! command -v spin >/dev/null; then
  if [[ -n ${CI:-} ]]; then
    echo "spin is missing, and CI has to have it (.ci/run installs it)" >&2
    exit 1
  fi
  echo "skipped: spin is not installed (apt-get install spin)"
  exit 0
fi
compiler=${CC:-cc}
if ! command -v "$compiler" >/dev/null; then
  echo "no C compiler: '$compiler' is not installed (apt-get install gcc, or set CC)" >&2
  exit 1
fi

models=$PWD
work=$(mktemp -d)
set -m # each search is a process group, which ends as a whole
end() {
  local group
  for group in $(jobs -pr); do kill -- "-$group" 2>/dev/null || true; done
  wait || true
  rm -rf "$work"
}
trap end EXIT
trap 'exit 1' INT TERM

# What a search that ended says of itself, in one word or two.
outcome() {
  local report=$1
  if grep -q 'max search depth too small\|out of memory\|memory limit' "$report"; then
    echo "cut short"
  elif grep -q 'assertion violated' "$report"; then
    sed -n 's/.*assertion violated \([^ ]*\).*/\1/p' "$report" | head -n 1
  elif grep -q 'invalid end state (' "$report"; then
    echo "deadlock"
  elif grep -q 'non-progress cycle (' "$report"; then
    echo "endless run"
  elif grep -q 'errors: 0' "$report" && ! grep -q 'Search not completed' "$report"; then
    echo "nothing"
  else
    echo "no result"
  fi
}

search() {
  local name=$1 defines=$2 expected=$3 model=$4 directory=$5
  local mode=(-DSAFETY) flags=() found states seconds verdict=ok
  [[ $defines != *-DNP* ]] || { mode=(-DNP) flags=(-l); }
  mkdir "$directory"
  cd "$directory"
  # shellcheck disable=SC2086 # the defines are several words
  if ! spin -a $defines "$models/$model.pml" >report 2>&1 ||
    ! "$compiler" -O2 -w "${mode[@]}" -DCOLLAPSE -DMEMLIM=$MEMORY_MB -o pan pan.c >>report 2>&1; then
    cat report >&2
    return 1
  fi
  ./pan -m$DEPTH "${flags[@]}" >report 2>&1 || true
  found=$(outcome report)
  states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' report)
  seconds=$(sed -n 's/^pan: elapsed time \([0-9.e+]*\) seconds/\1/p' report)
  [[ $found == "$expected" ]] || verdict=FAILED
  printf '%-6s  %-34s  expected %-21s  found %-21s  %9s states  %6s s\n' \
    "$verdict" "$name" "$expected" "$found" "${states:-?}" "${seconds:-?}"
  [[ $verdict == ok ]] || tail -n 40 report >&2
  [[ $verdict == ok ]]
}

failed=0
running=0
for index in "${!RUNS[@]}"; do
  if ((running == AT_A_TIME)); then
    wait -n || failed=$((failed + 1))
    running=$((running - 1))
  fi
  IFS='|' read -r name defines expected model <<<"${RUNS[index]}"
  read -r name <<<"$name"
  read -r expected <<<"$expected"
  read -r model <<<"$model"
  search "$name" "$defines" "$expected" "${model:-fair-queue}" "$work/$index" &
  running=$((running + 1))
done
while ((running > 0)); do
  wait -n || failed=$((failed + 1))
  running=$((running - 1))
done
echo
echo "$((${#RUNS[@]} - failed)) as expected, $failed not"
((failed == 0))
