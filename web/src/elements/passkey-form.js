// Asks the authenticator when its form is sent, puts the answer into the form's hidden fields, and lets it go. The server judges everything.
// `data-kind` is get or create, `data-options` what the server asks; with `data-waits` the browser also offers passkeys at the field of that name.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

customElements.define("passkey-form", class extends HTMLElement {
	connectedCallback() {
		this.form = this.querySelector("form");
		if (!this.form || !window.PublicKeyCredential) {
			this.say("This browser knows no passkeys. Use a password with a code.");
			return;
		}
		this.form.addEventListener("submit", (event) => {
			if (this.done) return;
			event.preventDefault();
			this.ask();
		});
		if (this.dataset.waits) this.wait();
	}

	options() {
		const told = JSON.parse(this.dataset.options);
		const asked = { ...told, challenge: bytes(told.challenge) };
		if (told.user) asked.user = { ...told.user, id: bytes(told.user.id) };
		for (const name of ["allowCredentials", "excludeCredentials"]) {
			if (told[name]) asked[name] = told[name].map((each) => ({ ...each, id: bytes(each.id) }));
		}
		return { publicKey: asked };
	}

	async wait() {
		if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
		this.waiting = new AbortController();
		try {
			this.send(await navigator.credentials.get({ ...this.options(), mediation: "conditional", signal: this.waiting.signal }));
		} catch { /* Nobody chose one: the button and the password are there. */ }
	}

	async ask() {
		this.waiting?.abort();
		this.say("Your passkey is asked for…");
		try {
			this.send(await navigator.credentials[this.dataset.kind](this.options()));
		} catch (fault) {
			this.say(fault.name === "InvalidStateError" ? "This device's passkey was added before." : "No passkey answered. Nothing was changed; try again, or use another way.");
		}
	}

	send(credential) {
		if (!credential) return;
		this.form.elements.namedItem("id").value = credential.id;
		for (const field of this.form.querySelectorAll("[data-answer]")) {
			if (field.name !== "id") field.value = text(credential.response[field.name]);
		}
		this.done = true;
		this.form.requestSubmit();
	}

	say(words) {
		const line = this.querySelector("[role=status]");
		if (!line) return;
		line.hidden = false;
		line.textContent = words;
	}
});
