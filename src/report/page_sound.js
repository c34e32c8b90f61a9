// Sound: one clip at a time, made when it is first wanted, its neighbours loaded ahead.
//
// Same loudness: a clip is turned down to the loudness of the quietest one (the ledger's LKFS, ITU-R BS.1770), never up:
// a page opened from disk may not put its own gain behind a player, only set the player's volume, which ends at 1.

const KEPT = 8;      // players kept ready; a browser has a few dozen in all
const SOFTEST = 20;  // dB that a clip is turned down at most: below, the rest would be too soft to compare with

const hasLoudness = job => job.file && job.file.lkfs > SILENT;
const loudnesses = jobs.filter(hasLoudness).map(j => j.file.lkfs);
const loudest = loudnesses.reduce((a, b) => Math.max(a, b), -Infinity);
const target = loudnesses.filter(l => l >= loudest - SOFTEST).reduce((a, b) => Math.min(a, b), Infinity);
// dB, 0 or less
const gainOf = job => view.level && hasLoudness(job) ? Math.min(0, target - job.file.lkfs) : 0;
const volumeOf = job => 10 ** (gainOf(job) / 20);
const canSetVolume = (() => {
	const probe = new Audio();
	probe.volume = .5;
	return probe.volume === .5; // phones by Apple leave it to their buttons
})();

// job: the clip in the deck; before: the one that played before it; at: where it was paused or would go on, s. onChange, onTime, onBroken: what the page shows of it.
const sound = { job: null, before: null, playing: false, at: 0, onChange() {}, onTime() {}, onBroken() {} };
const players = new Map(); // job -> Audio, the latest used last

const playerOf = job => {
	let audio = players.get(job);
	if (audio) players.delete(job);
	else {
		audio = new Audio();
		audio.preload = 'auto';
		audio.src = job.url;
		audio.onended = () => { if (sound.job === job) { sound.playing = false; sound.at = 0; audio.currentTime = 0; sound.onChange(); } };
		audio.onerror = () => { job.broken = true; if (sound.job === job) { sound.playing = false; sound.onBroken(job); sound.onChange(); } };
	}
	players.set(job, audio);
	for (const [old, its] of players) {
		if (players.size <= KEPT) break;
		if (old === job || old === sound.job) continue;
		its.onerror = its.onended = null;
		its.removeAttribute('src');
		its.load();
		players.delete(old);
	}
	return audio;
};
const soundAt = () => sound.job && sound.playing && players.has(sound.job) ? players.get(sound.job).currentTime : sound.at;

let frame = 0;
const follow = () => {
	sound.onTime();
	frame = sound.playing ? requestAnimationFrame(follow) : 0;
};
const pauseSound = () => {
	if (sound.job && players.has(sound.job)) {
		sound.at = soundAt();
		sound.playing = false;
		players.get(sound.job).pause();
	}
	sound.playing = false;
	sound.onChange();
};
const playSound = (job, at) => {
	if (!job.file) return;
	if (job.broken) { // looked for again: it may be back
		players.delete(job);
		job.broken = false;
	}
	if (sound.job && sound.job !== job && players.has(sound.job)) players.get(sound.job).pause();
	const audio = playerOf(job);
	const start = at < job.file.seconds ? at : 0;
	Object.assign(sound, { job, before: sound.job && sound.job !== job ? sound.job : sound.before, playing: true, at: start });
	audio.volume = volumeOf(job);
	if (Math.abs(audio.currentTime - start) > .001) audio.currentTime = start;
	audio.play().catch(e => { if (sound.job === job && sound.playing && e.name !== 'AbortError') { sound.playing = false; sound.onChange(); } });
	sound.onChange();
	if (!frame) follow();
};
const toggleSound = job => {
	if (sound.job === job && sound.playing) pauseSound();
	else playSound(job, sound.job === job ? sound.at : 0);
};
const seekSound = (job, seconds) => {
	const at = Math.max(0, Math.min(seconds, job.file.seconds - .01));
	if (sound.job === job && !sound.playing) {
		sound.at = at;
		sound.onTime();
	}
	else playSound(job, at);
};
// Goes over to another clip at the same place. Over one without a file the place is kept for the next.
const moveSound = job => {
	if (!sound.playing && !sound.held) return;
	const at = soundAt();
	if (job.file) {
		sound.held = false;
		playSound(job, at);
	} else {
		pauseSound();
		sound.held = true;
	}
};
const stopSound = () => {
	pauseSound();
	sound.at = 0;
	sound.held = false;
	sound.onTime();
};
const warmSound = list => { for (const job of list) if (job && job.file && !job.broken && !players.has(job)) playerOf(job); };
const setLevel = on => {
	view.level = on;
	for (const [job, audio] of players) audio.volume = volumeOf(job);
};
