/*
 * The listening grid, driven as a person would: grid FOLDER PICTURES. FOLDER has what t100-grid.sh made.
 *
 * Names like `sound`, `view`, `here` and `layout` are the page's own (src/report/page*.js).
 */
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "chromium.h"
#include "tap.h"

struct test {
	struct chromium *b;
	const char *folder, *pictures;
};

#define IS_TRUE(expression, name) OK(chromium_is(t->b, expression), "%s", name)
#define BECOMES(expression, name) OK(chromium_becomes(t->b, expression), "%s", name)

static void is_value(const struct test *t, const char *expression, const char *want, const char *name)
{
	char *got = chromium_eval(t->b, expression);

	IS_TEXT(got, want, name);
	free(got);
}

static void open_page(const struct test *t, const char *name, const char *fragment)
{
	char *path = mem_printf("%s/%s/report.html", t->folder, name);

	chromium_open_at(t->b, path, fragment);
	free(path);
}

static void shoot(const struct test *t, const char *name)
{
	char *path = mem_printf("%s/%s.png", t->pictures, name);

	(void)chromium_becomes(t->b, "document.querySelectorAll('.wave svg').length > 0 || !document.querySelector('.wave')");
	chromium_shoot(t->b, path);
	free(path);
}

static void no_complaints(const struct test *t, const char *name)
{
	char *text = chromium_complaints(t->b);

	IS_TEXT(text, "", name);
	free(text);
}

/* The folder's file; the caller frees it. */
static char *read_file(const struct test *t, const char *name)
{
	struct strbuf text = STRBUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	char *path = fs_join(t->folder, name);

	if (fs_read(path, &text, &err) < 0) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	free(path);
	return strbuf_detach(&text);
}

/* ---- all of it is there ------------------------------------------------------------- */

#define SHOWN_IDS "[...document.querySelectorAll('.clip')].map(c => c.job.id)"

static void test_finds_all(const struct test *t)
{
	char *ids = read_file(t, "sweep.ids"), *shown;

	open_page(t, "sweep", "");
	is_value(t, "document.title", "sweep \xC2\xB7 mgbatch", "the page's title");
	is_value(t, "$('count').textContent", "200 of 200, 100 in this tab", "the count");
	is_value(t, "layout.tabs.map(x => x.value + x.jobs.length).join()", "rain100,hook60,takes20,broken20", "a tab for each set");
	free(chromium_eval(t->b, "found = " SHOWN_IDS "; true"));
	for (int i = 0; i < 3; i++) {
		chromium_key(t->b, "]", 0);
		free(chromium_eval(t->b, "found.push(..." SHOWN_IDS "); true"));
	}
	is_value(t, "layout.tab.value", "broken", "']' leads from tab to tab");
	shown = chromium_eval(t->b, "found.sort().join('\\n') + '\\n'");
	IS_TEXT(shown, ids, "the clips of the four tabs are the ledger's 200 jobs");
	free(shown);
	free(ids);
	no_complaints(t, "the sweep's page has no errors and asks for nothing");
}

static void test_steps(const struct test *t)
{
	open_page(t, "sweep", "");
	chromium_click(t->b, "document.querySelector('.clip')");
	free(chromium_eval(t->b, "seen = new Set(); true"));
	for (int column = 0; column < 5; column++) {
		chromium_key(t->b, "Home", CHROMIUM_CTRL);
		for (int i = 0; i < column; i++)
			chromium_key(t->b, "ArrowRight", 0);
		for (int i = 0; i < 25; i++) {
			free(chromium_eval(t->b, "seen.add(document.activeElement.job.id); true"));
			chromium_key(t->b, "ArrowDown", 0);
		}
	}
	is_value(t, "seen.size", "100", "the arrow keys reach every clip of a tab, none twice");
	chromium_key(t->b, "End", CHROMIUM_CTRL);
	is_value(t, "Object.values(here.axes).join()", "1.2,5,4", "Ctrl+End is the grid's last clip");
	chromium_key(t->b, "Home", 0);
	is_value(t, "Object.values(here.axes).join()", "1.2,1,1", "Home is the row's first");
	chromium_key(t->b, "ArrowUp", 0);
	is_value(t, "Object.values(here.axes).join()", "1.1,1,4", "up goes to the last of the stack above");
	chromium_key(t->b, "ArrowLeft", 0);
	is_value(t, "Object.values(here.axes).join()", "1.1,1,4", "the grid has edges");
	IS_TRUE("{ const r = document.activeElement.getBoundingClientRect(); r.top >= 0 && r.bottom <= innerHeight }", "where one is can be seen");
	IS_TRUE("document.activeElement.matches(':focus-visible') && getComputedStyle(document.activeElement).outlineStyle === 'solid'",
		"and is marked");
	is_value(t, "document.querySelectorAll('.clip[tabindex=\"0\"]').length", "1", "one clip is in the page's tab order");
	IS_TRUE("document.querySelector('table').getAttribute('role') === 'grid' && document.activeElement.closest('[role=gridcell]')"
		" && document.activeElement.getAttribute('aria-label').includes('temperature 1.1')",
		"roles and names for who does not see it");
	IS_TRUE("new URLSearchParams(location.hash.slice(1)).get('job') === here.id", "the clip is in the address");
}

