#!/bin/sh
# The reports: whole, escaped, rebuilt from the ledger alone, equal for equal ledgers.
. "$(dirname "$0")/lib.sh"

cat >m.yaml <<'EOF'
version: 1
name: odd
backend: fake
output: {dir: out, name: "{set}/{axes}", format: flac}
params: {duration: 3}
sets:
  plain:
    params: {prompt: "soft rain, \"felt\" piano"}
    sweep: {guidance: [1, 3], seed: 1..2}
    tags: [ambient, "a;b"]
  nasty:
    params: {prompt: "</script><script>alert('x')</script><!-- {{a}} \u2028 = é"}
    takes: 2
EOF
run 0 mgbatch run m.yaml
head -1 out/metadata.jsonl | sed 's/"[a-z_]*_sha256":"[0-9a-f]*"/"sha"/g; s/"id":"[a-z2-7]*"/"id"/; s/"peak":[0-9.]*/"peak"/' >first
same first <<'EOF'
{"file_name":"plain/g1_s1.flac","id","set":"plain","take":1,"tags":["ambient","a;b"],"modelVersion":"stereo-melody-large","prompt":"soft rain, \"felt\" piano","duration":3.0,"continuation":false,"continuationStart":0.0,"multiBandDiffusion":false,"normalizationStrategy":"loudness","temperature":1.0,"classifierFreeGuidance":1.0,"seed":1,"topK":250,"topP":0.0,"seconds":0.1,"rate_hz":32000,"channels":2,"lkfs":-1000.0,"peak","sha","sha","arithmetic":"fake","made_by":"fake"}
EOF
is "$(sed 's/":.*//; s/^..//' out/metadata.jsonl | sort -u)" file_name 'file_name is the first key of every row'
# Names of keys only, row by row: all the same.
is "$(sed 's/"[^"\\]*\(\\.[^"\\]*\)*":/\n&\n/g' out/metadata.jsonl | grep -c '^"file_name":$')" 6 'six rows'
hasnt out/metadata.jsonl null
hasnt out/metadata.jsonl _file_name
is "$(grep -c . out/metadata.jsonl)" 6 'a row per job'
cut -d'"' -f4 out/metadata.jsonl | while read -r f; do [ -f "out/$f" ] || echo "$f"; done >missing
same missing </dev/null

is "$(grep -o '<script' out/report.html | wc -l)" 2 'no script element comes from a prompt'
is "$(grep -o '</script' out/report.html | wc -l)" 2 'nor an end of one'
has out/report.html '<h1>odd</h1>'
has out/report.html 'The fake backend made these files'
has out/report.html "default-src 'none'"
hasnt out/report.html '<link'
hasnt out/report.html 'src="http'
tr -d '\n' <out/jobs.csv | grep -q '"soft rain, ""felt"" piano"'
tap $? 'jobs.csv quotes'
has out/jobs.csv '"[""ambient"",""a;b""]"'
is "$(tr -cd '\r' <out/jobs.csv | wc -c)" 7 'a heading and six rows end in CR LF'
has out/summary.json '"schema_version": 1'
has out/summary.json '"done": 6'

# Each job's lines are a manifest that makes the same job, whatever its texts.
for id in $(mgbatch list out | sed 's/ .*//'); do
	mgbatch show out "$id" | sed -n '/^# made by/,$p' >"$id.yaml"
	mgbatch run -q --output "again-$id" "$id.yaml" && mgbatch list "again-$id" | sed 's/ .*//'
done >again
mgbatch list out | sed 's/ .*//' >ids
is "$(cat again)" "$(cat ids)" 'the lines that show and the page have make the same ids again'

# A text that a spreadsheet would run stays what it is, in quotes; numbers stay numbers.
cat >f.yaml <<'END'
version: 1
name: formula
backend: fake
params: {prompt: "=1+1", duration: 3}
END
run 0 mgbatch run f.yaml
has out/formula/jobs.csv ',"=1+1",3,'
has out/formula/jobs.csv ',-1000,'
has out/formula/summary.json '"makers": ['

cp -r out before
rm out/metadata.jsonl out/jobs.csv out/summary.json out/report.html
run 0 mgbatch report m.yaml
same stdout <<'EOF'
report: out/report.html
EOF
for f in metadata.jsonl jobs.csv summary.json report.html; do
	ok "$f is rebuilt byte for byte" cmp before/$f out/$f
done
rm out/report.html
run 0 mgbatch report -q out
is "$(cat stdout stderr)" '' 'by its folder too, quietly'
ok 'report.html is back' cmp before/report.html out/report.html
ok 'no partial file is left' test -z "$(find out -name '*~')"

# A folder that cannot be written is told; the old report stays.
if [ "$(id -u)" != 0 ]; then
	chmod a-w out/.mgbatch
	run 5 mgbatch report out
	chmod u+w out/.mgbatch
else
	mkdir out/.mgbatch/report.html.new~
	run 5 mgbatch report out
	has stderr "report.html.new~"
	rmdir out/.mgbatch/report.html.new~
fi
ok 'the old report stays' cmp before/report.html out/report.html
done_testing
