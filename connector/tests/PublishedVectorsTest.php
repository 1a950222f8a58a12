<?php
/**
 * Vectors that others published: Ed25519, HMAC, canonical JSON, Merkle proofs.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Tests;

use PHPUnit\Framework\TestCase;
use Presswarden\Connector\Core\Ed25519;
use Presswarden\Connector\Core\Jcs;
use Presswarden\Connector\Core\Merkle;
use Presswarden\Connector\Core\Pinned;
use Presswarden\Connector\Core\PinnedKey;

/**
 * @group req-P1
 * @group req-W2
 * @group req-N9
 */
final class PublishedVectorsTest extends TestCase {

	public function test_wycheproof_ed25519_signatures_are_judged_as_published(): void {
		Vectors::needs_ed25519( $this );
		$tried = 0;
		foreach ( $this->json( 'wycheproof/ed25519_test.json' )->testGroups as $group ) {
			foreach ( $group->tests as $test ) {
				$right = Ed25519::verify( (string) hex2bin( $test->sig ), (string) hex2bin( $test->msg ), (string) hex2bin( $group->publicKey->pk ) );
				$this->assertSame( 'valid' === $test->result, $right, 'wycheproof ' . $test->tcId . ' ' . $test->comment );
				++$tried;
			}
		}
		$this->assertGreaterThan( 100, $tried );
	}

	public function test_speccheck_signatures_pass_only_where_nothing_is_loose(): void {
		Vectors::needs_ed25519( $this );
		$passed = array();
		foreach ( $this->json( 'speccheck/cases.json' ) as $number => $test ) {
			if ( Ed25519::verify( (string) hex2bin( $test->signature ), (string) hex2bin( $test->message ), (string) hex2bin( $test->pub_key ) ) ) {
				$passed[] = $number;
			}
		}
		// Case 3 alone has a sound key, a sound R and a reduced S (facts: what libsodium accepts too).
		$this->assertSame( array( 3 ), $passed );
	}

	public function test_wycheproof_macs_are_judged_as_published(): void {
		$tried = 0;
		foreach ( $this->json( 'wycheproof/hmac_sha256_test.json' )->testGroups as $group ) {
			foreach ( $group->tests as $test ) {
				$mac   = hash_hmac( 'sha256', (string) hex2bin( $test->msg ), (string) hex2bin( $test->key ), true );
				$right = hash_equals( substr( $mac, 0, intdiv( $group->tagSize, 8 ) ), (string) hex2bin( $test->tag ) );
				$this->assertSame( 'valid' === $test->result, $right, 'wycheproof ' . $test->tcId );
				if ( 256 === $group->keySize && 256 === $group->tagSize ) {
					$this->assertSame( 'valid' === $test->result, $this->hmac_pinned()->verify( (string) hex2bin( $test->tag ), (string) hex2bin( $test->msg ), new PinnedKey( (string) hex2bin( $test->key ), null ) ) );
				}
				++$tried;
			}
		}
		$this->assertGreaterThan( 100, $tried );
	}

	public function test_canonical_json_is_written_as_published(): void {
		$folder = Vectors::published( $this, 'jcs/input' );
		$tried  = 0;
		foreach ( (array) glob( $folder . '/*.json' ) as $file ) {
			$value  = json_decode( (string) file_get_contents( (string) $file ), false, 64, JSON_THROW_ON_ERROR );
			$wanted = trim( (string) file_get_contents( dirname( $folder ) . '/output/' . basename( (string) $file ) ) );
			$this->assertSame( $wanted, Jcs::encode( $value ), basename( (string) $file ) );
			++$tried;
		}
		$this->assertGreaterThan( 4, $tried );
	}

	public function test_inclusion_proofs_are_judged_as_published(): void {
		$tried = 0;
		foreach ( $this->files( 'merkle/inclusion' ) as $name => $test ) {
			if ( ! is_int( $test->leafIdx ) || ! is_int( $test->treeSize ) ) {
				// Beyond 2^63: no index a caller could pass here.
				$this->assertTrue( $test->wantErr, $name );
				continue;
			}
			$right = Merkle::verify_inclusion( $this->raw( $test->leafHash ), $test->leafIdx, $test->treeSize, $this->hashes( $test->proof ), $this->raw( $test->root ) );
			// One published case has a placeholder root that is no SHA-256 value; a root here has 32 bytes.
			$wanted = ! $test->wantErr && 32 === strlen( $this->raw( $test->root ) ) && 32 === strlen( $this->raw( $test->leafHash ) );
			$this->assertSame( $wanted, $right, $name );
			++$tried;
		}
		$this->assertGreaterThan( 50, $tried );
	}

	public function test_consistency_proofs_are_judged_as_published(): void {
		$tried = 0;
		foreach ( $this->files( 'merkle/consistency' ) as $name => $test ) {
			if ( ! is_int( $test->size1 ) || ! is_int( $test->size2 ) ) {
				$this->assertTrue( $test->wantErr, $name );
				continue;
			}
			$right  = Merkle::verify_consistency( $test->size1, $test->size2, $this->raw( $test->root1 ), $this->raw( $test->root2 ), $this->hashes( $test->proof ) );
			$wanted = ! $test->wantErr && 32 === strlen( $this->raw( $test->root1 ) ) && 32 === strlen( $this->raw( $test->root2 ) );
			$this->assertSame( $wanted, $right, $name );
			++$tried;
		}
		$this->assertGreaterThan( 50, $tried );
	}

	private function hmac_pinned(): Pinned {
		return Vectors::pinned( Vectors::file( 'calls' )->pins->hmac );
	}

	/** @return mixed Decoded file. */
	private function json( string $path ) {
		return json_decode( (string) file_get_contents( Vectors::published( $this, $path ) ), false, 512, JSON_THROW_ON_ERROR );
	}

	/** @return array<string,\stdClass> */
	private function files( string $folder ): array {
		$found = array();
		$root  = Vectors::published( $this, $folder );
		foreach ( new \RecursiveIteratorIterator( new \RecursiveDirectoryIterator( $root, \FilesystemIterator::SKIP_DOTS ) ) as $file ) {
			if ( 'json' === $file->getExtension() ) {
				$found[ substr( $file->getPathname(), strlen( $root ) ) ] = json_decode( (string) file_get_contents( $file->getPathname() ), false, 64, JSON_THROW_ON_ERROR );
			}
		}
		return $found;
	}

	private function raw( ?string $base64 ): string {
		return null === $base64 ? '' : (string) base64_decode( $base64, true );
	}

	/**
	 * @param array<int,string>|null $proof Base64 hashes.
	 * @return array<int,string>
	 */
	private function hashes( ?array $proof ): array {
		return array_map( array( $this, 'raw' ), null === $proof ? array() : $proof );
	}
}
