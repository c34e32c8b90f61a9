/*
 * reference.h: a model, what transformers made with it, and a crew of one thread, for the tests that compare the two.
 *
 *   if (open_reference(&model, &v, &crew, "mono", "mono"))
 *           ...;
 *   close_reference(model, v, &crew);
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include "engine/crew.h"
#include "engine/model.h"
#include "vectors.h"

/* name, ref: folders of tests/vectors; ref: the one that has ref.safetensors. One check. False: *model is NULL. */
static inline bool open_reference(struct model **model, struct vectors **v, struct crew *crew, const char *name, const char *ref)
{
	struct err err = ERR_INIT;
	char dir[128];

	*model = NULL;
	snprintf(dir, sizeof(dir), "tests/vectors/%s", ref);
	*v = vectors_open(dir);
	if (crew_open(crew, NULL, 1, &err))
		VECTORS_BAIL("%s", err.text);
	snprintf(dir, sizeof(dir), "tests/vectors/%s", name);
	return OK(!model_open(model, dir, &err), "%s: the model opens %s", name, err.text);
}

static inline void close_reference(struct model *model, struct vectors *v, struct crew *crew)
{
	model_close(model);
	crew_close(crew);
	vectors_close(v);
}

#endif
