<?php
/**
 * RFC 6962 trees with SHA-256. The site only ever verifies: an action against its plan, a log against its older self.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Merkle {

	/** A plan's bounds (wire.md section 3): 17 levels hold 131,072 leaves. */
	private const MAX_LEAVES = 100000;
	private const MAX_PROOF  = 17;

	public static function leaf_hash( string $leaf ): string {
		return hash( 'sha256', "\x00" . $leaf, true );
	}

	/**
	 * The root that a plan's leaf text leads to, or null when index, size and proof can't belong together.
	 *
	 * @param array<mixed> $proof_raw Raw 32-byte hashes from the leaf upwards.
	 */
	public static function root_from( string $leaf_text, int $index, int $size, array $proof_raw ): ?string {
		if ( $size > self::MAX_LEAVES || count( $proof_raw ) > self::MAX_PROOF ) {
			return null;
		}
		return self::fold( self::leaf_hash( $leaf_text ), $index, $size, $proof_raw );
	}

	/** @param array<mixed> $proof_raw Raw 32-byte hashes from the leaf upwards. */
	public static function verify_inclusion( string $leaf_hash, int $index, int $size, array $proof_raw, string $root ): bool {
		$found = 32 === strlen( $leaf_hash ) ? self::fold( $leaf_hash, $index, $size, $proof_raw ) : null;
		return null !== $found && hash_equals( $root, $found );
	}

	/** @param array<mixed> $proof_raw Raw 32-byte hashes as RFC 9162 section 2.1.4.2 orders them. */
	public static function verify_consistency( int $size1, int $size2, string $root1, string $root2, array $proof_raw ): bool {
		if ( $size1 < 1 || $size2 < $size1 || 32 !== strlen( $root1 ) || 32 !== strlen( $root2 ) || ! self::hashes( $proof_raw ) ) {
			return false;
		}
		if ( $size1 === $size2 ) {
			return array() === $proof_raw && hash_equals( $root1, $root2 );
		}
		$path = array_values( $proof_raw );
		if ( 0 === ( $size1 & ( $size1 - 1 ) ) ) {
			array_unshift( $path, $root1 );
		}
		if ( array() === $path ) {
			return false;
		}
		list( $node, $last ) = self::skip_odd( $size1 - 1, $size2 - 1 );
		$old                 = $path[0];
		$new                 = $path[0];
		foreach ( array_slice( $path, 1 ) as $sibling ) {
			if ( 0 === $last ) {
				return false;
			}
			if ( 1 === ( $node & 1 ) || $node === $last ) {
				$old = self::parent_hash( $sibling, $old );
				$new = self::parent_hash( $sibling, $new );
				while ( 0 === ( $node & 1 ) && 0 !== $node ) {
					$node >>= 1;
					$last >>= 1;
				}
			} else {
				$new = self::parent_hash( $new, $sibling );
			}
			$node >>= 1;
			$last >>= 1;
		}
		return 0 === $last && hash_equals( $root1, $old ) && hash_equals( $root2, $new );
	}

	/** @param array<mixed> $proof_raw Raw 32-byte hashes from the leaf upwards. */
	private static function fold( string $hash, int $index, int $size, array $proof_raw ): ?string {
		if ( $size < 1 || $index < 0 || $index >= $size || ! self::hashes( $proof_raw ) ) {
			return null;
		}
		$node = $index;
		$last = $size - 1;
		foreach ( $proof_raw as $sibling ) {
			if ( 0 === $last ) {
				return null;
			}
			if ( 1 === ( $node & 1 ) || $node === $last ) {
				$hash = self::parent_hash( $sibling, $hash );
				while ( 0 === ( $node & 1 ) && 0 !== $node ) {
					$node >>= 1;
					$last >>= 1;
				}
			} else {
				$hash = self::parent_hash( $hash, $sibling );
			}
			$node >>= 1;
			$last >>= 1;
		}
		return 0 === $last ? $hash : null;
	}

	/** @return array{0:int,1:int} */
	private static function skip_odd( int $node, int $last ): array {
		while ( 1 === ( $node & 1 ) ) {
			$node >>= 1;
			$last >>= 1;
		}
		return array( $node, $last );
	}

	/** @param array<mixed> $proof_raw */
	private static function hashes( array $proof_raw ): bool {
		foreach ( $proof_raw as $hash ) {
			if ( ! is_string( $hash ) || 32 !== strlen( $hash ) ) {
				return false;
			}
		}
		return true;
	}

	private static function parent_hash( string $left, string $right ): string {
		return hash( 'sha256', "\x01" . $left . $right, true );
	}
}
