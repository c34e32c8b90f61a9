'use strict';
// The jobs of the page and the axes they vary in. Nothing here touches the document but to read the data.
// The data's form is said in report_html_data.c.

const SILENT = -999; // lkfs below: no loudness (silence, or shorter than the meter's 0.4 s)
const BAD = ['failed', 'unknown', 'lost'];

const data = JSON.parse(document.getElementById('data').textContent);
const textOf = i => i < 0 ? undefined : data.texts[i];
const pairsOf = list => {
	const pairs = {};
	for (let i = 0; i < list.length; i += 2) pairs[textOf(list[i])] = textOf(list[i + 1]);
	return pairs;
};

const readFile = ([seconds, lkfs, peak, rate, channels, format, bits, bytes, pcm, sha, arithmetic, peaks]) =>
	({ seconds, lkfs, peak, rate, channels, format: textOf(format), bits, bytes, pcm, sha, arithmetic: textOf(arithmetic), peaks });
const readJob = ([id, state, set, take, path, tags, axes, params, lines, maker, trouble, file, hosted], n) => ({
	n, id, state: textOf(state), set: textOf(set), take, path,
	tags: tags.map(textOf),
	axes: pairsOf(axes),
	params: Object.fromEntries(params.map((v, i) => [data.params[i], textOf(v)]).filter(([, v]) => v !== undefined)),
	lines: lines.map(textOf),
	maker: textOf(maker),
	trouble: trouble ? trouble.map(textOf) : null,
	file: file ? readFile(file) : null,
	paid: hosted ? hosted[0] : '', remote: hosted ? hosted[1] : '',
	url: path.split('/').map(encodeURIComponent).join('/'),
});
const jobs = data.jobs.map(readJob);

// ---- axes: what rows, columns and tabs can be --------------------------------------------------------

const isNumeric = values => values.every(v => v === '' || (v.trim() !== '' && Number.isFinite(Number(v))));
const inOrder = values => isNumeric(values)
	? values.sort((a, b) => (a === '') - (b === '') || Number(a) - Number(b))
	: values.filter(v => v !== '').concat(values.includes('') ? [''] : []);
const valuesIn = (axis, list) => inOrder([...new Set(list.map(axis.of))]);

// kind: 'axis' the manifest's own, 'set', 'take', 'state', or 'param': a parameter that varies without being an axis.
const findAxes = () => {
	const own = new Set(jobs.flatMap(j => Object.keys(j.axes)));
	const built = (name, kind, of) => ({ key: own.has(name) ? '@' + name : name, name, kind, of });
	const covered = p => [...own].some(a => a === p || data.alias[a] === p || a.endsWith('.' + p));
	const all = [
		built('set', 'set', j => j.set),
		...[...own].filter(a => a !== 'take').map(a => ({ key: a, name: a, kind: 'axis', of: j => j.axes[a] ?? '' })),
		{ key: 'take', name: 'take', kind: 'take', of: j => String(j.take) },
		...data.params.filter(p => !covered(p)).map(p => ({ key: p, name: p, kind: 'param', of: j => j.params[p] === undefined ? '' : String(j.params[p]) })),
		built('state', 'state', j => j.state),
	];
	for (const axis of all) axis.values = valuesIn(axis, jobs);
	return all.filter(a => a.values.length > 1);
};
const axes = findAxes();
const promptAxis = axes.find(a => a.key === 'prompt') || null;
// What the free text looks through: names, tags, every value that differs, texts of several words, why it failed.
const varying = new Set(axes.filter(a => a.kind === 'param').map(a => a.key));
for (const job of jobs) {
	const said = Object.entries(job.params).filter(([k, v]) => varying.has(k) || (typeof v === 'string' && v.includes(' '))).map(([, v]) => v);
	job.found = [job.id, job.path, job.set, ...job.tags, ...Object.values(job.axes), ...said, ...(job.trouble || [])].join('\n').toLowerCase();
}
const axisOf = key => axes.find(a => a.key === key) || null;
// "row.genre" is told as "genre" where no other axis ends so.
const lastPart = name => name.slice(name.lastIndexOf('.') + 1);
for (const axis of axes) axis.short = axes.some(a => a !== axis && lastPart(a.name) === lastPart(axis.name)) ? axis.name : lastPart(axis.name);
// A text that turns the direction of writing is kept from turning what stands beside it (U+2068, U+2069: isolate).
const TURNS = /[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufefc]/;
const alone = text => TURNS.test(text) ? '\u2068' + text + '\u2069' : text;
const labelOf = (axis, value) => axis.kind === 'set' ? alone(value) || 'no set' : axis.short + ' ' + (value === '' ? '–' : alone(value));

// ---- which axes go where unless someone chooses --------------------------------------------------------

const TABS_MAX = 24;    // more tabs than this are no overview
const COLUMNS_MAX = 12; // takes and seeds beyond this stay stacked in the cells
const LAST = ['seed', 'take'];
const isLast = axis => LAST.includes(axis.name);

// The manifest's axes that vary in these jobs, most values first, seeds and takes last. "tempo.bpm" and "tempo.key"
// move together: one of them, or their label "tempo", stands for all.
const freeAxes = list => {
	const vary = axes.filter(a => a.kind === 'axis' || a.kind === 'take').map(axis => ({ axis, n: new Set(list.map(axis.of)).size })).filter(v => v.n > 1);
	const groups = new Set();
	const one = vary.filter(({ axis }) => {
		const base = axis.name.split('.')[0];
		return !groups.has(base) && groups.add(base);
	});
	return one.sort((a, b) => isLast(a.axis) - isLast(b.axis) || b.n - a.n).map(v => v.axis);
};

const defaultTabs = () => {
	const sets = axes.find(a => a.kind === 'set');
	if (sets) return sets.values.length <= TABS_MAX && sets.values.some(s => freeAxes(jobs.filter(j => j.set === s)).length) ? sets : null;
	const third = freeAxes(jobs)[2];
	return third && !isLast(third) && third.values.length <= TABS_MAX ? third : null;
};
// list: the jobs of one tab. taken: the axes chosen for other places. Without an axis a parameter that differs will do, not
// beside a side that someone chose: random seeds would make columns of one clip each.
const defaultSides = (list, taken, is_chosen) => {
	const free = freeAxes(list).filter(a => !taken.includes(a));
	const sets = axes.find(a => a.kind === 'set');
	if (sets && !taken.includes(sets) && new Set(list.map(sets.of)).size > 1) free.unshift(sets);
	if (!free.length && !is_chosen) free.push(...axes.filter(a => a.kind === 'param' && !taken.includes(a) && new Set(list.map(a.of)).size > 1).slice(0, 1));
	const [rows = null, second = null] = free;
	const cols = second && isLast(second) && second.values.length > COLUMNS_MAX ? null : second;
	return { rows, cols };
};
