// The page for consents: shows the plan's texts, computes their root, and lets a passkey sign that root and nothing else (contract/wire.md, 3).
const place = document.getElementById("consent"), button = document.getElementById("yes"), says = document.getElementById("says-now");
const bytes = (text) => new TextEncoder().encode(text);
const sha256 = async (...parts) => {
	const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
};
const hex = (raw) => [...raw].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const text64 = (raw) => btoa(String.fromCharCode(...new Uint8Array(raw))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const raw64 = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));

// What can't be seen, or turns what is read around, is shown by its number; so what is shown and what is hashed are one.
const plain = (text) => text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, (char) => `[U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);

// RFC 6962: the largest power of two below the count stands on the left.
const root = async (hashes) => {
	if (hashes.length === 1) return hashes[0];
	let left = 1;
	while (left * 2 < hashes.length) left *= 2;
	return sha256(Uint8Array.of(1), await root(hashes.slice(0, left)), await root(hashes.slice(left)));
};

const computed = async () => {
	const hashes = [];
	for (const shown of document.querySelectorAll("[data-leaf]")) {
		shown.textContent = plain(shown.dataset.leaf);
		hashes.push(await sha256(Uint8Array.of(0), bytes(shown.dataset.leaf)));
	}
	return root(hashes);
};

const tap = async (found) => {
	const made = await navigator.credentials.get({
		publicKey: {
			challenge: await sha256(bytes("presswarden consent v1\0"), found),
			rpId: place.dataset.rp,
			allowCredentials: place.dataset.keys.split(" ").map((id) => ({ type: "public-key", id: raw64(id) })),
			userVerification: "required",
			timeout: 120000,
		},
	});
	const { clientDataJSON, authenticatorData, signature } = made.response;
	const answer = await fetch(place.dataset.send, {
		method: "POST",
		headers: { "Content-Type": "application/json" },
		body: JSON.stringify({
			id: text64(made.rawId), clientDataJSON: text64(clientDataJSON), authenticatorData: text64(authenticatorData), signature: text64(signature),
		}),
	});
	const told = await answer.json();
	if (!answer.ok) throw new Error(`${told.says} ${told.do}`);
	location.assign(told.to);
};

const begin = async () => {
	const found = await computed();
	document.getElementById("root").textContent = hex(found);
	if (hex(found) !== place.dataset.digest) {
		place.classList.add("bad");
		says.textContent = "The texts on this page are not the plan of the digest. Don't say yes; tell your operator.";
		return;
	}
	if (!place.dataset.keys || !globalThis.PublicKeyCredential) {
		says.textContent ||= "This browser knows no passkeys.";
		return;
	}
	says.textContent = "The texts and the digest belong together.";
	button.hidden = false;
	button.addEventListener("click", async () => {
		button.disabled = true;
		says.textContent = "Waiting for your passkey.";
		try {
			await tap(found);
		} catch (fault) {
			says.textContent = fault.name === "NotAllowedError" ? "It was not tapped. Nothing was recorded; try again." : `Not recorded. ${fault.message}`;
			button.disabled = false;
		}
	});
};

begin();
