// What is shown: the axes chosen and the filter. It lives in the address after '#', so that a view can be kept and sent.

const NONE = '-'; // in the address: no axis here, though there would be one
const states = [...new Set(jobs.map(j => j.state))];
const usualStates = states.filter(s => s !== 'superseded').length ? states.filter(s => s !== 'superseded') : states;
const tags = [...new Set(jobs.flatMap(j => j.tags))].sort();
const sets = [...new Set(jobs.map(j => j.set))];

// rows, cols, tabs: an axis' key, NONE, or '' for the default. tab: the value of the open tab, null: the first.
const emptyView = () => ({ rows: '', cols: '', tabs: '', tab: null, text: '', set: null, tag: null, states: usualStates, job: '', level: true });
let view = emptyView();

const writeAddress = () => {
	const p = new URLSearchParams();
	for (const name of ['rows', 'cols', 'tabs', 'text', 'job']) if (view[name]) p.set(name, view[name]);
	for (const name of ['tab', 'set', 'tag']) if (view[name] !== null) p.set(name, view[name]);
	if (String(view.states) !== String(usualStates)) p.set('state', view.states.join(','));
	if (!view.level) p.set('level', 'files');
	try {
		history.replaceState(null, '', '#' + p);
	} catch { // a browser may allow only so many a second; a key held down gives more, and the next one tells it again
	}
};
// Anything may stand in an address: only what this page has is taken.
const readAddress = () => {
	const p = new URLSearchParams(location.hash.slice(1));
	const known = (name, list) => p.has(name) && list.includes(p.get(name)) ? p.get(name) : null;
	const keys = [NONE, ...axes.map(a => a.key)];
	view = Object.assign(emptyView(), {
		rows: known('rows', keys) || '', cols: known('cols', keys) || '', tabs: known('tabs', keys) || '',
		tab: p.get('tab'), text: p.get('text') || '', set: known('set', sets), tag: known('tag', tags),
		job: known('job', jobs.map(j => j.id)) || '', level: p.get('level') !== 'files',
	});
	if (p.has('state')) view.states = states.filter(s => p.get('state').split(',').includes(s));
};

const matches = job => view.states.includes(job.state) && (view.set === null || job.set === view.set) &&
	(view.tag === null || job.tags.includes(view.tag)) &&
	view.text.toLowerCase().split(/\s+/).every(word => job.found.includes(word));
const isFiltered = () => view.text.trim() !== '' || view.set !== null || view.tag !== null || String(view.states) !== String(usualStates);

// ---- the layout that a view means ---------------------------------------------------------------------

const chosen = (place, fallback) => view[place] === NONE ? null : view[place] ? axisOf(view[place]) : fallback;

// { tabsAxis, tabs: [{value, jobs}], tab, rowsAxis, colsAxis, rows, cols, cells: Map "row\0col" -> jobs,
//   inCell: axes told in each clip, inRow, inCol: those told once, in the heading, shared: those that all clips of the tab have in common }
const layOut = () => {
	const shown = jobs.filter(matches);
	const named = [axisOf(view.rows), axisOf(view.cols)];
	const byDefault = defaultTabs();
	const tabsAxis = chosen('tabs', named.includes(byDefault) ? null : byDefault);
	const tabs = (tabsAxis ? tabsAxis.values : ['']).map(value => ({ value, jobs: tabsAxis ? shown.filter(j => tabsAxis.of(j) === value) : shown })).filter(t => t.jobs.length);
	const tab = tabs.find(t => t.value === view.tab) || tabs[0] || { value: '', jobs: [] };
	// The defaults look at all jobs of the tab, so that filtering does not turn the grid around.
	const all = tabsAxis ? jobs.filter(j => tabsAxis.of(j) === tab.value) : jobs;
	const sides = defaultSides(all, [tabsAxis, ...named].filter(Boolean), named.some(Boolean));
	if (view.rows && !view.cols && view.rows !== NONE) [sides.cols] = [sides.rows];
	const inUse = axis => axis && axis !== tabsAxis && tab.jobs.some(j => axis.of(j) !== '') ? axis : null;
	const rowsAxis = inUse(chosen('rows', sides.rows));
	let colsAxis = inUse(chosen('cols', sides.cols));
	if (colsAxis === rowsAxis) colsAxis = null;
	const at = (axis, job) => axis ? axis.of(job) : '';
	const cells = new Map();
	for (const job of tab.jobs) {
		const key = at(rowsAxis, job) + '\0' + at(colsAxis, job);
		if (!cells.has(key)) cells.set(key, []);
		cells.get(key).push(job);
	}
	const told = followers(tab.jobs, [tabsAxis, rowsAxis, colsAxis]);
	const used = axis => axis ? valuesIn(axis, tab.jobs).sort((a, b) => axis.values.indexOf(a) - axis.values.indexOf(b)) : [''];
	return { n: shown.length, tabsAxis, tabs, tab, rowsAxis, colsAxis, rows: used(rowsAxis), cols: used(colsAxis), cells,
		...told, inCell: axesInCells([...cells.values()], tab.jobs, [tabsAxis, rowsAxis, colsAxis, ...told.inRow, ...told.inCol]) };
};
// What a row's or a column's value decides, as a table's label decides its style and key, and a line of captions its prompt.
const decides = (lead, axis, list) => {
	const its = new Map();
	return list.every(j => its.get(lead.of(j)) === undefined ? (its.set(lead.of(j), axis.of(j)), true) : its.get(lead.of(j)) === axis.of(j));
};
const followers = (list, placed) => {
	const [, rowsAxis, colsAxis] = placed;
	const open = axes.filter(a => !placed.includes(a) && (a.kind === 'axis' || a === promptAxis) && new Set(list.map(a.of)).size > 1);
	const inRow = rowsAxis ? open.filter(a => decides(rowsAxis, a, list)) : [];
	const inCol = colsAxis ? open.filter(a => !inRow.includes(a) && decides(colsAxis, a, list)) : [];
	const prompts = new Set(list.map(j => j.params.prompt));
	return { inRow, inCol, shared: prompts.size === 1 ? [...prompts][0] || '' : '' };
};
// What tells the clips of one cell apart: the manifest's axes that are in no other place, else parameters that differ there.
const axesInCells = (stacks, list, placed) => {
	const varies = (axis, among) => !placed.includes(axis) && new Set(among.map(axis.of)).size > 1;
	const own = axes.filter(a => ['axis', 'take', 'set'].includes(a.kind) && varies(a, list));
	const apart = own.filter(a => !own.some(b => b !== a && a.name.startsWith(b.name + '.')));
	const params = axes.filter(a => a.kind === 'param' && stacks.some(s => varies(a, s)));
	return apart.length ? apart.concat(params.filter(a => a === promptAxis)) : params.slice(0, 2);
};