/* ---- axes, filters, address --------------------------------------------------------- */

static void test_axes(const struct test *t)
{
	open_page(t, "sweep", "");
	is_value(t, "[layout.rowsAxis.key, layout.colsAxis.key, layout.tabsAxis.key].join()", "temperature,classifierFreeGuidance,set",
		 "axes chosen by themselves");
	chromium_choose(t->b, "rows", "'seed'");
	chromium_choose(t->b, "cols", "'temperature'");
	is_value(t, "[layout.rowsAxis.key, layout.colsAxis.key, layout.rows.length, layout.cols.length, layout.inCell[0].key].join()",
		 "seed,temperature,4,5,classifierFreeGuidance", "rows and columns chosen");
	is_value(t, "[...layout.cells.values()].map(s => s.length).join()", "5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5,5",
		 "jobs that share a cell are all in it");
	chromium_choose(t->b, "tabs", "'classifierFreeGuidance'");
	is_value(t, "layout.tabs.map(x => x.jobs.length).join()", "20,20,50,20,20,30,40", "tabs of another axis, jobs without it in the last");
	is_value(t, "location.hash", "#rows=seed&cols=temperature&tabs=classifierFreeGuidance", "the view is in the address");
	chromium_choose(t->b, "tabs", "'state'");
	is_value(t, "layout.tabs.map(x => x.value + x.jobs.length).join()", "done180,failed20", "a tab for each state");
	chromium_choose(t->b, "rows", "NONE");
	chromium_choose(t->b, "cols", "NONE");
	chromium_choose(t->b, "tabs", "NONE");
	is_value(t, "document.querySelectorAll('td .clip').length + ' ' + document.querySelectorAll('td').length", "200 1",
		 "no axis at all: one cell of 200");
	open_page(t, "sweep", "rows=seed&cols=tempo&set=hook&text=brass&state=done&tab=nowhere&tag=bright");
	is_value(t, "$('count').textContent + ' ' + layout.rowsAxis.key + ' ' + layout.colsAxis.key + ' ' + $('set').value + $('tag').selectedOptions[0].text",
		 "60 of 200 seed tempo 2bright", "an address gives the view back, in the tools too");
	open_page(t, "sweep", "rows=%3Cb%3E&cols=&state=nonsense&set=nobody&job=xx&tabs=__proto__");
	is_value(t, "$('count').textContent", "0 of 200", "an address of nonsense breaks nothing");
	chromium_click(t->b, "$('clear')");
	is_value(t, "$('count').textContent", "200 of 200, 100 in this tab", "'Show all' takes it away");
	no_complaints(t, "no errors");
}

