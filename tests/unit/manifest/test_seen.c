/* seen: what comes twice is found, whatever the hashes do. */
#include "manifest/seen.h"

#include "tap.h"

#define N 20000

static bool same(const void *arg, int64_t value)
{
	return *(const int64_t *)arg == value;
}

/* Numbers 0..N-1, then all again, under hashes of which `distinct` differ. */
static void check(int64_t n, uint64_t distinct)
{
	struct seen s = SEEN_INIT;
	int n_wrong = 0;

	for (int64_t i = 0; i < n; i++)
		n_wrong += seen_put(&s, (uint64_t)i % distinct, i, same, &i) != -1;
	for (int64_t i = 0; i < n; i++)
		n_wrong += seen_put(&s, (uint64_t)i % distinct, i, same, &i) != i || seen_get(&s, (uint64_t)i % distinct, same, &i) != i;
	IS_INT(n_wrong, 0, distinct == 1 ? "one hash for all" : "hashes that differ");
	IS_INT((long long)s.n, n, "each is there once");
	seen_clear(&s);
	for (int64_t i = 0; i < n; i++)
		n_wrong += seen_get(&s, (uint64_t)i % distinct, same, &i) != -1;
	IS_INT(n_wrong, 0, "nothing is there after clear");
	seen_release(&s);
}

int main(void)
{
	struct seen none = SEEN_INIT;
	int64_t zero = 0;

	IS_INT(seen_get(&none, 0, same, &zero), -1, "an empty table has nothing");
	check(N, UINT64_MAX);
	check(N, 1000);
	check(300, 1);
	OK(seen_hash("a", 1) == 0xAF63DC4C8601EC8Cu, "FNV-1a's published value for 'a'");
	OK(seen_hash_folded("RAIN/a", 6) == seen_hash_folded("rain/A", 6), "folded: letter case aside");
	OK(seen_hash_folded("rain", 4) != seen_hash_folded("rail", 4), "folded: other letters differ");
	return tap_done();
}
