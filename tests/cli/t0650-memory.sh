#!/bin/sh
# run.memory is kept: jobs wait for it or are refused with the figures, and what is resident stays within it.
. "$(dirname "$0")/lib.sh"
MODEL=$ROOT/tests/data/model
[ -f "$MODEL/model.safetensors" ] || skip_all 'no model in tests/data/model'
MIB=1048576

manifest() # memory
{
	cat <<END
version: 1
name: m
checkpoint: $MODEL
params: {prompt: "soft rain over felt piano", duration: 20}
sweep: {seed: 1..10}
run: {memory: $1}
END
}
number() { sed -n "s/^ *\"$1\": \([0-9]*\),*\$/\1/p" stdout; }
samples() { sed 's/.*"file_name":"\([^"]*\)".*"pcm_sha256":"\([0-9a-f]*\)".*/\1 \2/' "$1/metadata.jsonl"; }

# Too small for one job: refused by check, plan and run, with what is needed and what is allowed.
manifest 3M >small.yaml
for verb in check plan run; do
	run 5 mgbatch $verb small.yaml
	has stderr "small.yaml:1: 's1.wav' needs "
	has stderr ' of memory with the model, and 3.0 MiB may be used: '
	is "$(grep -c . stderr)" 1 'said once for ten equal jobs'
done
ok 'nothing is made' test ! -e out
needed=$(sed -n 's/.* needs \([0-9]*\)\.[0-9]* MiB .*/\1/p' stderr) # of one job, in whole MiB

# Guidance 0 and 1 take one row of the batch, any other two: a sweep needs what its neediest job needs, wherever that stands.
guided() # memory, guidances
{
	sed "s/^run: .*/run: {memory: $1}/; s/^sweep: .*/sweep: {guidance: [$2]}/" small.yaml >guided.yaml
	run "$3" mgbatch check guided.yaml
}
kib() { sed -n 's/.* needs \([0-9]*\)\.\([0-9]\) MiB .*/\1 \2/p' stderr | while read -r mib tenth; do echo $((mib * 1024 + tenth * 1024 / 10)); done; }
guided 3M 0 5
one=$(kib)
guided 3M 3 5
two=$(kib)
ok 'a second row needs memory' test "$two" -gt "$((one + 200))"
between=$(((one + two) / 2))K
guided $between '0, 1' 0
for sweep in '0, 3' '3, 0' '1, 3' '0, 1, 3'; do
	guided $between "$sweep" 5
	has stderr "'g3.wav' needs "
done

# What no memory helps is a mistake of the manifest: found before anything runs, all at once, at the prompt.
words=$(seq 700 | tr '\n' ' ')
cat >never.yaml <<END
version: 1
name: never
checkpoint: $MODEL
sets:
  good: {params: {prompt: short, duration: 1}}
  wordy: {params: {prompt: "$words", duration: 1}}
  again: {params: {prompt: "$words", duration: 2}}
END
run 2 mgbatch run never.yaml
has stderr "never.yaml:6:28: 'wordy/wordy.wav': "
has stderr ' tokens; at most 512 are allowed'
has stderr "never.yaml:7:28: 'again/again.wav': "
ok 'nothing is made' test ! -e out
# The rest measures; a sanitizer keeps memory of its own, and time.
grep -q '__[at]san_init' "$BUILD/mgbatch" && done_testing

# The program itself: everything but the model and its clips.
manifest 256M >m.yaml
run 0 mgbatch run m.yaml --backend fake --output fake --json
itself=$(number memory_peak_bytes)
ok 'the peak of the program itself is known' test "$itself" -gt 0

# The bound: run.memory, the program itself and the samples of a finished clip or two while they become a file.
bounded() # the manifest's memory in MiB
{
	ok "peak $(($(number memory_peak_bytes) / MIB)) MiB with $1 MiB allowed" \
		test "$(number memory_peak_bytes)" -le $(($1 * MIB + itself + 6 * MIB))
}

# Large: all slots at once.
run 0 mgbatch run m.yaml --output large --json
ok "at most $(number running_most) at once: all slots" test "$(number running_most)" -ge 8
unbounded=$(number memory_peak_bytes)
bounded 256
samples large >wanted

# Middle: some wait.
middle=$((needed * 2))
manifest ${middle}M >m.yaml
run 0 mgbatch run m.yaml --output middle --json
ok "at most $(number running_most) at once: more than one, not all" test "$(number running_most)" -ge 2 -a "$(number running_most)" -le 6
bounded $middle
samples middle >got
ok 'the same samples' cmp wanted got

# Room for one: one after the other.
one=$((needed + 1))
manifest ${one}M >m.yaml
run 0 mgbatch run m.yaml --output one --json
is "$(number running_most)" 1 'one at once'
bounded $one
ok 'the bound is no trivial one' test "$unbounded" -gt $((one * MIB + itself + 6 * MIB))
samples one >got
ok 'the same samples' cmp wanted got

# -v says it, to people.
run 0 mgbatch run m.yaml --output one -v
has stderr 'mgbatch: memory: peak '
has stderr "run.memory $one.0 MiB"
done_testing