static void test_filters(const struct test *t)
{
	char *id = read_file(t, "failed.id"), *want;

	id[strcspn(id, "\n")] = '\0';
	open_page(t, "sweep", "");
	chromium_key(t->b, "/", 0);
	chromium_type(t->b, "brass HOOK");
	BECOMES("$('count').textContent === '60 of 200'", "words of the prompt, whatever their case");
	is_value(t, "$('text').value + location.hash", "brass HOOK#text=brass+HOOK", "typed after '/', and in the address");
	chromium_click(t->b, "$('clear')");
	chromium_key(t->b, "/", 0);
	chromium_type(t->b, id);
	BECOMES("$('count').textContent === '1 of 200'", "an id");
	want = mem_printf("document.querySelector('.clip').job.id === '%s'", id);
	IS_TRUE(want, "finds its job");
	chromium_click(t->b, "$('clear')");
	chromium_choose(t->b, "tag", "String(tags.indexOf('bright') + 1)");
	is_value(t, "$('count').textContent", "60 of 200", "by tag");
	chromium_click(t->b, "$('clear')");
	chromium_choose(t->b, "set", "String(sets.indexOf('takes') + 1)");
	is_value(t, "$('count').textContent", "20 of 200", "by set");
	chromium_click(t->b, "$('clear')");
	chromium_click(t->b, "$('states').querySelector('[value=done]')");
	is_value(t, "$('count').textContent + ' ' + document.querySelectorAll('.clip.bad').length", "20 of 200 20", "by state");
	is_value(t, "document.querySelector('.clip .say').textContent", "input: the fake backend was told to fail with 'input'", "a failure has class and sentence");
	chromium_click(t->b, "document.querySelector('.clip .more')");
	IS_TRUE("!$('details').hidden && $('details').textContent.includes('mgbatch retry sweep.yaml ' + here.id)", "its details say how to try again");
	shoot(t, "failure");
	free(want);
	free(id);
	no_complaints(t, "no errors");
}

/* ---- listening ---------------------------------------------------------------------- */

static void test_plays(const struct test *t)
{
	open_page(t, "listen", "");
	is_value(t, "document.querySelectorAll('audio').length + players.size", "0", "no player before the first click");
	chromium_click(t->b, "document.querySelector('.clip .play')");
	BECOMES("sound.playing && !players.get(sound.job).paused && soundAt() > .3", "a click plays");
	IS_TRUE("document.querySelector('.clip').classList.contains('playing') && parseFloat(document.querySelector('.wave').style.getPropertyValue('--at')) > 5",
		"and the wave shows how far");
	free(chromium_eval(t->b, "first = sound.job; position = soundAt(); true"));
	chromium_key(t->b, "ArrowRight", 0);
	IS_TRUE("sound.job === here && sound.job !== first && sound.job.axes.normalizationStrategy === first.axes.normalizationStrategy",
		"an arrow key plays the neighbour");
	/* sound.at: where it began */
	IS_TRUE("sound.at >= position && sound.at < position + 2", "from the same place");
	BECOMES("soundAt() > sound.at && players.get(sound.job).readyState > 2", "and it goes on");
	IS_TRUE("[...players.values()].filter(a => !a.paused).length === 1", "one at a time");
	shoot(t, "listen");
	chromium_key(t->b, " ", 0);
	BECOMES("!sound.playing && players.get(sound.job).paused", "Space pauses");
	free(chromium_eval(t->b, "position = sound.at; true"));
	chromium_key(t->b, "Enter", 0);
	BECOMES("sound.playing && soundAt() >= position", "Enter goes on from there");
	chromium_click_at(t->b, "clipOf.get(here).querySelector('.wave')", 0.75);
	IS_TRUE("soundAt() > 2.9 && soundAt() < 3.6", "a click in the wave seeks");
	BECOMES("!sound.playing && sound.at === 0", "it ends by itself");
	chromium_key(t->b, " ", 0);
	BECOMES("soundAt() > .1", "and plays again");
	chromium_key(t->b, "d", 0);
	IS_TRUE("!$('details').hidden && $('details').textContent.includes(here.file.pcm)", "'d' opens the details");
	chromium_key(t->b, "Escape", 0);
	IS_TRUE("$('details').hidden && sound.playing", "Escape closes them first");
	chromium_key(t->b, "Escape", 0);
	IS_TRUE("!sound.playing && sound.at === 0", "then stops");
	chromium_key(t->b, "?", 0);
	IS_TRUE("$('keys').open", "'?' shows the keys");
	chromium_key(t->b, "Escape", 0);
	BECOMES("!$('keys').open", "Escape closes them");
	no_complaints(t, "playing gives no errors");
}

