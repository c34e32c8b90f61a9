/*
 * engine/chroma: the pitch class that sounds loudest, 8 times a second: what melody models follow (musicgen.md 9.3).
 *
 *   chroma_open; chroma_classes for any number of sounds; chroma_close
 *
 * Power spectra of n_fft samples every hop, centred, reflected at the ends, through a bank of 12 filters; the class of the
 * largest, the lowest of equals: silence is class 0 (C). kissfft (this file's alone) makes the spectra; the bank is made by base/mathf.
 * chroma_classes writes work space of its own: one thread for each struct.
 */
#ifndef ENGINE_CHROMA_H
#define ENGINE_CHROMA_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define CHROMA_CLASSES 12

struct chroma;

struct chroma_shape {
	int rate_hz; /* 32000 */
	int n_fft;   /* 16384; even, a product of 2, 3 and 5 is quick */
	int hop;     /* 4096 */
};

int chroma_open(struct chroma **ret, const struct chroma_shape *shape, struct err *err) WARN_UNUSED;
/* 1 + n / hop, where n is at least n_fft: a shorter sound has zeros on both sides. */
size_t chroma_n_frames(const struct chroma_shape *shape, size_t n_samples);
/* classes: [chroma_n_frames]. n_samples from 1 on, finite. */
void chroma_classes(struct chroma *c, const float *mono, size_t n_samples, uint8_t *classes);
/* Row `class` of the bank, [n_fft / 2 + 1]: for tests. */
const float *chroma_bank(const struct chroma *c, int class);
void chroma_close(struct chroma *c); /* NULL is fine */

#endif
