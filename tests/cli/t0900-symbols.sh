#!/bin/sh
# No object on which a sample can depend takes a function from libm whose bits differ between processors or C libraries
# (DESIGN section 6): glibc's exp, log, sin, cos, tanh and erf have variants with and without FMA. Allowed are those that
# IEEE 754 rounds exactly. (kissfft, a library, is not looked at: of its spectra only the loudest pitch class is taken, see
# engine/MODEL.md.) BUILD is the folder of the objects (make sets it), ROOMS which rooms are there.
set -u
BUILD=${BUILD:-build/release}
allowed='^(sqrt|fma|floor|ceil|rint|ldexp|fabs)f?$'
ROOMS=${ROOMS:-engine audio artifact}
objects="$(for room in $ROOMS; do find "$BUILD/src/$room" -name '*.o' 2>/dev/null; done | LC_ALL=C sort) $BUILD/src/base/mathf.o"
n=0
failed=0

check()
{
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		failed=1
		echo "not ok $n - $1"
		echo "# found: $2"
	fi
}

# What libm.so offers by itself; names that libc has too (ldexp and its kin) count as libm's.
libm=$(${CC:-cc} -print-file-name=libm.so.6)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nm -D --defined-only "$libm" | sed -n 's/.* [TWi] \([A-Za-z0-9_]*\)@.*/\1/p' | LC_ALL=C sort -u >"$work/libm"
check 'libm.so.6 names its functions' "$(grep -qx expf "$work/libm" && grep -qx erf "$work/libm" || echo "none in $libm")"

# The test itself: an object that takes expf and __exp_finite's kin is found out.
printf 'float expf(float); float f(float x); float f(float x) { return expf(x); }\n' >"$work/bad.c"
${CC:-cc} -fno-builtin -c -o "$work/bad.o" "$work/bad.c"
found()
{
	nm -u "$1" | sed 's/^ *[Uw] //' | LC_ALL=C sort -u | LC_ALL=C comm -12 - "$work/libm" | grep -Ev "$allowed" | tr '\n' ' '
}
check 'an object with expf is found out' "$([ "$(found "$work/bad.o")" = 'expf ' ] || echo 'nothing')"

for object in $objects; do
	if [ -f "$object" ]; then
		check "${object#"$BUILD"/}" "$(found "$object")"
	else
		check "${object#"$BUILD"/}" 'no such object: build first (make), or set BUILD'
	fi
done
check "the rooms ($ROOMS) have objects" "$([ "$n" -gt 10 ] || echo "only $n")"
echo "1..$n"
exit $failed