static void test_loudness(const struct test *t)
{
	open_page(t, "listen", "");
	IS_TRUE("$('level').checked && $('level-note').textContent.includes('turned down')", "the page says what it does");
	free(chromium_eval(t->b, "loudness = []; true"));
	chromium_click(t->b, "document.querySelector('.clip .play')");
	for (int i = 0; i < 3; i++) {
		(void)chromium_becomes(t->b, "sound.playing && soundAt() > 0");
		free(chromium_eval(t->b, "loudness.push(sound.job.file.lkfs + 20 * Math.log10(players.get(sound.job).volume)); true"));
		chromium_key(t->b, "ArrowDown", 0);
	}
	IS_TRUE("loudness.length === 3 && new Set(jobs.map(j => j.file.lkfs.toFixed(0))).size >= 3 && Math.max(...loudness) - Math.min(...loudness) < .01",
		"clips of different loudness are played at one");
	IS_TRUE("Math.abs(loudness[0] - Math.min(...jobs.map(j => j.file.lkfs))) < .01", "that of the quietest");
	chromium_key(t->b, "l", 0);
	IS_TRUE("[...players.values()].every(a => a.volume === 1) && !$('level').checked", "'l': as the files are");
	is_value(t, "new URLSearchParams(location.hash.slice(1)).get('level')", "files", "which is in the address");
	chromium_key(t->b, "Escape", 0);
	open_page(t, "sweep", "");
	IS_TRUE("$('level').disabled && jobs.every(j => volumeOf(j) === 1)", "clips without a loudness are as they are");
	free(chromium_eval(t->b, "jobs[0].url = 'gone.wav'; true"));
	chromium_click(t->b, "clipOf.get(jobs[0]).querySelector('.play')");
	BECOMES("jobs[0].broken && clipOf.get(jobs[0]).textContent.includes('still beside the page') && !sound.playing", "a file that is gone is told");
	free(chromium_complaints(t->b)); /* the missing file's */
}

/* Two that do not stand side by side: the tab beside at the same place, and back to the one before. */
static void test_compares(const struct test *t)
{
	open_page(t, "listen", "tabs=normalizationStrategy&rows=classifierFreeGuidance");
	chromium_click(t->b, "document.querySelectorAll('.clip .play')[1]");
	BECOMES("sound.playing && soundAt() > .2", "the second clip of a tab plays");
	IS_TRUE("layout.colsAxis === null", "beside rows that someone chose no columns are made of random seeds");
	free(chromium_eval(t->b, "first = sound.job; true"));
	chromium_key(t->b, "]", 0);
	IS_TRUE("layout.tab.value === 'peak' && sound.job === here && sound.job !== first"
		" && here.axes.guidance === first.axes.guidance && document.activeElement === clipOf.get(here)",
		"']' plays the clip at the same place of the next tab");
	IS_TRUE("sound.at > .2", "from where the other was");
	free(chromium_eval(t->b, "second = sound.job; true"));
	chromium_key(t->b, "b", 0);
	IS_TRUE("sound.playing && sound.job === first && here === first && layout.tab.value === 'loudness'", "'b' goes back to the one before, in its tab");
	chromium_key(t->b, "b", 0);
	IS_TRUE("sound.job === second && layout.tab.value === 'peak'", "and again");
	free(chromium_eval(t->b, "document.activeElement.blur(); true"));
	chromium_key(t->b, " ", 0);
	IS_TRUE("!sound.playing", "Space pauses too where nothing has the focus");
	chromium_click(t->b, "document.querySelector('[role=tab]')");
	IS_TRUE("document.activeElement.getAttribute('aria-selected') === 'true'", "a clicked tab keeps the focus");
	open_page(t, "listen", "");
	chromium_key(t->b, "ArrowDown", 0);
	IS_TRUE("document.activeElement === document.querySelector('.clip')", "an arrow leads into the grid from a fresh page");
	chromium_key(t->b, "/", 0);
	chromium_type(t->b, "peak");
	chromium_key(t->b, "Enter", 0);
	IS_TRUE("layout.n === 2 && document.activeElement === clipOf.get(here) && here.axes.normalizationStrategy === 'peak'", "Enter in 'find' leads to what is found");
	free(chromium_eval(t->b, "history.replaceState = () => { throw new DOMException('too many', 'SecurityError'); }; true"));
	chromium_key(t->b, "ArrowRight", 0);
	IS_TRUE("document.activeElement === document.querySelectorAll('.clip')[1]", "stepping goes on where a browser wants no more addresses");
	no_complaints(t, "no errors");
}

