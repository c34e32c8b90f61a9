// The tools above the grid, and the start.

const fillAxes = () => {
	for (const place of ['rows', 'cols', 'tabs']) {
		const group = (label, kinds) => {
			const list = axes.filter(a => kinds.includes(a.kind));
			return list.length ? make('optgroup', { label }, ...list.map(a => new Option(a.name + ' (' + a.values.length + ')', a.key))) : null;
		};
		$(place).append(new Option('auto', ''), new Option('none', NONE),
			...[group('axes', ['set', 'axis', 'take']), group('parameters', ['param']), group('outcome', ['state'])].filter(Boolean));
		$(place).onchange = () => choose({ [place]: $(place).value, ...(place === 'tabs' ? { tab: null } : {}) });
	}
	$('axes').hidden = !axes.length;
};
const fillFilter = () => {
	const fill = (id, list, name) => {
		$(id).append(new Option('any', ''), ...list.map((v, i) => new Option(name(v), String(i + 1))));
		$(id).onchange = () => choose({ [id]: $(id).value ? list[$(id).value - 1] : null });
		$(id + '-tool').hidden = !list.length;
	};
	fill('set', sets.length > 1 ? sets : [], s => s || 'no set');
	fill('tag', tags, t => t);
	$('states').append(...states.map(state => {
		const box = make('input', { type: 'checkbox', value: state });
		box.onchange = () => choose({ states: states.filter(s => $('states').querySelector('[value=' + s + ']').checked) });
		return make('label', { class: 'state-choice state-' + state }, box, make('span', {}, state + ' '), make('span', { class: 'n' }, String(jobs.filter(j => j.state === state).length)));
	}));
	let wait = 0;
	$('text').oninput = () => {
		clearTimeout(wait);
		wait = setTimeout(() => choose({ text: $('text').value }), 120); // a redraw a word, not a letter
	};
	$('clear').onclick = () => choose({ text: '', set: null, tag: null, states: usualStates });
};
// The tools say what the view is, however it came about.
const showView = () => {
	const place = { rows: layout.rowsAxis, cols: layout.colsAxis, tabs: layout.tabsAxis };
	for (const id of ['rows', 'cols', 'tabs']) {
		$(id).value = view[id];
		$(id).options[0].textContent = view[id] ? 'auto' : (place[id] ? place[id].name : 'none') + ' (auto)';
	}
	if ($('text').value !== view.text) $('text').value = view.text;
	$('set').value = view.set === null ? '' : String(sets.indexOf(view.set) + 1);
	$('tag').value = view.tag === null ? '' : String(tags.indexOf(view.tag) + 1);
	for (const box of $('states').querySelectorAll('input')) box.checked = view.states.includes(box.value);
	$('level').checked = view.level;
	showLevel();
};
const showLevel = () => {
	const say = !loudnesses.length ? 'No clip here has a loudness: each is silent or shorter than 0.4 s.'
		: !canSetVolume ? 'This browser does not let a page set the volume.'
		: view.level ? 'Clips are turned down to the quietest, ' + minus(target.toFixed(1)) + ' LKFS, by ' + SOFTEST + ' dB at most; silent ones are as they are.'
		: 'Clips play as loud as their files are.';
	$('level').disabled = !loudnesses.length || !canSetVolume;
	$('level-note').textContent = say;
};
const choose = change => {
	Object.assign(view, change);
	writeAddress();
	drawGrid();
	showView();
};

const start = () => {
	readAddress();
	fillAxes();
	fillFilter();
	Object.assign(sound, { onChange: showPlaying, onTime: showTime, onBroken: showBroken });
	$('level').onchange = () => {
		setLevel($('level').checked);
		writeAddress();
		showLevel();
		showTime();
	};
	$('show-keys').onclick = () => $('keys').showModal();
	$('deck-play').onclick = () => toggleSound(sound.job);
	$('deck-details').onclick = () => showDetails(sound.job);
	// Whatever of a clip is touched, one is there then; what plays goes on, unless its button was meant.
	$('grid').addEventListener('focusin', e => {
		const clip = e.target.closest('.clip');
		if (clip && clip.job !== here) goTo(clip.job);
	});
	$('grid').addEventListener('click', e => {
		const clip = e.target.closest('.clip');
		if (clip) clip.focus({ preventScroll: true });
	});
	document.addEventListener('keydown', onKey);
	fitWidth.observe($('grid'));
	addEventListener('hashchange', () => { readAddress(); drawGrid(); showView(); goToAddress(); });
	$('tools').hidden = !jobs.length;
	$('fold').onclick = () => foldTools($('tools').classList.contains('open'));
	drawGrid();
	showView();
	goToAddress();
	foldTools(!isFiltered());
};
// On a phone the tools stand behind a button (page.css), for the clips are what one came for.
const foldTools = is_folded => {
	$('tools').classList.toggle('open', !is_folded);
	$('fold').setAttribute('aria-expanded', String(!is_folded));
};
// "#job=.." in the address: that clip is opened, in the tab where it is.
const goToAddress = () => {
	const job = jobs.find(j => j.id === view.job);
	if (!job || !reveal(job)) return;
	goTo(job);
	focusHere();
};
start();
