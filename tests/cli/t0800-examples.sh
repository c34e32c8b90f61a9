# t0800-examples: every manifest of manifests/ is checked, planned and run to its end with the fake backend, and the
# same command then finds nothing to do. What scripts wrote beside them is what the scripts write.
. "$(dirname "$0")/lib.sh"

value() { sed -n "s/^ *\"$1\": \([0-9]*\).*/\1/p" "$2" | head -n 1; }

for manifest in "$ROOT"/manifests/*.yaml; do
	name=$(basename "$manifest" .yaml)
	[ "$name" = fake-trouble ] && continue # its jobs fail on purpose: t0300
	run 0 mgbatch check "$manifest" --backend fake
	run 0 mgbatch plan "$manifest" --backend fake --output "$name" --json
	jobs=$(value jobs_total stdout)
	ok "$name: $jobs jobs" test "$jobs" -gt 0
	run 0 mgbatch run "$manifest" --backend fake --output "$name" -q
	is "$(wc -l <"$name/metadata.jsonl" | tr -d ' ')" "$jobs" "$name: a row for each of the $jobs jobs"
	is "$(find "$name" -name .mgbatch -prune -o -type f \( -name '*.wav' -o -name '*.flac' \) -print | wc -l | tr -d ' ')" "$jobs" "$name: a file for each"
	run 0 mgbatch run "$manifest" --backend fake --output "$name"
	has stdout "$jobs before"
done

# Rows of a table are columns of the reports, and --select speaks of them.
run 0 mgbatch list prompt-table --select 'genre = folk and bpm > 100 and mood = calm' --json
is "$(grep -c '"id"' stdout)" 30 '10 leads x 3 tempi of one genre and mood'
has prompt-table/metadata.jsonl '"axis_row_genre":"dub techno"'
# Captions are data: quotes and commas arrive as they were written.
has prompt-table/metadata.jsonl '"prompt":"ambient with string quartet, dark, 150 bpm, \"live\" take"'

# A tune is known by its content: a renamed file makes no new job.
mkdir tunes
cp "$ROOT"/manifests/melodies/*.wav tunes
sed 's,melodies/\*,tunes/*,; s/^output:.*/output: {format: flac}/' "$ROOT/manifests/melodies.yaml" >m.yaml
run 0 mgbatch run m.yaml --backend fake --output tuned -q
mv tunes/climb.wav tunes/rise.wav
run 0 mgbatch plan m.yaml --backend fake --output tuned --json
is "$(value new stdout)/$(value renamed stdout)" 0/4 'renamed, not new'

# The continuation reads what another run wrote.
run 0 mgbatch list extend-takes --json
is "$(grep -c '"continuation": *true' stdout)" 4 'four continuations'

# The hosted one against the scripted server: within its cap, each job paid for once, tunes sent along.
. "$ROOT/tests/cli/hosted.sh"
serve --job-ms 60
night=$ROOT/manifests/nightly-hosted.yaml
run 0 mgbatch plan "$night" --output night --json
has stdout '"credits_needed": 137.25'
has stdout '"credits_max": 200'
run 0 mgbatch run "$night" --output night -q
is "$(grep -c '"arithmetic":"hosted"' night/metadata.jsonl)" 24 'nightly-hosted: a row for each of the 24 jobs'
is "$(rows submission)/$(paid)" 24/137.25 'each paid for once'
run 0 mgbatch run "$night" --output night
has stdout '24 before'
run 0 mgbatch run "$ROOT/manifests/melodies.yaml" --backend scenario --credits 100 --output hummed -q
is "$(rows upload)" 3 'each tune was sent once'

sh "$ROOT/tools/make-prompts" >prompts.csv
ok 'prompts.csv is what tools/make-prompts writes' cmp prompts.csv "$ROOT/manifests/prompts.csv"
done_testing
