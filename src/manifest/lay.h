/*
 * manifest/lay: one set laid out: which of the top's and its own sayings count, and in which order axes vary.
 *
 * Nearer wins, name by name: the command line, the set, the top. The set's own
 * axes vary slowest, in their written order, then the top's. A plain axis whose
 * parameter is said nearer is not there; of a table only that column is not.
 */
#ifndef MANIFEST_LAY_H
#define MANIFEST_LAY_H

#include "manifest/inside.h"

/* One axis that varies. */
struct lane {
	const struct axis *axis;
	int own_var;  /* index of the axis's own text in vars */
	int *params;  /* [n_columns]: the parameter that the column sets, or -1 */
	int *vars;    /* [n_columns]: index in vars that it fills, or -1 */
};

struct layout {
	const struct place *set; /* may be the top itself */
	const struct choice **base; /* [n_params]; NULL: not said */
	bool *is_swept;          /* [n_params]: a lane sets it */
	struct lane *lanes;
	int n_lanes;
	struct job_axis *vars;   /* names; texts NULL */
	int n_vars;              /* take's included, last, where takes > 1 */
	int takes;
	const char *name;        /* output.name with "{column}" turned into "{axis.column}" */
	int64_t n_combinations;  /* with takes; INT64_MAX: at least so many */
};

/* Only base, is_swept, lanes, vars and takes; says no mistakes. */
void lay_axes(struct manifest_inside *in, const struct place *set, struct layout *ret);

/* Mistakes are said; false: the layout cannot be expanded. */
bool lay_out(struct manifest_inside *in, const struct place *set, struct layout *ret);

/* How sentences call the place: "set 'rain'" or "the manifest". */
const char *place_title(struct manifest_inside *in, const struct place *set);

#endif
