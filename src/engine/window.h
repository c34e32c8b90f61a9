/*
 * engine/window: how a sequence longer than the model's window is made in several (musicgen.md 11). Pure, in whole frames.
 *
 * The first window begins at frame 0 with the frames that are given, if any. Each next one begins `stride` frames later and
 * starts with what the one before made of it; so all but the first begin with (full - stride) known frames.
 */
#ifndef ENGINE_WINDOW_H
#define ENGINE_WINDOW_H

struct windows {
	int n_frames; /* of the whole */
	int n_given;  /* known at the start, < n_frames and < full */
	int full;     /* frames of a full window, at least 2 (the published models: 1500) */
	int stride;   /* from one window's beginning to the next one's (900), 1 to full - 1 */
};

struct window {
	int begin;    /* its first frame */
	int n_known;  /* frames that it starts with */
	int n_frames; /* with those */
};

/* 18 s of 30 s, which is what audiocraft takes of the published models' windows, of windows of any length; whole frames, rounded down. */
int windows_stride(int full);
int windows_count(const struct windows *w);
struct window windows_at(const struct windows *w, int index); /* index < windows_count */

#endif
