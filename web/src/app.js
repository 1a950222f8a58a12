// What HTML can't say. Every page works without this file: links, forms, <details> and <dialog> do the rest.
const inText = (target) => target.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const PLACES = { i: "/", f: "/sites", p: "/proposals", r: "/rollouts", s: "/snapshots", a: "/audit" };

document.addEventListener("click", (event) => {
	const opener = event.target.closest("[data-open]");
	if (opener) {
		const dialog = document.getElementById(opener.dataset.open);
		if (dialog?.showModal) {
			dialog.showModal();
			event.preventDefault();
		}
	}
	for (const menu of document.querySelectorAll("details.menu[open]")) {
		if (!menu.contains(event.target)) menu.open = false;
	}
});

let waitsForPlace = 0;
document.addEventListener("keydown", (event) => {
	if (event.key === "Escape") {
		for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
		return;
	}
	if (document.documentElement.dataset.keys === "off" || document.querySelector("dialog[open]")) return;
	if ((event.ctrlKey || event.metaKey) && event.key === "k") {
		document.getElementById("jump")?.focus();
		event.preventDefault();
		return;
	}
	if (inText(event.target) || event.metaKey || event.ctrlKey || event.altKey) return;
	if (Date.now() - waitsForPlace < 1500 && event.key in PLACES) {
		waitsForPlace = 0;
		location.assign(PLACES[event.key]);
		return;
	}
	waitsForPlace = event.key === "g" ? Date.now() : 0;
	const rows = [...document.querySelectorAll(".grid tbody input[type=checkbox]")];
	const stops = rows.length ? rows : [...document.querySelectorAll(".grid tbody th a")];
	const at = stops.indexOf(document.activeElement);
	if (event.key === "/") document.getElementById("jump")?.focus();
	else if (event.key === "?") location.assign("/help/keys");
	// Only ever brings the form into view: no single key decides anything (CONSOLE 3.1.7).
	else if (event.key === "a") document.querySelector("#decision :is(input:not([type=hidden]), textarea, button)")?.focus();
	else if (stops.length && event.key === "j") stops[Math.min(at + 1, stops.length - 1)].focus();
	else if (stops.length && event.key === "k") stops[Math.max(at - 1, 0)].focus();
	else if (rows.length && at >= 0 && event.key === "x") rows[at].click();
	else return;
	event.preventDefault();
});

// An error that came back with a form is read out and reached first.
document.addEventListener("htmx:after:swap", () => document.querySelector("main [data-focus]")?.focus());
document.querySelector("main [data-focus]")?.focus();

// Ages go on while the page is open; the words are those of the server (pages.py).
const STEPS = [[86400, "d"], [3600, "h"], [60, "min"]];
const aged = (seconds) => {
	const far = Math.abs(seconds), step = STEPS.find(([size]) => far >= size);
	const words = step ? `${Math.floor(far / step[0])} ${step[1]}` : `${Math.floor(far)} s`;
	return seconds < 0 ? `in ${words}` : `${words} ago`;
};
setInterval(() => {
	for (const time of document.querySelectorAll("time[data-ago]")) {
		time.textContent = aged((Date.now() - Date.parse(time.dateTime)) / 1000);
	}
}, 20000);

// A yes whose time runs out while its page is open goes, and the page says so; counted from the server's clock, which refuses it anyway.
for (const over of document.querySelectorAll("[data-left]")) {
	setTimeout(() => {
		for (const yes of over.closest("form").querySelectorAll("[data-yes]")) yes.remove();
		over.hidden = false;
	}, over.dataset.left * 1000);
}

// "Live" says so only while it is: the stream's own events and the network's.
const live = (words, kind) => {
	for (const mark of document.querySelectorAll(".live")) {
		mark.dataset.state = kind;
		mark.textContent = words;
	}
};
document.addEventListener("htmx:sse:after:message", () => live(`Live, ${new Date().toLocaleTimeString()}`, "live"));
document.addEventListener("htmx:sse:error", () => live("Reconnecting; what you see may be old", "lost"));
addEventListener("offline", () => live("You are offline; what you see is old", "lost"));

// Without an answer of ours nothing on the page is new and nothing that is sent arrives: said at once, and taken back when an answer comes.
const lost = document.getElementById("lost");
let asking = false;
const answers = () => fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(5000) }).then((answer) => answer.ok, () => false);
const ask = async () => {
	if (asking || !lost) return;
	asking = true;
	while (!(await answers())) {
		if (lost.hidden) {
			lost.querySelector("time").textContent = new Date().toLocaleTimeString();
			lost.hidden = false;
		}
		await new Promise((again) => { setTimeout(again, 3000); });
	}
	lost.hidden = true;
	asking = false;
};
for (const sign of ["htmx:error", "htmx:response:error", "htmx:sse:error"]) document.addEventListener(sign, ask);
addEventListener("offline", ask);
addEventListener("online", ask);
