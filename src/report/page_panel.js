// The pieces that tell of one clip: its wave, its words, the panel of details, the deck at the foot.

const $ = id => document.getElementById(id);
const make = (tag, attributes, ...children) => {
	const e = document.createElement(tag);
	for (const [k, v] of Object.entries(attributes || {}))
		if (k.startsWith('on')) e[k] = v;
		else if (v !== null && v !== undefined && v !== false) e.setAttribute(k, v === true ? '' : v);
	e.append(...children.filter(c => c !== null && c !== undefined));
	return e;
};
const SVG = 'http://www.w3.org/2000/svg';
const draw = (view_box, attributes, ...paths) => {
	const s = document.createElementNS(SVG, 'svg');
	for (const [k, v] of Object.entries({ viewBox: view_box, 'aria-hidden': 'true', ...attributes })) s.setAttribute(k, v);
	for (const d of paths) {
		const p = document.createElementNS(SVG, 'path');
		p.setAttribute('d', d);
		s.append(p);
	}
	return s;
};
const ICON = { play: 'M4 2v12l10-6z', pause: 'M3.5 2H7v12H3.5zM9 2h3.5v12H9z', close: 'M3 3l10 10M13 3L3 13' };
const icon = name => draw('0 0 16 16', { class: 'icon-' + name }, ICON[name]);

// ---- words ------------------------------------------------------------------------------------------------

const minus = text => text.replace('-', '−');
const sayLoudness = file => file.lkfs > SILENT ? minus(file.lkfs.toFixed(1)) + ' LKFS' : file.peak === 0 ? 'silent' : 'no loudness';
const saySeconds = s => s < 60 ? s.toFixed(1) + ' s' : Math.floor(s / 60) + ':' + String(Math.floor(s % 60)).padStart(2, '0');
const sayBytes = n => n < 1024 ? n + ' B' : n < 1 << 20 ? (n / 1024).toFixed(1) + ' KiB' : (n / (1 << 20)).toFixed(1) + ' MiB';
const WHY = {
	pending: 'not made yet', submitting: 'being submitted', running: 'being made', made: 'made, not yet settled',
	failed: 'failed', unknown: 'unknown: perhaps made and paid for, nobody knows; the next run looks again', lost: 'lost: its file is gone, here and at the service', superseded: 'no longer in the manifest',
};
const sayAxes = job => axes.filter(a => (a.kind === 'take' ? Object.hasOwn(job.axes, 'take') : ['set', 'axis'].includes(a.kind)) && a.of(job) !== '').map(a => labelOf(a, a.of(job))).join(' · ') || job.path;
const sayClip = job => [sayAxes(job), job.state, job.file ? saySeconds(job.file.seconds) + ', ' + sayLoudness(job.file) : WHY[job.state],
	job.trouble && job.state !== 'done' ? job.trouble.join(': ') : ''].filter(Boolean).join(', ');

// ---- the wave: n bars of the largest sample, drawn twice, the second as far as has been played ------------------

const wavePaths = new Map();
const wavePath = (peaks, n) => {
	const bytes = atob(peaks);
	let d = '';
	for (let i = 0; i < n; i++) {
		let top = 0;
		for (let k = Math.floor(i * bytes.length / n); k < Math.floor((i + 1) * bytes.length / n); k++) top = Math.max(top, bytes.charCodeAt(k));
		const h = Math.max(.7, top / 255 * 19);
		d += 'M' + i + '.15 ' + (20 - h).toFixed(1) + 'h.7v' + (2 * h).toFixed(1) + 'h-.7z';
	}
	return d;
};
const drawWave = (box, job, n) => {
	const d = wavePath(job.file.peaks, n);
	const view_box = '0 0 ' + n + ' 40', whole = { preserveAspectRatio: 'none' };
	box.replaceChildren(draw(view_box, { ...whole, class: 'wave-all' }, d), draw(view_box, { ...whole, class: 'wave-played' }, d));
};
const seekByClick = (box, job) => e => {
	const r = box.getBoundingClientRect();
	seekSound(job, (e.clientX - r.left) / r.width * job.file.seconds);
};
const showPlayed = (box, job) => box.style.setProperty('--at', job && job.file && sound.job === job ? 100 * soundAt() / job.file.seconds + '%' : '0%');

// ---- copying: from disk a browser may refuse its clipboard; then the text is selected for Ctrl+C -------------------

const copyText = async (pre, button) => {
	const said = button.textContent;
	const tell = text => { button.textContent = text; setTimeout(() => { button.textContent = said; }, 2000); };
	const select = () => { const s = getSelection(); s.removeAllRanges(); const r = document.createRange(); r.selectNodeContents(pre); s.addRange(r); };
	try {
		await navigator.clipboard.writeText(pre.textContent);
		tell('Copied');
	} catch {
		select();
		tell(document.execCommand('copy') ? 'Copied' : 'Selected: Ctrl+C');
	}
};
const copyBlock = (title, text) => {
	const pre = make('pre', { tabindex: '0' }, text);
	const button = make('button', { class: 'plain copy', type: 'button' }, 'Copy');
	button.onclick = () => copyText(pre, button);
	return make('section', { class: 'block' }, make('div', { class: 'block-head' }, make('h3', {}, title), button), pre);
};

// ---- details ----------------------------------------------------------------------------------------------

