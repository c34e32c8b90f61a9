// The grid itself: a table of cells, in each all clips that share it, and where in it one is.

const WAVE_BARS = 96;    // in a cell; the deck draws all 200
const LONG = 16;         // characters beyond which a row's heading wants a wider place
const CLIP_REM = 10.5;   // the least width of a clip with others beside it
const GAP_REM = .5;      // between them, as in page.css
let layout = null;
let here = null;             // the job that has, or last had, the focus
const clipOf = new Map();    // job -> its element
const placeOf = new Map();   // job -> [row, column, index in the stack]
const stackAt = (r, c) => layout.cells.get(layout.rows[r] + '\0' + layout.cols[c]) || [];

// A wave is drawn when it comes near the window.
const waves = new IntersectionObserver(entries => {
	for (const { isIntersecting, target } of entries)
		if (isIntersecting) {
			waves.unobserve(target);
			drawWave(target, target.job, WAVE_BARS);
		}
}, { rootMargin: '400px' });

// ---- drawing --------------------------------------------------------------------------------------------

const makeClip = job => {
	const box = make('div', { class: 'clip' + (BAD.includes(job.state) ? ' bad' : job.state === 'superseded' ? ' old' : ''), tabindex: '-1', role: 'group', 'aria-label': sayClip(job) });
	const words = make('div', { class: 'words' }, ...layout.inCell.filter(a => a.of(job) !== '').map(a => make('b', { title: labelOf(a, a.of(job)) }, labelOf(a, a.of(job)))));
	box.job = job;
	box.id = 'clip-' + job.n;
	if (job.file) {
		const wave = make('div', { class: 'wave' });
		wave.job = job;
		wave.onclick = seekByClick(wave, job);
		waves.observe(wave);
		box.append(make('div', { class: 'top' },
			make('button', { class: 'play', type: 'button', tabindex: '-1', 'aria-label': 'Play ' + sayAxes(job), onclick: () => toggleSound(job) }, icon('play')), wave));
		words.append(make('span', {}, saySeconds(job.file.seconds)), make('span', {}, sayLoudness(job.file)));
	}
	if (job.state !== 'done') words.prepend(make('span', { class: 'state state-' + job.state, title: WHY[job.state] }, job.state));
	box.append(make('div', { class: 'line' }, words,
		make('button', { class: 'more', type: 'button', tabindex: '-1', 'aria-label': 'Details of ' + sayAxes(job), onclick: () => showDetails(job) }, '…')));
	if (job.trouble && job.state !== 'done') box.append(make('p', { class: 'say' }, make('b', {}, job.trouble[0]), ': ', job.trouble[1]));
	else if (!job.file) box.append(make('p', { class: 'soft why' }, WHY[job.state]));
	return box;
};

// told: the axes that this value decides, of which any of its jobs knows the values.
const makeHead = (axis, value, told, job) => {
	const its = told.filter(a => a.of(job) !== '');
	const prompt = its.find(a => a === promptAxis), rest = its.filter(a => a !== promptAxis);
	return [axis.kind === 'set' ? make('b', {}, value || 'no set') : make('span', { title: value.length > LONG ? value : null }, axis.short + ' ', make('b', {}, value === '' ? '–' : value)),
		prompt ? make('p', { class: 'told said', title: prompt.of(job) }, prompt.of(job)) : null,
		rest.length ? make('p', { class: 'told' }, ...rest.flatMap((a, i) => [i ? ' · ' : '', make('span', {}, labelOf(a, a.of(job)))])) : null].filter(Boolean);
};
const makeTable = () => {
	const { rowsAxis, colsAxis, rows, cols, inRow, inCol } = layout;
	const isWide = rowsAxis && (inRow.length || rows.some(r => r.length > LONG));
	const table = make('table', { class: 'grid' + (rowsAxis ? ' with-side' : '') + (isWide ? ' wide-side' : ''), role: 'grid', 'aria-label': 'Clips' });
	const jobOf = (axis, value) => layout.tab.jobs.find(j => axis.of(j) === value);
	table.style.setProperty('--cols', cols.length);
	if (rowsAxis) table.append(make('colgroup', {}, make('col', { class: 'side' })));
	if (colsAxis) table.append(make('thead', { role: 'rowgroup' }, make('tr', { role: 'row' }, rowsAxis ? make('td', { class: 'corner', role: 'presentation' }) : null,
		...cols.map(c => make('th', { scope: 'col', role: 'columnheader' }, ...makeHead(colsAxis, c, inCol, jobOf(colsAxis, c)))))));
	const firstOf = r => cols.map((_, c) => stackAt(r, c)).find(s => s.length)[0];
	const body = make('tbody', { role: 'rowgroup' });
	rows.forEach((row, r) => {
		const tr = make('tr', { role: 'row' }, rowsAxis ? make('th', { scope: 'row', role: 'rowheader' }, ...makeHead(rowsAxis, row, inRow, firstOf(r))) : null);
		cols.forEach((col, c) => {
			const stack = stackAt(r, c);
			const td = make('td', { role: 'gridcell', 'data-col': colsAxis ? labelOf(colsAxis, col) : null });
			if (stack.length) td.append(make('div', { class: 'stack' }, ...stack.map((job, k) => {
				const clip = makeClip(job);
				clipOf.set(job, clip);
				placeOf.set(job, [r, c, k]);
				return clip;
			})));
			tr.append(td);
		});
		body.append(tr);
	});
	table.append(body);
	return table;
};
// Where the table needs no scrolling of its own, its headings can stay at the window's edge. All stacks have as many clips
// on a line, and no line is left with a single one while there is room to share: four in a place for three are two and two.
const fit = () => {
	const scroll = document.querySelector('.scroll');
	if (!scroll) return;
	scroll.classList.remove('fits');
	scroll.classList.toggle('fits', scroll.scrollWidth <= scroll.clientWidth);
	const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
	const most = Math.max(...[...layout.cells.values()].map(s => s.length));
	const room = scroll.querySelector('.stack').parentElement.clientWidth / rem;
	const lines = Math.ceil(most / Math.max(1, Math.floor(room / (CLIP_REM + GAP_REM))));
	scroll.firstChild.style.setProperty('--per', Math.ceil(most / lines));
};
let fitted = 0; // the width for which it was; the height changes with every clip that comes near
const fitWidth = new ResizeObserver(([entry]) => {
	if (entry.contentRect.width === fitted) return;
	fitted = entry.contentRect.width;
	fit();
});

