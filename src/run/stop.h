/*
 * run/stop: signals as a level, and waiting that a signal ends.
 *
 * run_stop_install (run.h) makes INT, TERM and HUP raise the level: 1 drain,
 * 2 abort; the third signal leaves the process at once from inside the handler
 * (128 + signal). HUP stays ignored where it was ignored (nohup). The handler
 * touches only sig_atomic_t and a pipe. These few variables are the program's only
 * mutable ones outside a stack or a heap: a signal handler has nowhere else to look.
 */
#ifndef RUN_STOP_H
#define RUN_STOP_H

#define STOP_DRAIN 1
#define STOP_ABORT 2

int stop_level(void);
void stop_reset(void);              /* level 0 again (tests) */
void stop_wait(int timeout_ms);     /* until a signal comes or the time is over */

#endif
