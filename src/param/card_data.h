/* param/card_data: the cards built into the binary. A NULL name ends the list. */
#ifndef PARAM_CARD_DATA_H
#define PARAM_CARD_DATA_H

#include "base/embedded.h"

extern const struct embedded card_data[]; /* JSON, called by the model's name */

#endif
