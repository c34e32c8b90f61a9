/*
 * backend/native: our own MusicGen engine behind the backend contract.
 *
 * Glue only: a job's parameters become a struct sequence_request, a finished
 * sequence becomes samples. Slots, memory and everything numeric is the
 * engine's (engine/engine.h).
 *
 * One engine is open at a time, of job->maker->checkpoint. A job of another
 * checkpoint is BUSY while a slot is in use; with all slots empty it is TAKEN, and the next
 * reap closes the old engine and then opens its own: the memory of two is never
 * needed, and submit never blocks. Until then all further jobs are BUSY. A checkpoint that cannot
 * be opened is that job's FAILED(model), which stops the run; nothing is open then.
 * Offer jobs in the order of their checkpoints: each change loads the weights again.
 */
#ifndef BACKEND_NATIVE_NATIVE_H
#define BACKEND_NATIVE_NATIVE_H

#include "backend/backend.h"

extern const struct backend_ops native_backend;

#endif
