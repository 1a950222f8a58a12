// Adds a button that copies `data-text` (or what stands inside). Without JavaScript the text is there to be marked and copied.
customElements.define("copy-text", class extends HTMLElement {
	connectedCallback() {
		if (this.querySelector("button") || !navigator.clipboard) return;
		const button = document.createElement("button");
		button.type = "button";
		button.className = "btn small";
		button.textContent = "Copy";
		const text = this.dataset.text ?? this.textContent.trim();
		if (this.dataset.label) button.setAttribute("aria-label", `Copy ${this.dataset.label}`);
		button.addEventListener("click", async () => {
			await navigator.clipboard.writeText(text);
			button.textContent = "Copied";
			setTimeout(() => { button.textContent = "Copy"; }, 2000);
		});
		this.append(" ", button);
	}
});
