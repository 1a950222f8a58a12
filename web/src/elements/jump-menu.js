// The search in the top bar: arrow keys walk through what the server found, Esc closes it.
customElements.define("jump-menu", class extends HTMLElement {
	connectedCallback() {
		this.addEventListener("keydown", (event) => this.walked(event));
		this.addEventListener("focusout", (event) => { if (!this.contains(event.relatedTarget)) this.close(); });
		this.addEventListener("focusin", () => this.shown());
		new MutationObserver(() => this.shown()).observe(this.found, { childList: true });
	}

	get found() {
		return this.querySelector(".found");
	}

	shown() {
		this.found.hidden = this.found.childElementCount === 0;
	}

	close() {
		this.found.hidden = true;
	}

	walked(event) {
		const stops = [this.querySelector("input"), ...this.found.querySelectorAll("a")], at = stops.indexOf(document.activeElement);
		if (event.key === "Escape") this.close();
		else if (event.key === "ArrowDown") stops[Math.min(at + 1, stops.length - 1)].focus();
		else if (event.key === "ArrowUp") stops[Math.max(at - 1, 0)].focus();
		else return;
		event.preventDefault();
	}
});
