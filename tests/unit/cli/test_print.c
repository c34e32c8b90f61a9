/* cli/print and cli/findings: text from outside cannot steer a terminal; findings have their place. */
#include "cli/findings.h"
#include "cli/print.h"
#include "tap.h"

static void visible(const char *text, const char *want)
{
	struct strbuf out = STRBUF_INIT(1024);

	print_visible(&out, text);
	IS_TEXT(out.buf, want, "made visible");
	strbuf_release(&out);
}

int main(void)
{
	struct findings f = { 0 };
	struct strbuf out = STRBUF_INIT(1 << 16);
	struct json_writer w;

	visible("plain \xC3\xA9\xE2\x82\xAC", "plain \xC3\xA9\xE2\x82\xAC");
	visible("red\033[31m", "red\\x1b[31m");
	visible("a\nb\rc\td\x7f", "a\\x0ab\\x0dc\\x09d\\x7f");
	visible("c1 \xC2\x9B" "31m", "c1 \\x9b31m");
	visible("\xC2\xB7", "\xC2\xB7");

	findings_add(&f, 3, 7, "must be a number, found '\033'");
	findings_add(&f, 3, 9, "must be a number, found '\033'");
	findings_add(&f, 0, 0, "no checkpoint");
	IS_INT(f.n_mistakes, 2, "the same sentence at the same line counts once");
	findings_print(&f, "a.yaml", &out);
	IS_TEXT(out.buf, "a.yaml:3:7: must be a number, found '\\x1b'\na.yaml: no checkpoint\n", "file:line:column: sentence");
	strbuf_reset(&out);
	json_begin(&w, &out, 0);
	json_open_object(&w, NULL);
	findings_json(&f, &w);
	json_close(&w);
	IS_TEXT(out.buf,
		"{\"mistakes\":[{\"line\":3,\"column\":7,\"is_warning\":false,\"text\":\"must be a number, found '\\u001b'\"},"
		"{\"line\":0,\"column\":0,\"is_warning\":false,\"text\":\"no checkpoint\"}]}", "as JSON");
	findings_release(&f);
	strbuf_release(&out);
	return tap_done();
}
