#include "base/random.h"

/* Sebastiano Vigna's splitmix64 (prng.di.unimi.it, public domain); its constants are there. */
uint64_t random_bits(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

double random_unit(uint64_t *state)
{
	return (double)(random_bits(state) >> 11) * 0x1p-53; /* 53 bits: what a double holds */
}
