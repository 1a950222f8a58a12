/**
 * PHP in WASM with the host's file system: the lab's last rung, for machines without PHP.
 *
 *   node serve.mjs VERSION cli [-d key=value]... SCRIPT [ARGUMENT...]
 *   node serve.mjs VERSION serve PORT ROOT ROUTER [-d key=value]...
 *
 * The server listens on 127.0.0.1 and answers one request at a time, so a site can't call itself.
 * A PHP that crashed is replaced by a fresh one for the next request.
 */

import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { FileLockManagerForPosix, loadNodeRuntime, useHostFilesystem } from '@php-wasm/node';
import { PHP, setPhpIniEntries } from '@php-wasm/universal';

const KINDS = {
	'.css': 'text/css',
	'.js': 'text/javascript',
	'.json': 'application/json',
	'.svg': 'image/svg+xml',
	'.png': 'image/png',
	'.woff2': 'font/woff2',
};

/** Settings of PHP that make no sense here: there is no opcache, and programs can't be started. */
const IGNORED = /^opcache\./;

const environment = () =>
	Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));

async function fresh(version) {
	const php = new PHP(
		await loadNodeRuntime(version, {
			followSymlinks: true,
			fileLockManager: new FileLockManagerForPosix(),
			emscriptenOptions: { processId: process.pid, ENV: environment() },
		}),
	);
	useHostFilesystem(php);
	return php;
}

function settings(words) {
	const found = {};
	const rest = [];
	for (let at = 0; at < words.length; at++) {
		if (words[at] === '-d' && rest.length === 0) {
			const [name, ...value] = words[++at].split('=');
			if (!IGNORED.test(name)) {
				found[name] = value.join('=');
			}
		} else {
			rest.push(words[at]);
		}
	}
	return [found, rest];
}

async function cli(version, words) {
	const [ini, rest] = settings(words);
	const php = await fresh(version);
	const flags = Object.entries(ini).flatMap(([name, value]) => ['-d', `${name}=${value}`]);
	const answer = await php.cli(['php', ...flags, ...rest], { env: environment() });
	const out = answer.stdout.pipeTo(new WritableStream({ write: (part) => void process.stdout.write(part) }));
	const err = answer.stderr.pipeTo(new WritableStream({ write: (part) => void process.stderr.write(part) }));
	await Promise.all([out, err]);
	const code = await answer.exitCode;
	process.stdout.write('', () => process.exit(code));
}

function asset(root, url) {
	const path = decodeURIComponent(new URL(url, 'http://h').pathname);
	if (/\/\.|\.sqlite$|\.php$/.test(path)) {
		return null;
	}
	const file = join(root, path);
	if (!file.startsWith(`${root}/`)) {
		return null;
	}
	const found = statSync(file, { throwIfNoEntry: false });
	return found?.isFile() ? file : null;
}

async function body(request) {
	const parts = [];
	for await (const part of request) {
		parts.push(part);
	}
	return new Uint8Array(Buffer.concat(parts));
}

async function serve(version, [port, root, router, ...words]) {
	const [ini] = settings(words);
	let php = null;
	let turn = Promise.resolve();

	const run = async (request, sent) => {
		if (php === null) {
			php = await fresh(version);
			await setPhpIniEntries(php, ini);
		}
		return php.run({
			scriptPath: router,
			relativeUri: request.url,
			protocol: 'http',
			method: request.method,
			headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
			body: sent,
			env: environment(),
			$_SERVER: {
				DOCUMENT_ROOT: root,
				SERVER_NAME: '127.0.0.1',
				SERVER_PORT: port,
				SERVER_PROTOCOL: 'HTTP/1.1',
				REMOTE_ADDR: request.socket.remoteAddress ?? '127.0.0.1',
				REQUEST_TIME: String(Math.floor(Date.now() / 1000)),
			},
		});
	};

	const answer = async (request, response) => {
		const file = asset(root, request.url);
		if (file !== null) {
			response.writeHead(200, { 'Content-Type': KINDS[extname(file)] ?? 'application/octet-stream' });
			createReadStream(file).pipe(response);
			return;
		}
		const sent = await body(request);
		try {
			const made = await run(request, sent);
			response.writeHead(made.httpStatusCode, made.headers);
			response.end(request.method === 'HEAD' ? undefined : made.bytes);
		} catch (fault) {
			process.stderr.write(`${fault.stack ?? fault}\n`);
			if (fault.response) {
				response.writeHead(fault.response.httpStatusCode, fault.response.headers);
				response.end(fault.response.bytes);
			} else {
				response.writeHead(500).end();
			}
			php = null;
		}
	};

	createServer((request, response) => {
		turn = turn.then(() => answer(request, response)).catch((fault) => {
			process.stderr.write(`${fault.stack ?? fault}\n`);
			response.destroy();
		});
	}).listen(Number(port), '127.0.0.1');
}

const [version, verb, ...words] = process.argv.slice(2);
if (verb === 'cli') {
	await cli(version, words);
} else if (verb === 'serve') {
	await serve(version, words);
} else {
	process.stderr.write('usage: serve.mjs VERSION cli|serve ...\n');
	process.exit(2);
}
