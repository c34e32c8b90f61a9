/*
 * backend/native: our own MusicGen engine behind the backend contract.
 *
 * Glue only: a job's parameters become a struct sequence_request, a finished
 * sequence becomes samples. Slots, memory and everything numeric is the
 * engine's (engine/engine.h).
 */
#ifndef BACKEND_NATIVE_NATIVE_H
#define BACKEND_NATIVE_NATIVE_H

#include "backend/backend.h"

extern const struct backend_ops native_backend;

#endif
