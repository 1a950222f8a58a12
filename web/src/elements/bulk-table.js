// A table whose rows are chosen: all, by shift over a range, or every row that matches. Without JavaScript the boxes and the buttons still work.
customElements.define("bulk-table", class extends HTMLElement {
	connectedCallback() {
		this.addEventListener("click", (event) => this.clicked(event));
		this.addEventListener("change", () => this.shown());
		const head = this.querySelector("[data-all]");
		if (head) head.hidden = false;
		this.shown();
	}

	boxes() {
		return [...this.querySelectorAll("tbody input[type=checkbox]")];
	}

	clicked(event) {
		const boxes = this.boxes(), box = event.target;
		if (box.matches("[data-all]")) boxes.forEach((each) => { each.checked = box.checked; });
		else if (box.matches("[data-clear]")) boxes.forEach((each) => { each.checked = false; });
		else if (box.matches("[data-every]")) boxes.forEach((each) => { each.checked = true; });
		else if (boxes.includes(box)) {
			const at = boxes.indexOf(box), from = boxes.indexOf(this.last);
			if (event.shiftKey && from >= 0) {
				boxes.slice(Math.min(at, from), Math.max(at, from) + 1).forEach((each) => { each.checked = box.checked; });
			}
			this.last = box;
		} else return;
		const every = this.querySelector("input[name=every]");
		if (every) every.value = box.matches("[data-every]") ? "1" : "";
		this.shown();
	}

	shown() {
		const boxes = this.boxes(), chosen = boxes.filter((box) => box.checked).length;
		const head = this.querySelector("[data-all]"), bar = this.querySelector(".bulk"), count = this.querySelector("[data-count]");
		if (head) {
			head.checked = chosen > 0 && chosen === boxes.length;
			head.indeterminate = chosen > 0 && chosen < boxes.length;
		}
		if (bar) bar.hidden = chosen === 0;
		const every = this.querySelector("input[name=every]")?.value === "1";
		if (count) count.textContent = every ? `All ${this.dataset.total}` : String(chosen);
	}
});
