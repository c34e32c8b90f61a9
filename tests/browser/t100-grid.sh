#!/bin/sh
# The listening grid in a real browser: folders are made here, tests/browser/grid.c opens their report.html.
# Pictures stay in build/browser/. By hand: make test-browser; without a browser the test is skipped and says so.
. "$(dirname "$0")/../cli/lib.sh"

[ -x "$BUILD/tests/browser/grid" ] || { echo "Bail out! there is no $BUILD/tests/browser/grid: make test-browser makes it"; exit 1; }

# 200 jobs: 100 + 60 + 20 + 20, of which 20 fail; prompt, labels and tags would break a careless page.
cat >sweep.yaml <<'END'
version: 1
name: sweep
backend: fake
output: {dir: sweep, name: "{set}/{axes}"}
sets:
  rain:
    params: {prompt: "soft rain over felt piano", duration: 8}
    sweep: {temperature: [0.8, 0.9, 1.0, 1.1, 1.2], guidance: 1..5, seed: 1..4}
    tags: [ambient, keep]
  hook:
    params: {prompt: "brass hook </script><script>alert('x')</script><!-- \u202Ertl\u202C 🎺 \"{{q}}\""}
    sweep:
      tempo: [{label: slow, duration: 12}, {label: "<i>fast</i>", duration: 6}, {label: "快", duration: 4}]
      guidance: [3, 10]
      seed: 1..10
    tags: [bright, "<u>&amp;"]
  takes:
    params: {prompt: "one bell", duration: 3}
    takes: 20
  broken:
    params: {prompt: "this never works"}
    sweep: {seed: 1..20}
    fake: {fail: input}
    tags: [bad]
END
cat >listen.yaml <<END
version: 1
name: listen
checkpoint: $ROOT/tests/data/model
params: {prompt: "soft rain over felt piano", duration: 4}
sweep: {guidance: [1, 3], normalizationStrategy: [loudness, peak, clip]}
output: {dir: listen, name: "a b#1 50%25/{axes}"} # an address must not take these for its own
END
# A label decides style and key, the label and the mood the prompt; made into a folder of another name, with a value set.
cat >loops.yaml <<'END'
version: 1
name: loops
backend: fake
params: {prompt: "{style} in {key}, {mood}"}
sweep:
  loop: [{label: dub, style: dub techno, key: F minor}, {label: bossa, style: bossa nova, key: D minor}, {label: lofi, style: lo-fi, key: C major}]
  mood: [calm, bright]
  seed: 1..4
output: {dir: loops}
END
printf 'caption,mood\n"felt piano, slow",calm\n"brass section with a very long caption that wants room",bright\n"bells",calm\n' >captions.csv
printf 'version: 1\nname: table\nbackend: fake\nsweep: {row: {file: captions.csv, use: {prompt: caption}}}\noutput: {dir: table, name: "{row.mood}-{row}"}\n' >table.yaml
printf 'version: 1\nname: wide\nbackend: fake\nparams: {prompt: x}\nsweep: {temperature: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2], topK: 1..12}\noutput: {dir: wide}\n' >wide.yaml
printf 'version: 1\nname: one\nbackend: fake\nparams: {prompt: "one bell"}\noutput: {dir: one}\n' >one.yaml
printf 'version: 1\nname: bad\nbackend: fake\nparams: {prompt: x}\nsweep: {seed: 1..12}\nfake: {fail: input}\noutput: {dir: bad}\n' >bad.yaml
printf 'version: 1\nname: none\nbackend: fake\nparams: {prompt: x}\nsweep: {seed: 1..8}\nfake: {delay: 1h}\noutput: {dir: none}\n' >none.yaml
printf 'version: 1\nname: many\nbackend: fake\nsweep: {prompt: [%s], seed: 1..50}\noutput: {dir: many}\n' "$(seq -s, -f '"prompt number %g"' 50)" >many.yaml

make_one() # status, manifest, options
{
	want=$1
	shift
	mgbatch run "$@" >log 2>&1
	got=$?
	[ $got = "$want" ] || { echo "Bail out! mgbatch run $*: exit status $got, not $want"; sed 's/^/# /' log; exit 1; }
}
make_one 1 sweep.yaml
make_one 0 listen.yaml
make_one 0 one.yaml
make_one 1 bad.yaml
# Killed while its first jobs are made: nothing is done, some rows say running.
"$BUILD/mgbatch" run none.yaml >log 2>&1 &
run_pid=$!
await running none
kill -9 $run_pid
wait $run_pid 2>/dev/null
mgbatch report -q none || exit 1
make_one 0 many.yaml
make_one 0 loops.yaml --output "it's loops" --set duration=2 --limit 100
make_one 0 table.yaml
make_one 0 wide.yaml
mgbatch list sweep | cut -d' ' -f1 | LC_ALL=C sort >sweep.ids
id=$(mgbatch list sweep --state failed | sed -n '1s/ .*//p')
mgbatch show sweep "$id" | sed -n '/^# made by/,$p' >failed.lines
echo "$id" >failed.id

"$BUILD/tests/browser/grid" "$tap_dir" "$ROOT/build/browser"
status=$?
cd / && rm -rf "$tap_dir"
exit $status
