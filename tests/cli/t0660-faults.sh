#!/bin/sh
# Surroundings that fail: a full disk, a read-only folder, files that are not what they should be, streams that
# nobody reads, names and values at the edge. Each gives its status and a sentence, and nothing half there.
[ -n "$MGBATCH_OWN_MOUNTS" ] || { # what this test mounts is nobody else's and goes with it
	[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null && MGBATCH_OWN_MOUNTS=yes exec unshare -m sh "$0"
}
. "$(dirname "$0")/lib.sh"
MODEL=$ROOT/tests/data/model

manifest() # name, seeds, then lines
{
	printf 'version: 1\nname: %s\nbackend: fake\nparams: {prompt: "soft rain", duration: 1}\nsweep: {seed: %s}\n' "$1" "$2"
	shift 2
	[ $# = 0 ] || printf '%s\n' "$@"
}
sounds() { (cd "$1" && cat ./*.wav metadata.jsonl | cksum); }
small_disk() { mkdir -p "$1" && mount -t tmpfs -o "size=$2" tmpfs "$1"; }
# Every file under its final name is one of the whole run's, with its bytes.
all_whole() # folder, the whole run's
{
	for f in "$1"/*.wav; do
		[ ! -e "$f" ] || cmp -s "$f" "$2/${f##*/}" || return 1
	done
}

# ---- the disk -------------------------------------------------------------------------------------------
manifest full 1..40 >full.yaml
run 0 mgbatch run full.yaml --output whole
if [ -n "$MGBATCH_OWN_MOUNTS" ] && small_disk disk 500k 2>/dev/null; then
	run 5 mgbatch run full.yaml --output disk/out
	has stderr 'No space left on device'
	has stderr 'run the same command again'
	ok 'nothing is half there' all_whole disk/out whole
	run 5 mgbatch run full.yaml --output disk/out
	ok 'nor after a second try' all_whole disk/out whole
	mount -o remount,size=8m disk
	run 0 mgbatch run full.yaml --output disk/out
	is "$(sounds disk/out)" "$(sounds whole)" 'with room made the same command continues'
	run 0 mgbatch status disk/out --json
	has stdout '"failed": 0'
	mount -o remount,ro disk
	run 5 mgbatch run full.yaml --output disk/other
	has stderr "'disk/other"
	has stderr 'Read-only file system'
	run 0 mgbatch list disk/out
	is "$(grep -c ' done ' stdout)" 40 'what is there can be listed from a read-only disk'
	umount disk
	if [ -f "$MODEL/model.safetensors" ]; then
		sed "s|^backend: fake|checkpoint: $MODEL|; s/1\.\.40/1..10/" full.yaml >native.yaml
		small_disk disk 700k
		run 5 mgbatch run native.yaml --output disk/out
		# A clip's file (disk_full) or the ledger meets the full disk first: that is a matter of milliseconds.
		grep -qE 'disk_full: |disk is full|free some space|No space left' stderr
		tap $? 'natively: a full disk is said' || sed 's/^/# /' stderr
		mount -o remount,size=16m disk
		run 0 mgbatch run native.yaml --output disk/out
		run 0 mgbatch run native.yaml --output native
		is "$(sounds disk/out)" "$(sounds native)" 'natively too'
		umount disk
	fi
else
	tap 0 'a full and a read-only disk # SKIP needs root and mounts of its own'
fi

# ---- a folder that is something else --------------------------------------------------------------------
manifest three 1..3 >three.yaml
echo text >file
run 5 mgbatch run three.yaml --output file
has stderr "'file': a file of that name is there"
run 5 mgbatch run three.yaml --output file/below
has stderr "'file': a file of that name is there"
mkdir -p torn/.mgbatch
head -c 8192 /dev/urandom >torn/.mgbatch/ledger.db
before=$(cksum <torn/.mgbatch/ledger.db)
for verb in run plan; do
	run 5 mgbatch $verb three.yaml --output torn
	has stderr "the ledger 'torn/.mgbatch/ledger.db': it is damaged"
done
run 5 mgbatch status torn
is "$(cksum <torn/.mgbatch/ledger.db)" "$before" 'a damaged ledger is left as it is'
mkdir mine
echo mine >mine/metadata.jsonl
for verb in check plan run; do
	run 2 mgbatch $verb three.yaml --output mine
	has stderr "'mine' has a file 'metadata.jsonl' that mgbatch did not write"
done
is "$(cat mine/metadata.jsonl)" mine 'the file is untouched'
mv mine/metadata.jsonl mine/s1.wav
run 0 mgbatch run three.yaml --output mine
is "$(cat mine/.mgbatch/old/1/s1.wav)" mine 'a sound in the way of ours is kept'

# ---- manifests that are none ----------------------------------------------------------------------------
run 2 mgbatch run nowhere.yaml
has stderr "cannot read 'nowhere.yaml': No such file"
run 2 mgbatch run torn
has stderr "cannot read 'torn': it is a folder; name the manifest"
: >empty.yaml
run 2 mgbatch run empty.yaml
same stderr <<'END'
empty.yaml: the manifest is empty: begin it with 'version: 1' and write params and sweep
END
head -c 3000 /dev/urandom >noise.yaml
printf '\377' | dd of=noise.yaml conv=notrunc 2>/dev/null
run 2 mgbatch run noise.yaml
has stderr 'noise.yaml:1:1: the text is not UTF-8'
is "$(grep -c . stderr)" 1 'one sentence'
(cat three.yaml; head -c 20000000 /dev/zero | tr '\0' '#') >large.yaml
run 2 mgbatch run large.yaml
has stderr 'at most 16777216 are accepted'

# ---- checkpoints that are none --------------------------------------------------------------------------
if [ -f "$MODEL/model.safetensors" ]; then
	manifest ck 1..2 | sed 's/^backend: fake/checkpoint: ck/' >ck.yaml
	run 5 mgbatch check ck.yaml
	has stderr "checkpoint 'ck': the folder does not exist"
	cp -r "$MODEL" ck
	for size in 1000000 1000 3 0; do
		head -c $size "$MODEL/model.safetensors" >ck/model.safetensors
		for verb in check run; do
			run 5 mgbatch $verb ck.yaml
			has stderr "'model.safetensors'"
		done
	done
	has stderr 'is the download complete?'
	cp "$MODEL/model.safetensors" ck
	head -c 100 "$MODEL/config.json" >ck/config.json
	run 5 mgbatch check ck.yaml
	has stderr "checkpoint 'ck': config.json, line "
	rm ck/config.json
	run 5 mgbatch check ck.yaml
	has stderr "'config.json' is missing"
	run 5 mgbatch check ck.yaml --checkpoint file
	has stderr "'file': it is a file"
	ok 'nothing was made' test ! -e out
fi

# ---- streams --------------------------------------------------------------------------------------------
wanted=$(sounds whole)
mgbatch run full.yaml --output closed 2>&- >&-
is "$?" 5 'closed streams: exit status 5'
is "$(sounds closed)" "$wanted" 'but the sounds are made'
is "$(cat closed/.mgbatch/lock | wc -c)" 0 'and no message went into a file'
mgbatch run full.yaml --output closed2 2>&- >stdout
is "$?" 0 'only messages closed: exit status 0'
is "$(sounds closed2)" "$wanted" 'and the same sounds'
if [ -w /dev/full ]; then
	mgbatch run full.yaml --output unheard 2>/dev/full >stdout
	is "$?" 0 'messages that cannot be written stop nothing'
	mgbatch list whole >/dev/full 2>stderr
	is "$?" 5 'data that cannot be written: exit status 5'
fi
mkfifo pipe
{ mgbatch schema 2>stderr; echo $? >status; } >pipe &
: <pipe # opened and closed: what is written finds no reader
wait
is "$(cat status) $(cat stderr)" '0 ' 'a reader that went away is no failure'

# ---- names and places -----------------------------------------------------------------------------------
odd="we ird/t\"ä'st \$x;\`"
mkdir -p "$odd"
cp three.yaml "$odd/-m é.yaml"
(cd "$odd" && "$BUILD/mgbatch" run -- '-m é.yaml') >stdout 2>stderr
is "$?" 0 'a manifest with a leading dash, after --'
ok 'its folder lies beside it' test -f "$odd/out/three/s3.wav"
run 0 mgbatch run "$odd/-m é.yaml"
has stdout '(3 before)'
run 0 mgbatch run "$PWD/$odd/-m é.yaml"
has stdout '(3 before)'
run 0 mgbatch run "$odd/-m é.yaml" --output "o ü/-t"
run 0 mgbatch status "o ü/-t"

# ---- a second run, and a terminal that went away --------------------------------------------------------
manifest slow 1..3 'fake: {delay: 1500ms}' >slow.yaml
"$BUILD/mgbatch" run slow.yaml >first.out 2>first.err &
pid=$!
await grep -q '0/3' first.err
run 4 mgbatch run slow.yaml
has stderr "(process $pid on "
has stderr 'wait for it with --wait'
run 0 mgbatch run slow.yaml --wait
has stderr 'waiting for another run'
has stdout '3 of 3 jobs done (3 before)'
wait $pid
is "$?" 0 'the first one ended well'
# Under nohup a hang-up is ignored, by the program too: the tests may run so, this one must not.
perl -e '$SIG{HUP} = "DEFAULT"; exec @ARGV' "$BUILD/mgbatch" run slow.yaml --output hung --limit 2 >first.out 2>first.err &
pid=$!
await running hung 2
kill -HUP $pid
wait $pid
is "$?" 129 'a hang-up finishes what runs: exit status 129'
has first.out '2 of 3 jobs done'

# ---- values at the edge ---------------------------------------------------------------------------------
if [ -f "$MODEL/model.safetensors" ]; then
	cat >edge.yaml <<END
version: 1
name: edge
checkpoint: $MODEL
params: {prompt: a, duration: 0.1}
sets:
  script: {params: {prompt: "</script><script>alert(1)</script> & \"q\" 's' <!--", duration: 0.02}}
  lines: {params: {prompt: "one\\ntwo\\ttab\\r\\n", duration: 0.02}}
  letters: {params: {prompt: "🎹 мягкий дождь 雨 \u202e", duration: 0.02}}
  unguided: {params: {guidance: 0}}
  guided: {params: {guidance: 10}}
  greedy: {params: {temperature: 0}}
  hot: {params: {temperature: 100}}
  nucleus: {params: {topP: 0.9}}
  first: {params: {topK: 1}}
  all: {params: {topK: 0}}
  seed: {params: {seed: 9007199254740991}}
  odd: {params: {duration: 0.29}}
END
	run 0 mgbatch run edge.yaml
	has stdout '12 of 12 jobs done'
	is "$(grep -c '"file_name"' out/edge/metadata.jsonl)" 12 'a row each: no newline of a prompt in them'
	is "$(grep -c '<script' out/edge/report.html)" 2 'no script of a prompt in the report'
	hasnt out/edge/report.html 'alert(1)</script>'
	has out/edge/metadata.jsonl '"seed":9007199254740991'
fi
run 0 mgbatch run three.yaml --set seed=7 --output one
has stdout '1 of 1 job done'
run 2 mgbatch run three.yaml --set seed=1..2 --output two
has stderr 'many values stand under sweep'
done_testing
