/* report/page_data: the files of report.html (src/report/page*) built into the binary. A NULL name ends the list. */
#ifndef REPORT_PAGE_DATA_H
#define REPORT_PAGE_DATA_H

#include "base/embedded.h"

extern const struct embedded page_data[];

#endif
