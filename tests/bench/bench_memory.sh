#!/bin/sh
# bench_memory.sh [SIZE]: the peak resident memory of one 30 s job, against weights + key/value blocks + 0.5 GiB.
#
# One line a job, as bench_scale.sh has them; exit status 1 when one is MISSED. SIZE (small) is that of a public checkpoint: two are made of it
# (hollow.py), a text model and one that follows tunes. BUILD says where the program is, BENCH_DIR where to write. Some 5 minutes.
#
#   text            a prompt, guidance 3: two rows of 1503 columns
#   melody          a tune of 30 s that is heard and followed, and a prompt: two rows, with 235 columns of tune before the others
#   continuation    28 s of sound that are heard and continued
set -eu
size=${1:-${BENCH_SIZE:-small}}
. "$(dirname "$0")/figures.sh"
begin_bench python3 perl
export PYTHONDONTWRITEBYTECODE=1 XDG_CACHE_HOME="$dir/.cache"
python3 "$root/tests/bench/hollow.py" text "$size"
python3 "$root/tests/bench/hollow.py" melody "$size" melody
python3 - <<'END' # 30 s of a tone that glides
import math, struct, wave
with wave.open("tone.wav", "wb") as f:
    f.setparams((1, 2, 32000, 0, "NONE", ""))
    f.writeframes(b"".join(struct.pack("<h", int(8000 * math.sin(0.05 * i + i * i / 4e7))) for i in range(30 * 32000)))
END

number() { sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" "$2" | head -n 1; } # key, file
# Two rows' keys and values, in f32, of each layer and position.
blocks() # model, positions
{
	calc "2 * 2 * 4 * $(number num_hidden_layers "$1/config.json") * $(number hidden_size "$1/config.json") * $2"
}

job() # name, model, positions, parameters
{
	cat >"$1.yaml" <<END
version: 1
name: $1
checkpoint: $2
params: {prompt: "warm piano and soft drums", duration: 30, classifierFreeGuidance: 3$4}
END
	timed 0 "$mgbatch" run "$1.yaml" --json
	weights=$(stat -L -c %s "$2/model.safetensors")
	allowed=$(calc "($weights + $(blocks "$2" "$3") + 0.5 * 1024 ** 3) / 1048576")
	figure "memory of 30 s of $1, $size" "$(calc "$(number memory_peak_bytes stdout) / 1048576")" MiB "$allowed" MiB 1 'weights + blocks + 0.5 GiB'
	figure '  made in' "$wall" s 30 s none 'of sound'
}

job text text 1503 ''
job melody melody 1738 ', inputAudio: tone.wav'
job continuation text 1503 ', inputAudio: tone.wav, continuation: true, continuationEnd: 28'
exit $missed
