#!/bin/sh
# Axes from files: a run from a spreadsheet, from a folder of sounds, and of chosen takes of another run; edits of the file; scale.
. "$(dirname "$0")/lib.sh"

printf '\357\273\277label,prompt,duration,genre\r\nfelt,"warm, ""felt"" piano {x}",0.5,jazz\r\nhook,"brass hook",,rock\r\n,,,\r\nrain,soft rain,1,jazz\r\n' >prompts.csv
cat >sheet.yaml <<'EOF2'
version: 1
name: sheet
backend: fake
params: {duration: 2}
sets:
  all:
    sweep:
      row: {file: prompts.csv, where: genre = jazz or label = hook}
      seed: 1..2
output: {name: "{axes}"}
EOF2
run 0 mgbatch plan sheet.yaml
has stdout '  all: row 3 x seed 2 = 6 jobs'
run 0 mgbatch run sheet.yaml
is "$(ls out/sheet/*.wav | tr '\n' ' ')" 'out/sheet/felt_s1.wav out/sheet/felt_s2.wav out/sheet/hook_s1.wav out/sheet/hook_s2.wav out/sheet/rain_s1.wav out/sheet/rain_s2.wav ' 'rows are called by their labels'
has out/sheet/metadata.jsonl '"prompt":"warm, \"felt\" piano {x}"'
is "$(grep -c '"duration":2.0' out/sheet/metadata.jsonl)" 2 'an empty cell leaves what params say'
is "$(grep -c '"axis_row_genre":"jazz"' out/sheet/metadata.jsonl)" 4 'other columns are in the reports'

# The file is part of the manifest: it is read anew each time.
sed 's/soft rain/hard rain/; /^hook/d' prompts.csv >new.csv && mv new.csv prompts.csv
printf 'wind,night wind,1,jazz\r\n' >>prompts.csv
run 0 mgbatch plan sheet.yaml --json
has stdout '"jobs_total": 6'
run 0 mgbatch run sheet.yaml
is "$(grep -c '"prompt":"hard rain"' out/sheet/metadata.jsonl)" 2 'a corrected cell is made again'
is "$(grep -c '"prompt":"night wind"' out/sheet/metadata.jsonl)" 2 'a new row is made'
is "$(grep -c . out/sheet/metadata.jsonl)" 6 'a row that went is gone from the reports'

# Another order of the rows is the same jobs.
{ sed -n 1p prompts.csv; sed 1d prompts.csv | sed -n '4p;2p;3p;1p'; } >new.csv && mv new.csv prompts.csv
run 0 mgbatch plan sheet.yaml
hasnt stdout ' new'

# Chosen takes of that run, continued: paths are relative to the other run's file.
cat >longer.yaml <<'EOF2'
version: 1
name: longer
backend: fake
params: {continuation: true, duration: 3}
sweep:
  from: {file: out/sheet/metadata.jsonl, use: {inputAudio: file_name, prompt: prompt, label: id}, where: seed = 2 and axis_row != wind}
EOF2
run 0 mgbatch run longer.yaml
is "$(grep -c . out/longer/metadata.jsonl)" 2 'two takes are chosen'
has out/longer/metadata.jsonl '"prompt":"hard rain","inputAudio":"rain_s2.wav"'
hasnt out/longer/metadata.jsonl '"seed":2,'

# Sounds of a folder, sorted by bytes in every locale; a pattern's own characters in the manifest's path are plain.
mkdir -p 'a [1]*/melodies/folder.wav'
for f in b a Z 10 9; do printf "%s" "$f" >"a [1]*/melodies/$f.wav"; done
cat >'a [1]*/folder.yaml' <<'EOF2'
version: 1
name: folder
backend: fake
params: {prompt: like this, modelVersion: melody-large, duration: 1}
sweep: {inputAudio: {files: "melodies/*.wav"}}
EOF2
run 0 mgbatch run 'a [1]*/folder.yaml'
run 0 mgbatch list 'a [1]*/folder.yaml' --json
is "$(grep -o '"path": *"[^"]*"' stdout | tr -d '" ' | tr '\n' ' ')" 'path:10.wav path:9.wav path:z.wav path:a.wav path:b.wav ' 'five jobs in the order of the bytes'
printf 'changed' >'a [1]*/melodies/a.wav'
run 0 mgbatch plan 'a [1]*/folder.yaml' --json
has stdout '"pending": 1'

# Mistakes: of a thousand rows a few are said, with file and line.
{ echo 'prompt;duration'; echo 'a;1'; } >semicolon.csv
{ echo 'prompt,duration'; i=0; while [ $i -lt 1000 ]; do i=$((i + 1)); echo "p$i,9${i}000"; done; } >wrong.csv
cat >bad.yaml <<'EOF2'
version: 1
backend: fake
sets:
  a: {sweep: {r: {file: semicolon.csv}}}
  b: {sweep: {r: {file: wrong.csv}}}
EOF2
run 2 mgbatch check bad.yaml
has stderr "bad.yaml:4:18: semicolon.csv:1: the cells are separated by ';'"
has stderr "bad.yaml:5:18: wrong.csv:2: duration must be a number of seconds"
has stderr 'wrong.csv has 995 more mistakes in its rows'
is "$(grep -c . stderr)" 7 'and no more'

# Size: a hundred thousand rows.
awk 'BEGIN { print "caption,duration"; for (i = 0; i < 100000; i++) printf "\"warm, slow piano number %d\",%d\n", i, i % 30 + 1 }' >big.csv
cat >big.yaml <<'EOF2'
version: 1
name: big
backend: fake
sweep: {row: {file: big.csv, use: {prompt: caption, duration: duration}}}
output: {name: "{id:2}/{id}"}
EOF2
run 0 mgbatch plan big.yaml --json
has stdout '"jobs_total": 100000'

# Size: a cell of two million bytes goes all the way, and can be looked at.
awk 'BEGIN { print "prompt"; while (n++ < 200000) printf "warm piano"; print ""; print "rain" }' >long.csv
cat >long.yaml <<'EOF2'
version: 1
name: long
backend: fake
params: {duration: 1}
sweep: {prompt: {file: long.csv}}
output: {name: "{id}"}
EOF2
run 0 mgbatch run long.yaml -q
run 0 mgbatch list long.yaml
is "$(grep -c . stdout)" 2 'both are listed'
run 0 mgbatch list long.yaml --select 'prompt = rain'
is "$(grep -c . stdout)" 1 'and chosen'

# The prompts are there, under a name that is no parameter's.
printf 'caption,duration\nrain,1\n' >captions.csv
printf 'version: 1\nbackend: fake\nsweep: {row: {file: captions.csv}, seed: 1..2}\n' >unused.yaml
run 2 mgbatch check unused.yaml
has stderr "(or a column of the file that 'row' names: use: {prompt: COLUMN})"
done_testing