/* ---- copying, looks, texts ----------------------------------------------------------- */

static void test_copies(const struct test *t)
{
	char *id = read_file(t, "failed.id"), *lines = read_file(t, "failed.lines"), *fragment, *got;

	id[strcspn(id, "\n")] = '\0';
	fragment = mem_printf("job=%s", id);
	open_page(t, "sweep", fragment);
	IS_TRUE("layout.tab.value === 'broken' && document.activeElement === clipOf.get(here)", "an address with a job leads to it");
	chromium_key(t->b, "d", 0);
	chromium_click(t->b, "[...document.querySelectorAll('.copy')].pop()");
	BECOMES("[...document.querySelectorAll('.copy')].pop().textContent === 'Copied'", "a copy button works from disk");
	free(chromium_eval(t->b, "navigator.clipboard.writeText = () => Promise.reject(); true"));
	chromium_click(t->b, "[...document.querySelectorAll('.copy')].pop()");
	(void)chromium_becomes(t->b, "String(getSelection()).length > 0");
	got = chromium_eval(t->b, "String(getSelection()).trimEnd() + '\\n'");
	IS_TEXT(got, lines, "without a clipboard the text is selected: the manifest that 'mgbatch show' prints");
	free(got);
	free(fragment);
	free(id);
	free(lines);
	open_page(t, "sweep", "");
	is_value(t, "[...document.querySelectorAll('[role=tab]')].map(b => b.textContent).join(' | ')",
		 "rain 100 | hook 60 | takes 20 | broken 20 \xC2\xB7 20 failed", "a tab with failures says so");
	chromium_click(t->b, "document.querySelector('.facts .bad a')");
	BECOMES("$('count').textContent === '20 of 200' && document.querySelectorAll('.clip.bad').length === 20", "the head's number leads to them");
	no_complaints(t, "no errors");
}

/* Another folder than the manifest's and a value set: a command without them would be about other jobs. */
static void test_commands(const struct test *t)
{
	char *quoted = mem_printf("'%s/it'\\''s loops'", t->folder), *id, *want;

	open_page(t, "it's loops", "");
	id = chromium_eval(t->b, "jobs[0].id");
	want = mem_printf("mgbatch retry %s %s\nmgbatch run --set duration=2 --output %s loops.yaml\nmgbatch show %s %s", quoted, id, quoted, quoted, id);
	is_value(t, "commandsFor(jobs[0])", want, "the commands name the folder and the values that were set");
	is_value(t, "commandsFor({ ...jobs[0], remote: 'job_1' }).split('\\n')[0].split(' ').pop()", "--pay-again", "what a service made is paid for again");
	free(want);
	free(quoted);
	free(id);
}

