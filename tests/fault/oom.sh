#!/bin/sh
# oom.sh: the kernel's out-of-memory killer takes a run; the next one charges its jobs with a death, and at three gives them up.
#
# Needs root and a memory control group of its own (version 1 or 2). The machine's count of such kills is what a run looks at,
# so this test is not run beside those that kill runs otherwise.
. "$(dirname "$0")/../cli/lib.sh"
[ "$(id -u)" = 0 ] || skip_all 'needs root'

make_group() # parent, file of the limit
{
	group=$1/mgbatch-oom-$$
	[ -f "$1/cgroup.procs" ] && mkdir "$group" 2>/dev/null || return 1
	echo 67108864 2>/dev/null >"$group/$2" && [ "$(cat "$group/$2")" = 67108864 ] && return 0
	rmdir "$group"
	return 1
}
make_group /sys/fs/cgroup/memory memory.limit_in_bytes || make_group /sys/fs/cgroup memory.max ||
	skip_all 'no memory control group can be made here'
trap 'rmdir "$group" 2>/dev/null' EXIT

cat >m.yaml <<'END'
version: 1
name: oom
backend: fake
params: {prompt: "soft rain", duration: 1}
sweep: {seed: 1..2}
fake: {delay: 20s}
END
in_group() { sh -c 'echo $$ >"$0/cgroup.procs" && echo "$1" >/proc/self/oom_score_adj && shift && exec "$@"' "$group" "$@"; }

# The run would be taken first (1000); then comes who asks for more than there is.
strike() # jobs in slots
{
	in_group 1000 "$BUILD/mgbatch" run m.yaml --output out >run.out 2>run.err &
	pid=$!
	await running out "$1"
	in_group 0 sh -c 'head -c 200000000 /dev/zero | tail' >/dev/null 2>&1
	wait $pid
	status=$?
}

kills=$(awk '$1 == "oom_kill" { print $2 }' /proc/vmstat)
strike 2
is "$status" 137 'the kernel killed the run'
[ "$(awk '$1 == "oom_kill" { print $2 }' /proc/vmstat)" -gt "$kills" ]
tap $? 'and counts it'
strike 1
is "$status" 137 'it killed the next run too'
has run.err 'the last run was killed for want of memory with 2 jobs in hand'
has run.err 'each alone, before all others'
strike 1
has run.err 'the last run was killed for want of memory with 1 job in hand'
sed -i 's/20s/10ms/' m.yaml
run 1 mgbatch run m.yaml --output out
has stderr 'given up after 3 deaths: 1'
run 0 mgbatch list out
is "$(grep -c ' failed ' stdout) $(grep -c ' done ' stdout)" '1 1' 'the job that never came through is failed, the other is done'
run 0 mgbatch status out --json
has stdout '"crash": 1'
done_testing
