// The keyboard. Inputs and lists keep their own keys. The grid's keys work in the grid and the player; where nothing has
// the focus the arrows lead into the grid, and once something has played the others work there too.

const SECOND = 1; // what ',' and '.' step

const move = job => {
	if (!job) return;
	goTo(job);
	focusHere();
	moveSound(job);
};
const escape = () => {
	if (!$('details').hidden) closeDetails();
	else if (sound.job) stopSound();
};
const step = seconds => { if (sound.job) seekSound(sound.job, soundAt() + seconds); };
const toggleLevel = () => {
	if (!$('level').disabled) $('level').click();
};

const anywhere = {
	'Escape': escape,
	'?': () => $('keys').showModal(),
	'/': () => $('text').focus(),
	'[': () => stepTab(-1),
	']': () => stepTab(1),
	'b': () => goBack(),
	',': () => step(-SECOND),
	'.': () => step(SECOND),
	'l': toggleLevel,
	'd': () => { if (!$('details').hidden) closeDetails(); else if (here) showDetails(here); },
};
const inGrid = {
	'ArrowRight': () => move(sideways(here, 1)),
	'ArrowLeft': () => move(sideways(here, -1)),
	'ArrowDown': () => move(upOrDown(here, 1)),
	'ArrowUp': () => move(upOrDown(here, -1)),
	'Home': e => move(endOf(here, -1, e.ctrlKey)),
	'End': e => move(endOf(here, 1, e.ctrlKey)),
	'PageUp': () => stepTab(-1),
	'PageDown': () => stepTab(1),
	' ': () => toggleSound(here),
	'Enter': () => toggleSound(here),
};
const onKey = e => {
	const on = e.target;
	if (e.altKey || e.metaKey || (e.ctrlKey && !['Home', 'End'].includes(e.key)) || $('keys').open) return;
	if (on.matches('input:not([type=checkbox]), select, textarea')) {
		if (e.key === 'Escape' && on === $('text') && !on.value) on.blur();
		if (e.key === 'Enter' && on === $('text')) {
			choose({ text: on.value });
			focusHere();
		}
		return;
	}
	if (on.matches('[role=tab]') && ['ArrowLeft', 'ArrowRight'].includes(e.key)) {
		e.preventDefault();
		tabBeside(e.key === 'ArrowRight' ? 1 : -1);
		$('tab-list').querySelector('[aria-selected=true]').focus();
		return;
	}
	const isButton = on.closest('button, a, pre, [type=checkbox]') && [' ', 'Enter'].includes(e.key);
	const isNowhere = on === document.body && here;
	if (isNowhere && !sound.job && e.key.startsWith('Arrow')) {
		e.preventDefault();
		focusHere();
		return;
	}
	const isHere = here && ($('grid').contains(on) || $('deck').contains(on) || (isNowhere && sound.job));
	const act = anywhere[e.key] || (isHere && !isButton && inGrid[e.key]);
	if (!act) return;
	e.preventDefault();
	act(e);
};