const sayBad = list => BAD.map(s => [list.filter(j => j.state === s).length, s]).filter(([n]) => n).map(([n, s]) => n + ' ' + s).join(', ');
const drawTabs = () => {
	const list = $('tab-list'), { tabsAxis, tabs, tab } = layout, had_focus = list.contains(document.activeElement);
	list.hidden = !tabsAxis || !tabs.length;
	list.replaceChildren(...(list.hidden ? [] : tabs.map(t => make('button', {
		type: 'button', role: 'tab', 'aria-selected': String(t === tab), 'aria-controls': 'grid', tabindex: t === tab ? '0' : '-1', onclick: () => openTab(t.value),
	}, labelOf(tabsAxis, t.value) + ' ', make('span', { class: 'soft' }, String(t.jobs.length)), sayBad(t.jobs) ? make('span', { class: 'tab-bad' }, ' · ' + sayBad(t.jobs)) : null))));
	if (had_focus && !list.hidden) list.querySelector('[aria-selected=true]').focus();
};
const drawGrid = () => {
	const had_focus = $('grid').contains(document.activeElement);
	waves.disconnect();
	clipOf.clear();
	placeOf.clear();
	layout = layOut();
	drawTabs();
	$('grid').setAttribute('role', layout.tabsAxis ? 'tabpanel' : 'region');
	$('grid').setAttribute('aria-label', layout.tabsAxis ? labelOf(layout.tabsAxis, layout.tab.value) : 'Clips');
	$('grid').replaceChildren(layout.tab.jobs.length ? make('div', { class: 'scroll' }, makeTable())
		: make('p', { class: 'note' }, jobs.length ? 'No clip is like this. “Show all” takes the filter away.' : 'There are no jobs.'));
	$('shared').hidden = !layout.shared;
	$('shared').replaceChildren('prompt ', make('b', { title: layout.shared }, layout.shared));
	$('count').textContent = layout.n + ' of ' + jobs.length + (layout.tabsAxis && layout.tab.jobs.length !== layout.n ? ', ' + layout.tab.jobs.length + ' in this tab' : '');
	$('clear').hidden = !isFiltered();
	fit();
	if (!placeOf.has(here)) here = layout.tab.jobs.length ? firstClip() : null;
	if (here) clipOf.get(here).tabIndex = 0;
	if (had_focus && here) focusHere();
	showPlaying();
};
const firstClip = () => {
	for (let r = 0; r < layout.rows.length; r++) for (let c = 0; c < layout.cols.length; c++) if (stackAt(r, c).length) return stackAt(r, c)[0];
	return null;
};
// Opens the tab where the job is; false: the filter leaves it out.
const reveal = job => {
	if (!placeOf.has(job) && layout.tabsAxis && matches(job)) openTab(layout.tabsAxis.of(job));
	return placeOf.has(job);
};
const openTab = value => {
	view.tab = value;
	writeAddress();
	drawGrid();
};

// ---- where one is -------------------------------------------------------------------------------------------

