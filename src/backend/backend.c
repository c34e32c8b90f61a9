/* The table of who can make audio. */
#include "backend/backend.h"

#include "backend/fake/fake.h"
#include "backend/hosted/hosted.h"
#include "backend/native/native.h"

#include <stddef.h>

static const struct backend_ops *const backends[PARAM_N_BACKENDS] = {
	[PARAM_NATIVE] = &native_backend,
	[PARAM_SCENARIO] = &hosted_backend,
	[PARAM_FAKE] = &fake_backend,
};

const struct backend_ops *backend_find(enum param_backend which)
{
	return which < PARAM_N_BACKENDS ? backends[which] : NULL;
}
