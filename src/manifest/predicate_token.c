/*
 * predicate_token: a condition's text, word by word.
 */
#include "manifest/predicate_inside.h"

#include <string.h>

static bool is_word_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' || c == '+' ||
	       (unsigned char)c >= 0x80;
}

static void take_quoted(struct parse *p)
{
	char quote = p->text[p->at];
	const char *end = strchr(p->text + p->at + 1, quote);

	if (!end) {
		p->token.kind = TOKEN_WRONG;
		p->token.text = "a quote is not closed";
		return;
	}
	p->token.kind = TOKEN_QUOTED;
	p->token.text = arena_strndup(p->arena, p->text + p->at + 1, (size_t)(end - (p->text + p->at + 1)));
	p->at = (size_t)(end - p->text) + 1;
}

static void take_sign(struct parse *p)
{
	static const char *const signs[] = { "!=", "<=", ">=", "==", "<>", "&&", "||", "=", "<", ">", "(", ")", "[", "]", "," };
	static const struct {
		const char *sign, *sentence;
	} wrong[] = { { "==", "write '=' for '=='" }, { "<>", "write '!=' for '<>'" }, { "&&", "write 'and' for '&&'" }, { "||", "write 'or' for '||'" } };

	p->token.kind = TOKEN_WRONG;
	p->token.text = "a condition is made of names, = != < <= > >= in and or not, values, ( ) and [ ]: put other text in quotes";
	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
		if (strncmp(p->text + p->at, signs[i], strlen(signs[i])) != 0)
			continue;
		p->token.kind = TOKEN_SIGN;
		p->token.text = signs[i];
		p->at += strlen(signs[i]);
		break;
	}
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		if (p->token.kind == TOKEN_SIGN && !strcmp(p->token.text, wrong[i].sign)) {
			p->token.kind = TOKEN_WRONG;
			p->token.text = wrong[i].sentence;
		}
	}
}

void predicate_next_token(struct parse *p)
{
	size_t start;

	while (p->text[p->at] == ' ' || p->text[p->at] == '\t' || p->text[p->at] == '\n')
		p->at++;
	start = p->at;
	p->token.offset = start;
	if (!p->text[start]) {
		p->token.kind = TOKEN_END;
		p->token.text = "";
	} else if (p->text[start] == '\'' || p->text[start] == '"') {
		take_quoted(p);
	} else if (is_word_char(p->text[start])) {
		while (is_word_char(p->text[p->at]))
			p->at++;
		p->token.kind = TOKEN_WORD;
		p->token.text = arena_strndup(p->arena, p->text + start, p->at - start);
	} else {
		take_sign(p);
	}
}
