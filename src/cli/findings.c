#include "cli/findings.h"

#include "base/mem.h"
#include "cli/print.h"

#include <stdlib.h>
#include <string.h>

static void add(struct findings *f, const struct mistake *m)
{
	for (int i = 0; i < f->n; i++)
		if (f->list[i].line == m->line && !strcmp(f->list[i].text, m->text))
			return;
	MEM_GROW(f->list, f->n, f->cap);
	f->list[f->n] = *m;
	f->list[f->n++].text = arena_strdup(&f->arena, m->text);
	if (!m->is_warning)
		f->n_mistakes++;
}

void findings_add(struct findings *f, int line, int column, const char *text)
{
	struct mistake m = { line, column, false, text };

	add(f, &m);
}

void findings_warn(struct findings *f, int line, int column, const char *text)
{
	struct mistake m = { line, column, true, text };

	add(f, &m);
}

void findings_add_all(struct findings *f, const struct manifest *m)
{
	for (int i = 0; i < m->n_mistakes + m->n_warnings; i++)
		add(f, &m->mistakes[i]);
}

void findings_print(const struct findings *f, const char *path, struct strbuf *out)
{
	for (int i = 0; i < f->n; i++) {
		const struct mistake *m = &f->list[i];

		print_visible(out, path);
		if (m->line)
			strbuf_addf(out, ":%d", m->line);
		if (m->line && m->column)
			strbuf_addf(out, ":%d", m->column);
		strbuf_adds(out, m->is_warning ? ": warning: " : ": ");
		print_visible(out, m->text);
		strbuf_addc(out, '\n');
	}
}

void findings_json(const struct findings *f, struct json_writer *w)
{
	json_open_array(w, "mistakes");
	for (int i = 0; i < f->n; i++) {
		json_open_object(w, NULL);
		json_put_int(w, "line", f->list[i].line);
		json_put_int(w, "column", f->list[i].column);
		json_put_bool(w, "is_warning", f->list[i].is_warning);
		json_put_text(w, "text", f->list[i].text);
		json_close(w);
	}
	json_close(w);
}

void findings_release(struct findings *f)
{
	free(f->list);
	arena_release(&f->arena);
	memset(f, 0, sizeof *f);
}
