/* What a test does with a page: opens it, looks, presses, clicks, takes pictures. */
#include "chromium_inside.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json_write.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#define LOAD_MS 60000 /* for a page of the largest part, on a machine under load */

void chromium_window(struct chromium *b, int width, int height, double scale, bool is_phone)
{
	char *params = mem_printf("{\"width\":%d,\"height\":%d,\"deviceScaleFactor\":%g,\"mobile\":%s}", width, height, scale,
				  is_phone ? "true" : "false");

	chromium_do(b, "Emulation.setDeviceMetricsOverride", params);
	chromium_do(b, "Emulation.setTouchEmulationEnabled", is_phone ? "{\"enabled\":true}" : "{\"enabled\":false}");
	free(params);
}

void chromium_dark(struct chromium *b, bool is_dark)
{
	char *params = mem_printf("{\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\"%s\"}]}", is_dark ? "dark" : "light");

	chromium_do(b, "Emulation.setEmulatedMedia", params);
	free(params);
}

/* ---- opening ------------------------------------------------------------------------ */

void chromium_open_at(struct chromium *b, const char *path, const char *fragment)
{
	struct strbuf params = STRBUF_INIT(1 << 16);
	struct json_writer w;
	char *url = mem_printf("file://%s#%s", path, fragment);
	int64_t end = clock_monotonic_ms() + LOAD_MS;

	/* From one fragment to another nothing would be loaded. */
	chromium_do(b, "Page.navigate", "{\"url\":\"about:blank\"}");
	json_begin(&w, &params, 0);
	json_open_object(&w, NULL);
	json_put_text(&w, "url", url);
	json_close(&w);
	chromium_do(b, "Page.navigate", params.buf);
	while (!chromium_is(b, "location.protocol === 'file:' && document.readyState === 'complete'"))
		if (clock_monotonic_ms() > end)
			chromium_bail(b, "the page does not load", url);
	strbuf_release(&params);
	free(url);
}

void chromium_open(struct chromium *b, const char *path)
{
	chromium_open_at(b, path, "");
}

/* ---- looking ------------------------------------------------------------------------- */

static struct json_doc *evaluate(struct chromium *b, const char *expression)
{
	struct strbuf params = STRBUF_INIT(1 << 20);
	struct json_writer w;
	struct json_doc *answer;

	json_begin(&w, &params, 0);
	json_open_object(&w, NULL);
	json_put_text(&w, "expression", expression);
	json_put_bool(&w, "returnByValue", true);
	json_put_bool(&w, "replMode", true); /* the page's own const and let are seen; a promise is waited for by a written await */
	json_close(&w);
	answer = chromium_call(b, "Runtime.evaluate", params.buf);
	strbuf_release(&params);
	if (json_member(chromium_result(answer), "exceptionDetails")) {
		const struct json *thrown = json_member(json_member(chromium_result(answer), "exceptionDetails"), "exception");

		printf("# in: %s\n", expression);
		chromium_bail(b, "the test's expression throws", json_string(json_member(thrown, "description"), "without words"));
	}
	return answer;
}

static const struct json *value_of(const struct json_doc *answer)
{
	return json_member(json_member(chromium_result(answer), "result"), "value");
}

char *chromium_eval(struct chromium *b, const char *expression)
{
	struct json_doc *answer = evaluate(b, expression);
	const struct json *value = value_of(answer);
	char *text;

	if (json_is_number(value))
		text = mem_printf("%.17g", json_number(value, 0));
	else if (json_is_bool(value))
		text = mem_strdup(json_bool(value, false) ? "true" : "false");
	else
		text = mem_strdup(json_string(value, ""));
	json_free(answer);
	return text;
}

bool chromium_is(struct chromium *b, const char *expression)
{
	struct json_doc *answer = evaluate(b, expression);
	bool is_true = json_bool(value_of(answer), false);

	json_free(answer);
	return is_true;
}

double chromium_number(struct chromium *b, const char *expression)
{
	struct json_doc *answer = evaluate(b, expression);
	double number = json_number(value_of(answer), -1e300);

	json_free(answer);
	return number;
}

bool chromium_becomes(struct chromium *b, const char *expression)
{
	char *wait = mem_printf("await new Promise(done => { const end = performance.now() + 10000;"
				" const look = () => (%s) ? done(true) : performance.now() > end ? done(false) : setTimeout(look, 5); look(); })",
				expression);
	bool is_true = chromium_is(b, wait);

	free(wait);
	return is_true;
}

/* ---- pressing -------------------------------------------------------------------------- */