// As a shell reads it back: words of harmless characters stand bare.
const shellWord = word => /^[\w@%+=:,.\/-]+$/.test(word) ? word : "'" + word.replaceAll("'", "'\\''") + "'";
// The output folder that a run's --output named, which is where this page lies; null: the manifest's own.
const folderHere = () => !data.has_output ? null : location.protocol === 'file:' ? shellWord(decodeURIComponent(location.pathname).replace(/\/[^/]*$/, '') || '/') : 'DIR';
// What makes the clip again in its place. One that a service made, or perhaps did, is paid for a second time, which is asked for by name.
const commandsFor = job => {
	const manifest = shellWord(data.manifest), folder = folderHere();
	const run = 'mgbatch run' + data.run_options + (folder ? ' --output ' + folder : '') + ' ' + manifest;
	const of = verb => 'mgbatch ' + verb + (folder ? ' ' + folder : data.find_options + ' ' + manifest) + ' ' + job.id;
	const pays = ['unknown', 'lost'].includes(job.state) || (job.state === 'done' && job.remote);
	const retry = of('retry') + (pays ? ' --pay-again' : '');
	const again = { done: [retry, run], failed: [retry, run], unknown: [retry, run], lost: [retry, run], superseded: [] }[job.state] || [run];
	return [...again, of('show')].join('\n');
};
const listOf = pairs => make('dl', { class: 'pairs' }, ...pairs.filter(([, v]) => v !== '' && v !== undefined && v !== null).map(([k, v]) =>
	make('div', {}, make('dt', {}, k), make('dd', {}, v instanceof Node ? v : String(v)))));
const fileFacts = (job, f) => [
	['File', make('a', { href: job.url, class: 'path' }, job.path)],
	['Length', f.seconds.toFixed(3) + ' s'], ['Loudness', sayLoudness(f)], ['Peak', f.peak.toFixed(4)],
	['Played at', hasLoudness(job) ? minus(gainOf(job).toFixed(1)) + ' dB' : ''],
	['Sound', f.rate + ' Hz, ' + (f.channels === 1 ? 'mono' : f.channels === 2 ? 'stereo' : f.channels + ' channels')],
	['Format', f.format + (f.bits ? ', ' + f.bits + ' bit, ' : ', ') + sayBytes(f.bytes)],
	['Samples', make('code', {}, f.pcm)], ['File hash', make('code', {}, f.sha)], ['Arithmetic', f.arithmetic],
];
const showDetails = job => {
	const panel = $('details');
	const close = make('button', { class: 'plain close', type: 'button', 'aria-label': 'Close the details', onclick: closeDetails }, icon('close'));
	const others = Object.entries(job.axes).filter(([k]) => !Object.hasOwn(job.params, k) && !Object.hasOwn(job.params, data.alias[k] || ''));
	panel.replaceChildren(
		make('div', { class: 'details-head' }, make('h2', {}, sayAxes(job)), close),
		make('p', { class: 'state-line' }, make('span', { class: 'state state-' + job.state }, job.state), ' ', [undefined, job.state].includes(WHY[job.state]) ? '' : WHY[job.state]),
		job.trouble && job.state !== 'done' ? make('p', { class: 'say' }, make('b', {}, job.trouble[0]), ': ', job.trouble[1]) : '',
		make('h3', {}, 'Parameters'), listOf(Object.entries(job.params)),
		others.length || job.tags.length ? make('h3', {}, 'In the manifest') : '',
		listOf([...others, ['set', job.set], ['take', job.take > 1 ? job.take : ''], ['tags', job.tags.join(', ')]]),
		make('h3', {}, job.file ? 'The file' : 'The job'),
		listOf([...(job.file ? fileFacts(job, job.file) : [['File', job.path]]), ['Job', make('code', {}, job.id)], ['Made by', make('code', {}, job.maker)],
			['Paid', job.paid], ['At the service', job.remote && make('code', {}, job.remote)]]),
		copyBlock(job.state === 'superseded' ? 'Command' : 'Commands that make it again', commandsFor(job)),
		job.lines.length ? copyBlock('A manifest that makes this one clip', job.lines.join('\n') + '\n')
			: make('p', { class: 'soft' }, 'Its manifest is too long for this page: mgbatch show prints it.'));
	panel.scrollTop = 0;
	panel.hidden = false;
	document.body.classList.add('with-details');
};
const closeDetails = () => {
	const had = $('details').contains(document.activeElement);
	$('details').hidden = true;
	document.body.classList.remove('with-details');
	if (had) focusHere();
};

// ---- the deck -----------------------------------------------------------------------------------------------

let inDeck = null;
const showDeck = () => {
	const job = sound.job;
	if (!job) return;
	$('deck').hidden = false;
	document.body.classList.add('with-deck');
	$('deck-play').replaceChildren(icon(sound.playing ? 'pause' : 'play'));
	$('deck-play').setAttribute('aria-label', sound.playing ? 'Pause' : 'Play');
	if (inDeck !== job) {
		inDeck = job;
		$('deck-name').textContent = sayAxes(job);
		drawWave($('deck-wave'), job, 200);
		$('deck-wave').onclick = seekByClick($('deck-wave'), job);
	}
	showDeckTime();
};
const showDeckTime = () => {
	const job = sound.job, gain = gainOf(job);
	$('deck-time').textContent = soundAt().toFixed(1) + ' / ' + job.file.seconds.toFixed(1) + ' s' +
		(job.broken ? ' · cannot be played here: is the file still beside this page?' : gain < -.05 ? ' · ' + minus(gain.toFixed(1)) + ' dB' : '');
	showPlayed($('deck-wave'), job);
};