static void test_looks(const struct test *t)
{
	static const char *const pages[] = { "sweep", "listen", "one", "bad", "none", "many" };

	open_page(t, "sweep", "");
	shoot(t, "light");
	free(chromium_eval(t->b, "paper = getComputedStyle(document.body).backgroundColor; true"));
	chromium_dark(t->b, true);
	IS_TRUE("getComputedStyle(document.body).backgroundColor !== paper", "dark where the system is");
	shoot(t, "dark");
	chromium_dark(t->b, false);
	chromium_window(t->b, 360, 740, 2, true);
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		open_page(t, pages[i], "");
		OK(chromium_is(t->b, "document.documentElement.scrollWidth <= 360"), "%s: nothing is wider than a phone", pages[i]);
	}
	open_page(t, "listen", "");
	IS_TRUE("matchMedia('(pointer: coarse)').matches && $('rows').offsetParent === null && document.querySelector('.clip').getBoundingClientRect().top < 600", "a phone shows clips first, the tools behind a button");
	is_value(t, "[...document.querySelectorAll('button, select, input, .check')].filter(e => e.offsetParent)"
		 ".filter(e => { const r = e.getBoundingClientRect(); return r.width < 24 || r.height < 24 }).length", "0", "nothing is too small to be touched");
	shoot(t, "phone-top");
	chromium_click(t->b, "$('fold')");
	IS_TRUE("$('rows').offsetParent && $('fold').getAttribute('aria-expanded') === 'true' && document.documentElement.scrollWidth <= 360", "which opens them");
	shoot(t, "phone-tools");
	chromium_click(t->b, "$('fold')");
	chromium_click(t->b, "document.querySelectorAll('.clip .play')[1]");
	(void)chromium_becomes(t->b, "soundAt() > .8");
	IS_TRUE("document.documentElement.scrollWidth <= 360", "nor with the player");
	shoot(t, "phone");
	chromium_click(t->b, "$('deck-details')");
	IS_TRUE("document.documentElement.scrollWidth <= 360 && !$('details').hidden", "nor with the details");
	shoot(t, "phone-details");
	open_page(t, "sweep", "tab=broken");
	IS_TRUE("document.documentElement.scrollWidth <= 360", "nor with failures");
	chromium_window(t->b, 1440, 900, 1, false);
	no_complaints(t, "no errors");
}

static void test_texts(const struct test *t)
{
	open_page(t, "sweep", "tab=hook");
	is_value(t, "document.scripts.length + ' ' + document.querySelectorAll('i, u, h1 > *').length", "2 0", "no text becomes an element");
	is_value(t, "layout.rowsAxis.key + ' ' + layout.colsAxis.key + ' ' + [...layout.rows, '|', ...layout.cols].join()",
		 "tempo classifierFreeGuidance slow,<i>fast</i>,\xE5\xBF\xAB,|,3,10", "labels are told as they are");
	is_value(t, "layout.inCell.map(a => a.key).join()", "seed", "what a table's row sets is told once, by its label");
	is_value(t, "jobs.find(j => j.set === 'hook').params.prompt",
		 "brass hook </script><script>alert('x')</script><!-- \xE2\x80\xAErtl\xE2\x80\xAC \xF0\x9F\x8E\xBA \"{q}\"", "so is the prompt");
	chromium_click(t->b, "document.querySelector('.clip .more')");
	IS_TRUE("$('details').textContent.includes(here.params.prompt) && $('details').textContent.includes('<u>&amp;')", "in the details too");
	shoot(t, "texts");
	is_value(t, "{ const s = document.createElement('script'); s.textContent = 'ran = 1'; document.body.append(s); typeof ran }", "undefined",
		 "the page's policy lets no other script run");
	free(chromium_complaints(t->b)); /* that script's */
}

/* What a value decides is told once, beside it. */
static void test_heads(const struct test *t)
{
	open_page(t, "it's loops", "");
	is_value(t, "[layout.rowsAxis.key, layout.colsAxis.key, layout.tabsAxis?.key, layout.inCell.map(a => a.key)].join()", "loop,mood,,seed",
		 "what a label decides is told in no clip");
	is_value(t, "[...document.querySelectorAll('tbody th')].map(h => h.innerText.replace(/\\n+/g, '|')).join(' / ')",
		 "loop dub|style dub techno \xC2\xB7 key F minor / loop bossa|style bossa nova \xC2\xB7 key D minor / loop lofi|style lo-fi \xC2\xB7 key C major",
		 "but once, beside the label");
	shoot(t, "heads");
	open_page(t, "table", "");
	is_value(t, "[...document.querySelectorAll('tbody th')].map(h => h.innerText.replace(/\\n+/g, '|')).join(' / ')",
		 "row 1|felt piano, slow|mood calm / row 2|brass section with a very long caption that wants room|mood bright / row 3|bells|mood calm",
		 "a row of captions is told with its prompt and its columns");
	is_value(t, "document.querySelectorAll('.words b').length", "0", "and its clip does not say it again");
	open_page(t, "table", "rows=row.mood&cols=-");
	is_value(t, "layout.inCell.map(a => a.key).join()", "row,prompt", "clips that share a cell say their prompts");
	open_page(t, "bad", "");
	is_value(t, "$('shared').innerText", "prompt x", "a prompt that all share stands above the grid");
	open_page(t, "wide", "");
	chromium_key(t->b, "ArrowDown", 0);
	chromium_key(t->b, "End", CHROMIUM_CTRL);
	IS_TRUE("{ const r = document.activeElement.getBoundingClientRect(), h = document.querySelector('thead th:last-child').getBoundingClientRect(),"
		" s = document.querySelector('tbody tr:last-child th').getBoundingClientRect();"
		" h.top >= 0 && h.bottom <= r.top + 1 && h.left <= r.left && s.left >= 0 && s.right <= r.left + 1 && r.right <= innerWidth }",
		"of a grid wider than the window the headings stay in sight, and hide no clip");
	IS_TRUE("{ const a = document.querySelector('.scroll').getBoundingClientRect(), r = document.activeElement.getBoundingClientRect();"
		" document.elementFromPoint(a.left + 1, r.top + 20).closest('tbody th') && document.elementFromPoint(a.left + 20, a.top + 2).matches('.corner') }",
		"nor does a clip show beside or behind them");
	shoot(t, "wide");
	no_complaints(t, "no errors");
}

