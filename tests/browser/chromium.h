/*
 * chromium.h: a headless Chromium driven from a test, by its debugging pipe.
 *
 *   struct chromium *b = chromium_start();      NULL: there is none on this machine
 *   chromium_open(b, "/folder/report.html");    a fresh page of a file, loaded
 *   chromium_key(b, "ArrowRight", 0);           a real key, as a person's
 *   OK(chromium_is(b, "sound.playing"), "...");
 *   chromium_stop(b);
 *
 * The protocol is the Chrome DevTools Protocol over file descriptors 3 and 4: JSON, each message ended by a NUL. No
 * port is opened. The profile is a folder of its own that goes with the browser; no name is resolved, so that nothing
 * can leave the machine. Whatever the browser refuses or does not answer in time ends the test with "Bail out!".
 * Everything the page logs as an error, every request that fails and every exception is kept (chromium_complaints).
 */
#ifndef CHROMIUM_H
#define CHROMIUM_H

#include "base/json.h"
#include "base/strbuf.h"

struct chromium;

struct chromium *chromium_start(void);
void chromium_stop(struct chromium *b);

void chromium_open(struct chromium *b, const char *path);           /* absolute */
void chromium_open_at(struct chromium *b, const char *path, const char *fragment); /* "rows=seed" */
void chromium_window(struct chromium *b, int width, int height, double scale, bool is_phone);
void chromium_dark(struct chromium *b, bool is_dark);

/* The value of an expression of the page ("await ..." of a promise); the caller frees it with free(). As JSON unless it is a text. */
char *chromium_eval(struct chromium *b, const char *expression);
bool chromium_is(struct chromium *b, const char *expression);       /* true now */
bool chromium_becomes(struct chromium *b, const char *expression);  /* true within 10 s, looked at each frame */
double chromium_number(struct chromium *b, const char *expression);

#define CHROMIUM_CTRL 2 /* the protocol's bit */
void chromium_key(struct chromium *b, const char *key, int modifiers); /* "a", "Enter", "ArrowLeft" */
void chromium_type(struct chromium *b, const char *text);
void chromium_click(struct chromium *b, const char *element);       /* an expression that gives an element, scrolled into view first */
void chromium_click_at(struct chromium *b, const char *element, double x); /* x: 0 to 1 of its width */
void chromium_choose(struct chromium *b, const char *select, const char *value); /* as chosen from the list */

void chromium_shoot(struct chromium *b, const char *path);          /* a PNG of the window */

/* What went wrong in the pages since the last call, a line each; "" when nothing did. The caller frees it. */
char *chromium_complaints(struct chromium *b);

#endif
