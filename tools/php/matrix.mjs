/**
 * Runs PHPUnit (or any PHP script) under PHP in WebAssembly, one version after the other.
 *
 * Usage: node tools/php/matrix.mjs 7.4,8.5 [--env NAME=VALUE]... [SCRIPT ARG...]
 * Without a script: the connector's unit tests with the PHPUnit of this machine (Debian's, below /usr/share/php).
 * Each version's output is printed under a line `== PHP 7.4.33`; the exit code is the highest of all. These builds have no sodium:
 * see connector/tests/bootstrap.php.
 */
import { loadNodeRuntime, useHostFilesystem } from '@php-wasm/node';
import { PHP } from '@php-wasm/universal';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const KNOWN = ['7.4', '8.0', '8.1', '8.2', '8.3', '8.4', '8.5'];
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const PHPUNIT = ['/usr/bin/phpunit', '--configuration', `${ROOT}/connector/tests/phpunit.xml`];
// A test that could start a host process would leave the version under test.
const SETTINGS = {
	include_path: '.:/usr/share/php',
	memory_limit: '512M',
	error_reporting: String(32767 & ~8192 & ~16384),
	disable_functions: 'shell_exec,proc_open,popen,exec,passthru,system',
};

function told(words) {
	const [versions = '', ...rest] = words;
	const env = {};
	while (rest[0] === '--env') {
		const [name, ...value] = (rest[1] ?? '').split('=');
		env[name] = value.join('=');
		rest.splice(0, 2);
	}
	const wanted = versions.split(',').filter(Boolean);
	const unknown = wanted.filter((version) => !KNOWN.includes(version));
	if (wanted.length === 0 || unknown.length > 0) {
		console.error(`matrix: say versions of ${KNOWN.join(', ')}, separated by commas${unknown.length ? `; unknown: ${unknown.join(', ')}` : ''}`);
		process.exit(2);
	}
	return { wanted, env, command: rest.length > 0 ? rest : PHPUNIT };
}

async function run(version, command, env) {
	const php = new PHP(await loadNodeRuntime(version, { emscriptenOptions: { processId: process.pid } }));
	try {
		useHostFilesystem(php);
		php.chdir(ROOT);
		const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-d', `${name}=${value}`]);
		const answer = await php.cli(['php', ...settings, ...command], { env });
		const [out, err, code] = await Promise.all([answer.stdoutText, answer.stderrText, answer.exitCode]);
		return { out, err, code };
	} finally {
		php.exit();
	}
}

const { wanted, env, command } = told(process.argv.slice(2));
let worst = 0;
for (const version of wanted) {
	const started = Date.now();
	let result;
	try {
		result = await run(version, command, env);
	} catch (fault) {
		result = { out: '', err: String(fault?.stack ?? fault), code: 70 };
	}
	console.log(`== PHP ${version}, ${((Date.now() - started) / 1000).toFixed(1)} s, exit ${result.code}`);
	console.log(result.out.trim());
	if (result.err.trim() !== '') {
		console.error(result.err.trim());
	}
	worst = Math.max(worst, result.code);
}
process.exit(worst);
