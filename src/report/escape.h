/*
 * report/escape: text from people, made harmless for the place it goes to.
 *
 * All append to out and are pure. Input is UTF-8 (whatever else it may be, the
 * output holds no character that the place treats specially).
 */
#ifndef REPORT_ESCAPE_H
#define REPORT_ESCAPE_H

#include "base/strbuf.h"

void escape_html(struct strbuf *out, const char *text);                 /* element content and quoted attributes */
void escape_csv(struct strbuf *out, const char *text);                  /* RFC 4180: quoted where needed */
void escape_json_in_html(struct strbuf *out, const char *json, size_t len); /* JSON inside <script>: no '<', '>', '&' */
void escape_base64(struct strbuf *out, const unsigned char *bytes, size_t len); /* RFC 4648, padded */

#endif
