// A new passkey for consents, vouched for by an older one where there is one.
const place = document.getElementById("enrol"), button = document.getElementById("add"), says = document.getElementById("says-now");
const text64 = (raw) => btoa(String.fromCharCode(...new Uint8Array(raw))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const raw64 = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));

const ask = async (path, body) => {
	const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
	const told = await answer.json();
	if (!answer.ok) throw new Error(`${told.says} ${told.do}`);
	return told;
};

const add = async () => {
	const wanted = await ask(`${place.dataset.send}/begin`, {});
	const older = wanted.older.map((id) => ({ type: "public-key", id: raw64(id) }));
	const made = await navigator.credentials.create({
		publicKey: {
			challenge: raw64(wanted.challenge),
			rp: { id: wanted.rpId, name: "Presswarden consents" },
			user: { id: raw64(wanted.user.id), name: wanted.user.name, displayName: wanted.user.displayName },
			pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
			excludeCredentials: older,
			authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
			attestation: "none",
			timeout: 120000,
		},
	});
	const { clientDataJSON, attestationObject } = made.response;
	const registration = { id: text64(made.rawId), clientDataJSON: text64(clientDataJSON), attestationObject: text64(attestationObject) };
	let vouched = null;
	if (older.length) {
		says.textContent = "Now tap with a passkey that you have already: it vouches for the new one.";
		const tapped = await navigator.credentials.get({
			publicKey: { challenge: raw64(wanted.vouching), rpId: wanted.rpId, allowCredentials: older, userVerification: "required", timeout: 120000 },
		});
		const told = tapped.response;
		vouched = {
			id: text64(tapped.rawId), clientDataJSON: text64(told.clientDataJSON), authenticatorData: text64(told.authenticatorData), signature: text64(told.signature),
		};
	}
	location.assign((await ask(place.dataset.send, { registration, vouched, name: document.getElementById("f-name").value })).to);
};

if (globalThis.PublicKeyCredential) {
	says.textContent = "";
	button.hidden = false;
	button.addEventListener("click", async () => {
		button.disabled = true;
		says.textContent = "Waiting for your passkey.";
		try {
			await add();
		} catch (fault) {
			says.textContent = fault.name === "NotAllowedError" || fault.name === "InvalidStateError" ? "No passkey was made. Try again, with one that you don't use here yet." : `Nothing was added. ${fault.message}`;
			button.disabled = false;
		}
	});
} else {
	says.textContent = "This browser knows no passkeys.";
}
