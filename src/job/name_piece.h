/*
 * job/name_piece: a name template cut into pieces. Not for other rooms.
 *
 *   do { name_piece_next(&at, &piece, why) } while (piece.kind != NAME_END);
 *
 * A piece is text, or a placeholder {name} with at most one form after a colon:
 * {name:04} digits with zeros in front, {name:.2f} digits after the point,
 * {name:20} at most so many characters. "{{" and "}}" are braces. Pure.
 */
#ifndef JOB_NAME_PIECE_H
#define JOB_NAME_PIECE_H

#include "base/strbuf.h"

#define NAME_PLACE_MAX 100 /* bytes of a placeholder's name */

enum name_piece_kind { NAME_END, NAME_TEXT, NAME_PLACE };

struct name_piece {
	enum name_piece_kind kind;
	const char *text; /* NAME_TEXT; borrowed */
	size_t len;
	char name[NAME_PLACE_MAX + 1]; /* NAME_PLACE */
	int width;    /* 0: none */
	int decimals; /* -1: none */
	int length;   /* 0: none */
};

#define NAME_PIECE_PLAIN { NAME_PLACE, NULL, 0, "", 0, -1, 0 }

/* Moves *at on. -1 and the rest of a sentence appended to why where braces or a form are wrong. */
int name_piece_next(const char **at, struct name_piece *ret, struct strbuf *why) WARN_UNUSED;

/* A set's name as a part of a path. */
void name_put_set(const char *set, struct strbuf *out);

#endif