/* Keys that have a name: what the protocol calls them besides. 0x..: Windows virtual key codes, which it wants. */
static const struct {
	const char *key, *code;
	int number;
	const char *text;
} named_keys[] = {
	{ "ArrowLeft", "ArrowLeft", 0x25, "" }, { "ArrowUp", "ArrowUp", 0x26, "" },	{ "ArrowRight", "ArrowRight", 0x27, "" },
	{ "ArrowDown", "ArrowDown", 0x28, "" }, { "Home", "Home", 0x24, "" },		{ "End", "End", 0x23, "" },
	{ "PageUp", "PageUp", 0x21, "" },	{ "PageDown", "PageDown", 0x22, "" },	{ "Escape", "Escape", 0x1b, "" },
	{ "Enter", "Enter", 0x0d, "\\r" },	{ "Tab", "Tab", 0x09, "" },		{ " ", "Space", 0x20, " " },
};

static void send_key(struct chromium *b, const char *type, const char *key, const char *code, int number, const char *text, int modifiers)
{
	char *params = mem_printf("{\"type\":\"%s\",\"key\":\"%s\",\"code\":\"%s\",\"windowsVirtualKeyCode\":%d,\"modifiers\":%d%s%s%s}", type, key,
				  code, number, modifiers, *text ? ",\"text\":\"" : "", text, *text ? "\"" : "");

	chromium_do(b, "Input.dispatchKeyEvent", params);
	free(params);
}

void chromium_key(struct chromium *b, const char *key, int modifiers)
{
	const char *code = "", *text = key;
	int number = 0;

	for (size_t i = 0; i < sizeof named_keys / sizeof *named_keys; i++)
		if (!strcmp(named_keys[i].key, key)) {
			code = named_keys[i].code;
			number = named_keys[i].number;
			text = named_keys[i].text;
		}
	send_key(b, *text ? "keyDown" : "rawKeyDown", key, code, number, text, modifiers);
	send_key(b, "keyUp", key, code, number, "", modifiers);
}

void chromium_type(struct chromium *b, const char *text)
{
	for (; *text; text++) {
		char key[] = { *text, '\0' };

		chromium_key(b, key, 0);
	}
}

static void send_mouse(struct chromium *b, const char *type, double x, double y, int clicks)
{
	char *params = mem_printf("{\"type\":\"%s\",\"x\":%.2f,\"y\":%.2f,\"button\":\"%s\",\"clickCount\":%d}", type, x, y,
				  clicks ? "left" : "none", clicks);

	chromium_do(b, "Input.dispatchMouseEvent", params);
	free(params);
}

void chromium_click_at(struct chromium *b, const char *element, double x)
{
	char *scroll = mem_printf("(%s).scrollIntoView({block: 'center', inline: 'center'})", element);
	char *left = mem_printf("{ const r = (%s).getBoundingClientRect(); r.left + r.width * %g }", element, x);
	char *top = mem_printf("{ const r = (%s).getBoundingClientRect(); r.top + r.height / 2 }", element);
	double at_x, at_y;

	free(chromium_eval(b, scroll));
	at_x = chromium_number(b, left);
	at_y = chromium_number(b, top);
	send_mouse(b, "mouseMoved", at_x, at_y, 0);
	send_mouse(b, "mousePressed", at_x, at_y, 1);
	send_mouse(b, "mouseReleased", at_x, at_y, 1);
	free(scroll);
	free(left);
	free(top);
}

void chromium_click(struct chromium *b, const char *element)
{
	chromium_click_at(b, element, 0.5);
}

/* The list that a select opens is the system's, out of the protocol's reach: the value is set and the page told as the list would. */
void chromium_choose(struct chromium *b, const char *select, const char *value)
{
	char *set = mem_printf("{ const s = document.getElementById('%s'); s.value = %s; if (s.selectedIndex < 0) throw new Error('no such choice');"
			       " s.dispatchEvent(new Event('change', { bubbles: true })); true }", select, value);

	(void)chromium_is(b, set);
	free(set);
}

/* ---- pictures ----------------------------------------------------------------------------- */

static int digit_of(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

void chromium_shoot(struct chromium *b, const char *path)
{
	struct json_doc *answer = chromium_call(b, "Page.captureScreenshot", "{\"format\":\"png\"}");
	const char *text = json_string(json_member(chromium_result(answer), "data"), "");
	struct strbuf png = STRBUF_INIT(MESSAGE_MAX);
	struct err err = ERR_INIT;
	unsigned bits = 0;
	int n_bits = 0;

	for (; digit_of(*text) >= 0; text++) {
		bits = bits << 6 | (unsigned)digit_of(*text);
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			strbuf_addc(&png, (char)(bits >> n_bits & 0xff));
		}
	}
	if (fs_make_parent(path, &err) < 0 || fs_replace(path, png.buf, png.len, &err) < 0)
		chromium_bail(b, "cannot keep the picture", err.text);
	strbuf_release(&png);
	json_free(answer);
}