/* ---- few jobs, many, none -------------------------------------------------------------- */

static void test_odd_pages(const struct test *t)
{
	open_page(t, "one", "");
	is_value(t, "$('count').textContent + ' ' + document.querySelectorAll('.clip').length + $('axes').hidden", "1 of 1 1true", "one job, no axes");
	open_page(t, "bad", "");
	is_value(t, "document.querySelector('.facts').textContent.replace(/\\s+/g, ' ').trim()", "Done0 of 12 Audio0.0 s Failed12", "all failed");
	shoot(t, "bad");
	open_page(t, "none", "");
	is_value(t, "jobs.length + ' ' + document.querySelectorAll('.clip .why').length", "8 8", "nothing done yet");
	no_complaints(t, "no errors");
}

static void test_many(const struct test *t)
{
	int64_t began = clock_monotonic_ms();
	double load_ms, filter_ms;

	open_page(t, "many", "");
	is_value(t, "document.querySelector('main .note').textContent.replace(/ +/g, ' ')",
		 "Shown: 2000 of 2500 jobs: the first 2000 in running order. All of them: jobs.csv, or mgbatch list many.yaml, which narrows by --select.",
		 "2,500 jobs: the page says which part it shows");
	is_value(t, "document.querySelectorAll('.clip').length", "2000", "2,000 cells");
	load_ms = chromium_number(t->b, "performance.getEntriesByType('navigation')[0].loadEventEnd");
	OK(load_ms < 10000, "loaded in %.0f ms (%lld ms with the protocol)", load_ms, (long long)(clock_monotonic_ms() - began));
	filter_ms = chromium_number(t->b, "{ const began = performance.now(); choose({ text: 'number 7' }); document.body.offsetHeight; performance.now() - began }");
	OK(filter_ms < 3000, "filtered in %.0f ms", filter_ms);
	filter_ms = chromium_number(t->b, "{ const began = performance.now(); choose({ text: '' }); document.body.offsetHeight; performance.now() - began }");
	OK(filter_ms < 10000, "all shown again in %.0f ms", filter_ms);
	chromium_click(t->b, "document.querySelector('.clip')");
	filter_ms = chromium_number(t->b, "{ const began = performance.now(); move(upOrDown(here, 1)); document.body.offsetHeight; performance.now() - began }");
	OK(filter_ms < 1000, "a step takes %.1f ms", filter_ms);
	shoot(t, "many");
	no_complaints(t, "no errors");
}

int main(int argc, char **argv)
{
	static void (*const tests[])(const struct test *t) = {
		test_finds_all, test_steps, test_axes, test_filters, test_plays, test_loudness,
		test_compares, test_copies, test_commands, test_looks, test_texts, test_heads, test_odd_pages, test_many,
	};
	struct test t = { NULL, argc > 1 ? argv[1] : ".", argc > 2 ? argv[2] : "." };

	t.b = chromium_start();
	if (!t.b)
		SKIP_ALL("no chromium here: tools/install-deps browser installs it");
	chromium_window(t.b, 1440, 900, 1, false);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tests[i](&t);
	chromium_stop(t.b);
	return tap_done();
}
