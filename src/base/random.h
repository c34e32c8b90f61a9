/*
 * base/random: numbers that look like chance, from a state of 64 bits that the caller keeps: the same state, the same numbers.
 *
 * For waits that differ from job to job, and for tests that try many cases. Never for secrets, and never for the draws of a model
 * (engine/sample.h has its own). Any state will do, 0 too. Safe on any thread that keeps its own state.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdint.h>

uint64_t random_bits(uint64_t *state);
double random_unit(uint64_t *state); /* 0 <= x < 1 */

#endif
