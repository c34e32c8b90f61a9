/*
 * run/crash: did the last run die by its own fault?
 *
 * While a run goes on, SEGV, BUS, ILL, FPE and ABRT leave the signal's number in
 * a file (.mgbatch/crash) before they do what they always do. A process that was
 * killed from outside (kill -9, a power cut, a third Ctrl-C) leaves nothing
 * there; the kernel's out-of-memory killer leaves nothing either, but the machine
 * counts its kills (/proc/vmstat, oom_kill), so a run notes that number when it begins.
 *
 * The handler has a stack of its own in every thread (base/thread.h), so that an overflow is noted too.
 *
 *   crash_read, then crash_watch at the start of a run; crash_unwatch at its end
 */
#ifndef RUN_CRASH_H
#define RUN_CRASH_H

#include "base/err.h"

#include <stdint.h>

int crash_read(const char *path);  /* the signal that is noted there, or 0 */
/* Empties or makes the file, and catches the signals. One watch at a time. */
int crash_watch(const char *path, struct err *err) WARN_UNUSED;
void crash_unwatch(const char *path); /* gives the signals back and removes the file; nothing when not watching */

int64_t crash_oom_kills(void);     /* since the machine's boot; -1: not known here */

#endif
