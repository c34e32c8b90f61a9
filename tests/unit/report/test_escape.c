/* report/escape: what each place treats specially does not come out as itself. */
#include "report/escape.h"
#include "tap.h"

static void check(void (*escape)(struct strbuf *, const char *), const char *text, const char *want, const char *name)
{
	struct strbuf out = STRBUF_INIT(4096);

	escape(&out, text);
	IS_TEXT(out.buf, want, name);
	strbuf_release(&out);
}

static void check_base64(const char *bytes, const char *want)
{
	struct strbuf out = STRBUF_INIT(4096);

	escape_base64(&out, (const unsigned char *)bytes, strlen(bytes));
	IS_TEXT(out.buf, want, "base64");
	strbuf_release(&out);
}

int main(void)
{
	static const char json[] = "{\"p\":\"</script><!-- & \"}";
	struct strbuf out = STRBUF_INIT(4096);

	check(escape_html, "plain \xC3\xA9", "plain \xC3\xA9", "html: plain text stays");
	check(escape_html, "<script a=\"b\" c='d'>&amp;", "&lt;script a=&quot;b&quot; c=&#39;d&#39;&gt;&amp;amp;", "html: all five");
	check(escape_csv, "plain", "plain", "csv: plain");
	check(escape_csv, "", "", "csv: empty");
	check(escape_csv, "a,b", "\"a,b\"", "csv: comma");
	check(escape_csv, "say \"hi\"\r\nthere", "\"say \"\"hi\"\"\r\nthere\"", "csv: quotes and line ends");
	check(escape_csv, " padded", "\" padded\"", "csv: blanks at the ends are data");
	check(escape_csv, "=SUM(A1)", "\"=SUM(A1)\"", "csv: what looks like a formula is in quotes");
	check(escape_csv, "@x", "\"@x\"", "csv: so is this");
	check(escape_csv, "-- drums", "\"-- drums\"", "csv: and this");
	check(escape_csv, "-20.25", "-20.25", "csv: a negative number is a number");
	escape_json_in_html(&out, json, sizeof json - 1);
	IS_TEXT(out.buf, "{\"p\":\"\\u003c/script\\u003e\\u003c!-- \\u0026 \"}", "json in html cannot end the element");
	strbuf_release(&out);
	/* RFC 4648 section 10 */
	check_base64("", "");
	check_base64("f", "Zg==");
	check_base64("fo", "Zm8=");
	check_base64("foo", "Zm9v");
	check_base64("foob", "Zm9vYg==");
	check_base64("foobar", "Zm9vYmFy");
	return tap_done();
}