const focusHere = () => {
	const clip = clipOf.get(here);
	if (!clip) return;
	clip.focus({ preventScroll: true });
	clip.scrollIntoView({ block: 'nearest', inline: 'nearest' });
};
const goTo = job => {
	if (clipOf.get(here)) clipOf.get(here).tabIndex = -1;
	here = job;
	if (clipOf.get(here)) clipOf.get(here).tabIndex = 0;
	view.job = job.id;
	writeAddress();
	if (!$('details').hidden) showDetails(job);
};
// For each clip of a stack the line of the stack in which it stands: a wide cell has several beside each other.
const linesOf = stack => {
	let line = -1, top = NaN;
	return stack.map(job => {
		const its = clipOf.get(job).offsetTop;
		if (its !== top) line++;
		top = its;
		return line;
	});
};
const cellsFrom = (length, at, step) => Array.from({ length: step > 0 ? length - at - 1 : at }, (_, i) => at + step * (i + 1));
// The clip beside `job`, by how they stand in the window: in its own stack, then in the next cell that has one.
const sideways = (job, step) => {
	const [r, c, k] = placeOf.get(job), stack = stackAt(r, c), lines = linesOf(stack), beside = stack[k + step];
	if (beside && (lines[k + step] === lines[k] || layout.cols.length === 1)) return beside;
	const other = cellsFrom(layout.cols.length, c, step).map(at => stackAt(r, at)).find(s => s.length);
	if (!other) return null;
	const its = linesOf(other), line = Math.min(lines[k], its[its.length - 1]);
	const there = other.filter((_, i) => its[i] === line);
	return step > 0 ? there[0] : there[there.length - 1];
};
const upOrDown = (job, step) => {
	const [r, c, k] = placeOf.get(job), stack = stackAt(r, c), lines = linesOf(stack);
	const far = j => Math.abs(clipOf.get(j).offsetLeft - clipOf.get(job).offsetLeft);
	const nearest = list => list.reduce((best, j) => best && far(best) <= far(j) ? best : j, null);
	const inStack = nearest(stack.filter((_, i) => lines[i] === lines[k] + step));
	if (inStack) return inStack;
	const other = cellsFrom(layout.rows.length, r, step).map(at => stackAt(at, c)).find(s => s.length);
	if (!other) return null;
	const its = linesOf(other);
	return nearest(other.filter((_, i) => its[i] === (step > 0 ? 0 : its[its.length - 1])));
};
// The first or last clip of the row, or of the whole grid.
const endOf = (job, step, whole) => {
	const [r] = placeOf.get(job);
	const all = layout.rows.flatMap((_, at) => whole || at === r ? layout.cols.flatMap((_, c) => stackAt(at, c)) : []);
	return step < 0 ? all[0] : all[all.length - 1];
};
const tabBeside = step => {
	const at = layout.tabs.indexOf(layout.tab) + step;
	if (layout.tabs[at]) openTab(layout.tabs[at].value);
};
// As from cell to cell: to the clip in the same place of the tab beside, where there is one; what plays goes on there.
const stepTab = step => {
	const was = layout, from = here;
	if (!from) return;
	const [r, c, k] = placeOf.get(from);
	tabBeside(step);
	if (layout.rowsAxis !== was.rowsAxis || layout.colsAxis !== was.colsAxis) return;
	const stack = layout.cells.get(was.rows[r] + '\0' + was.cols[c]) || [];
	const alike = stack.filter(j => layout.inCell.every(a => a.of(j) === a.of(from)));
	const there = alike[0] || stack[Math.min(k, stack.length - 1)];
	if (there && there !== from) move(there);
};
// The clip heard before goes on where this one is: A and B, wherever they stand.
const goBack = () => {
	const job = sound.before, at = soundAt();
	if (!job) return;
	if (reveal(job)) {
		goTo(job);
		focusHere();
	}
	playSound(job, at);
};
const neighbours = job => placeOf.has(job) ? [sideways(job, 1), sideways(job, -1), upOrDown(job, 1), upOrDown(job, -1)] : [];

// ---- what plays -----------------------------------------------------------------------------------------------

let shownPlaying = null;
const showPlaying = () => {
	const old = clipOf.get(shownPlaying), now = clipOf.get(sound.job);
	if (old && old !== now) {
		old.classList.remove('current', 'playing');
		old.querySelector('.play').replaceChildren(icon('play'));
		showPlayed(old.querySelector('.wave'), null);
	}
	shownPlaying = sound.job;
	if (now) {
		now.classList.add('current');
		now.classList.toggle('playing', sound.playing);
		now.querySelector('.play').replaceChildren(icon(sound.playing ? 'pause' : 'play'));
		now.querySelector('.play').setAttribute('aria-label', (sound.playing ? 'Pause ' : 'Play ') + sayAxes(sound.job));
	}
	showDeck();
	if (sound.playing && clipOf.has(sound.job)) warmSound(neighbours(sound.job));
};
const showTime = () => {
	const now = clipOf.get(sound.job);
	if (now) showPlayed(now.querySelector('.wave'), sound.job);
	if (sound.job) showDeckTime();
};
const showBroken = job => {
	const clip = clipOf.get(job);
	if (clip && !clip.querySelector('.say')) clip.append(make('p', { class: 'say' }, 'This file cannot be played here: is it still beside the page?'));
};
