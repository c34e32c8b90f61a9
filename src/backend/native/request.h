/*
 * backend/native/request: a job's parameters as the engine wants them; and whether the engine can ever do it.
 */
#ifndef BACKEND_NATIVE_REQUEST_H
#define BACKEND_NATIVE_REQUEST_H

#include "backend/backend.h"
#include "engine/engine.h"

/* Without its sound and its tag. The prompt is borrowed from the job. */
struct sequence_request request_of(const struct job *job, const struct engine_info *info);

/* backend_ops.admit: by the headers of the checkpoints and of the sounds. */
int native_admit(const struct backend_config *config, struct backend_question *questions, int n, struct err *err) WARN_UNUSED;

#endif
