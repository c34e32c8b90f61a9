#!/bin/sh
# The same samples from gcc -O2, gcc -O3 and clang -O2, and with a libc that is told the processor has no AVX2 and no FMA
# (its exp, sin and others then take other paths with other last bits; DESIGN section 6).
#
# Builds the engine's objects thrice below $BUILD and compares `test_same_samples --hashes`; and looks that no object
# calls a function of libm that could answer otherwise elsewhere (t0900-symbols.sh). TAP; run from the root.

LC_ALL=C
export LC_ALL
BUILD=${BUILD:-build/release}
WANT=tests/vectors/hashes.txt
TUNABLES='glibc.cpu.hwcaps=-AVX2,-FMA' # the spelling since glibc 2.33; _Usable before
n=0
failed=0

ok() # status name
{
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
		return 1
	fi
}

skip() # name why
{
	n=$((n + 1))
	echo "ok $n # SKIP $1: $2"
}

# Prints the program's path; what make and the linker say goes to the folder's log.
build() # compiler optimisation
{
	dir=$BUILD/same-$1$2
	mkdir -p "$dir" || return 1
	objects=
	for source in src/base/*.c src/engine/*.c tests/unit/engine/test_same_samples.c; do
		objects="$objects $dir/${source%.c}.o"
	done
	# shellcheck disable=SC2046,SC2086
	{
		make CC="$1" BUILD="$dir" VARIANT=release OPT_release="$2" CPPFLAGS=-Itests $objects &&
			"$1" -pthread -o "$dir/same-samples" $objects $(pkg-config --libs libcjson libcrypto kissfft-float) -lm
	} >"$dir/log" 2>&1 || {
		sed 's/^/# /' "$dir/log" | tail -20 >&2
		return 1
	}
	echo "$dir/same-samples"
}

compare() # file name
{
	cmp -s "$1" "$WANT"
	status=$?
	ok $status "$2"
	[ $status = 0 ] || diff "$1" "$WANT" | head -10 | sed 's/^/# /'
}

# Whether the tunable reaches this libc at all: the loader lists other active features under it.
reaches_libc()
{
	for loader in /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-x86-64.so.2; do
		[ -x $loader ] || continue
		[ "$($loader --list-diagnostics 2>/dev/null | grep active)" != \
			"$(GLIBC_TUNABLES=$TUNABLES $loader --list-diagnostics 2>/dev/null | grep active)" ] && return 0
	done
	return 1
}

for how in 'gcc -O2' 'gcc -O3' 'clang -O2'; do
	compiler=${how% *}
	if ! command -v "$compiler" >/dev/null 2>&1; then
		skip "$how" "$compiler is not installed"
		continue
	fi
	program=$(build "$compiler" "${how#* }")
	ok $? "$how builds"
	[ -n "$program" ] || continue
	out=${program%/*}
	BUILD=$out ROOMS=engine sh tests/cli/t0900-symbols.sh >"$out/symbols"
	ok $? "$how: no call of a libm function that is not exactly rounded (t0900)" || grep -A1 '^not' "$out/symbols" | sed 's/^/# /'
	"$program" --hashes >"$out/plain" 2>"$out/said" || sed 's/^/# /' "$out/said"
	compare "$out/plain" "$how: the samples of $WANT"
	if reaches_libc; then
		GLIBC_TUNABLES=$TUNABLES "$program" --hashes >"$out/tuned"
		compare "$out/tuned" "$how with GLIBC_TUNABLES=$TUNABLES"
	else
		skip "$how with GLIBC_TUNABLES" 'no effect on this processor or libc'
	fi
	for kernels in scalar avx2 avx512; do
		if MGBATCH_KERNELS=$kernels "$program" --hashes >"$out/$kernels" 2>"$out/said"; then
			compare "$out/$kernels" "$how, $kernels"
		elif grep -q "$kernels" "$out/said"; then
			skip "$how, $kernels" "$(head -1 "$out/said")"
		else
			ok 1 "$how, $kernels: $(head -1 "$out/said")"
		fi
	done
done

echo "1..$n"
exit $failed
