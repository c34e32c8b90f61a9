/*
 * backend/fake: makes a tiny valid sound and can be told to be slow, to fail or to crash.
 *
 * It exists to test and to measure the runner without a model. A job's script
 * (struct fake_script) says how it plays. The sound is a quiet sine of a tenth of
 * the job's duration, at most FAKE_SECONDS, whose pitch comes from the job's id: the same job always gives the same
 * samples. Nothing is computed ahead: a job in a slot is ready when its work
 * time is over.
 */
#ifndef BACKEND_FAKE_FAKE_H
#define BACKEND_FAKE_FAKE_H

#include "backend/backend.h"

#define FAKE_SLOTS_DEFAULT 8
#define FAKE_SLOTS_MAX 1024
#define FAKE_SECONDS 0.1 /* at most */
#define FAKE_SHARE 0.1   /* of the duration */
#define FAKE_RATE_HZ 32000 /* as the model's own, so that files of all backends are read alike */
#define FAKE_CHANNELS 2

extern const struct backend_ops fake_backend;

#endif
