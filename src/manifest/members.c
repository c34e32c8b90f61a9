/*
 * members: the keys of a map of settings, and its members that are one value.
 */
#include "manifest/inside.h"

#include "base/text.h"

#include <string.h>

static void say_keys(struct manifest_inside *in, const struct node *key, const char *what, const char *const *names)
{
	struct shown s;

	strbuf_reset(&in->why);
	for (size_t i = 0; names[i]; i++)
		strbuf_addf(&in->why, "%s %s", i ? "," : "", names[i]);
	NODE_SAY(in, key, "unknown key '%s' in %s, which has%s%s", show(&s, key->text), what, in->why.buf,
		 key->column == in->root->column ? ", and free keys that begin with 'x-'" : "");
}

/* As people call what must not stand in a manifest; '_' and '-' are not looked at. */
static bool is_secret(const char *key)
{
	static const char *const words[] = { "apikey", "apisecret", "secret", "secretkey", "password", "token", "accesstoken", "bearer",
					     "credentials", "scenarioapikey", "scenarioapisecret" };
	char plain[32];
	size_t n = 0;

	for (; *key && n < sizeof plain - 1; key++)
		if (*key != '_' && *key != '-')
			plain[n++] = *key;
	plain[n] = '\0';
	for (size_t i = 0; i < sizeof words / sizeof *words && !*key; i++)
		if (text_equal_ignoring_case(plain, words[i]))
			return true;
	return false;
}

static void say_unknown_key(struct manifest_inside *in, const struct node *map, int i, const char *what, const char *const *names)
{
	const struct node *key = node_key(map, i);
	const char *param = card_suggest(in->card, key->text), *near;
	struct shown s;
	size_t n = 0;

	show(&s, key->text);
	while (names[n])
		n++;
	near = text_nearest(key->text, names, n);
	if (is_secret(key->text))
		NODE_SAY(in, key, "'%s' is a secret, and a manifest is copied into ledgers and shown to others: take it out, and see that nobody has "
			 "it; the hosted API's key and secret stand in SCENARIO_API_KEY and SCENARIO_API_SECRET", s.text);
	else if (map->is_flow && node_is_null(node_value(map, i)))
		NODE_SAY(in, key, "a ',' inside { } ends a value in YAML: put the text before it in quotes");
	else if (card_find(in->card, key->text) >= 0)
		NODE_SAY(in, key, "'%s' is a parameter: put it under params (or sweep)", s.text);
	else if (near)
		NODE_SAY(in, key, "unknown key '%s' in %s, did you mean '%s'?", s.text, what, near);
	else if (param)
		NODE_SAY(in, key, "unknown key '%s' in %s: if you mean the parameter '%s', put it under params", s.text, what, param);
	else
		say_keys(in, key, what, names);
}

void keys_check(struct manifest_inside *in, const struct node *map, const char *what, const char *const *names, bool free_keys)
{
	for (int i = 0; i < map->n; i++) {
		const struct node *key = node_key(map, i);
		bool is_known = key->kind != NODE_SCALAR || (free_keys && text_starts_with(key->text, "x-"));

		for (int k = 0; names[k] && !is_known; k++)
			is_known = !strcmp(names[k], key->text);
		if (!is_known)
			say_unknown_key(in, map, i, what, names);
	}
}

const struct node *scalar_member(struct manifest_inside *in, const struct node *map, const char *name)
{
	const struct node *n = node_find(map, name);

	if (!n)
		return NULL;
	if (n->kind == NODE_SCALAR && !node_is_null(n) && (n->text[0] || n->is_quoted))
		return n;
	NODE_SAY(in, n, "%s must have one value, found %s", name, node_kind_text(n));
	return NULL;
}

const struct node *map_member(struct manifest_inside *in, const struct node *map, const char *name)
{
	const struct node *n = node_find(map, name);

	if (!n || n->kind == NODE_MAP)
		return n;
	NODE_SAY(in, n, "%s must be a map of settings, found %s", name, node_kind_text(n));
	return NULL;
}

bool member_int(struct manifest_inside *in, const struct node *map, const char *name, int64_t min, int64_t max, int *ret)
{
	const struct node *n = scalar_member(in, map, name);
	int64_t v;
	struct shown s;

	if (!n)
		return false;
	if (n->is_quoted || !text_parse_int(n->text, &v) || v < min || v > max) {
		NODE_SAY(in, n, "%s must be a whole number from %lld to %lld, found '%s'", name, (long long)min, (long long)max,
			 show(&s, n->text));
		return false;
	}
	*ret = (int)v;
	return true;
}

const struct node *member_duration(struct manifest_inside *in, const struct node *map, const char *name, double *ret)
{
	const struct node *n = scalar_member(in, map, name);
	struct shown s;
	double v;

	if (!n || text_parse_duration(n->text, ret))
		return n;
	if (text_parse_number(n->text, &v) && v >= 0 && v <= TEXT_DURATION_MAX_S) { /* 1e3 */
		*ret = v;
		return n;
	}
	NODE_SAY(in, n, "%s must be a time as 90s, 15m, 6h or 250ms, found '%s'", name, show(&s, n->text));
	return NULL;
}
