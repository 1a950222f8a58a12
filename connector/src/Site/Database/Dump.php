<?php
/**
 * The site's database into a pack, and back.
 *
 * What Storage lists is in no dump and stands through every restore; so do users and their rows. Transients are dropped.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Site\Database;

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

use Presswarden\Connector\Core\Refusal;
use Presswarden\Connector\Watch\PackBroken;

interface Dump {

	/**
	 * Says no before anything is written.
	 *
	 * @return int What the tables take, in bytes.
	 * @throws Refusal When this database could not be put back as it was.
	 */
	public function measure(): int;

	/**
	 * One call's work.
	 *
	 * @param string              $dir    Folder for the parts.
	 * @param string              $key    32 bytes, of the pack.
	 * @param string              $id     16 bytes, of the pack.
	 * @param array<string,mixed> $cursor Empty at first, then what the call before gave back.
	 * @param float               $until  Time of day to stop at.
	 * @return array<string,mixed> `done`, `parts`, `bytes`, `tables`, `rows`, `point_in_time` and what the dump itself needs.
	 * @throws PackBroken When it can't be written.
	 * @throws Refusal When this database could not be put back as it was.
	 */
	public function step( string $dir, string $key, string $id, array $cursor, float $until ): array;

	/**
	 * Proves one part: every byte is as it was written.
	 *
	 * @param array<string,mixed> $dump What the last step gave back.
	 * @return int Bytes of it; those of all parts must come to what the dump says.
	 * @throws PackBroken When it is not.
	 */
	public function prove( string $dir, string $key, string $id, array $dump, int $part ): int;

	/**
	 * One call's work of laying the tables beside the live ones, so that restore() has only the last move to make.
	 *
	 * @param array<string,mixed> $dump   What the last step of the dump gave back.
	 * @param array<string,mixed> $cursor Empty at first, then what the call before gave back; after one that died, empty again.
	 * @param float               $until  Time of day to stop at; at least one part is done.
	 * @return array<string,mixed> `done`, `part` and what the dump itself needs.
	 * @throws PackBroken When the pack is not as it was written.
	 * @throws Refusal When the database would not.
	 */
	public function stage( string $dir, string $key, string $id, array $dump, array $cursor, float $until ): array;

	/**
	 * All tables at once, or none.
	 *
	 * @param array<string,mixed> $dump   What the last step gave back.
	 * @param array<string,mixed> $staged What the last call of stage() gave back; where it is empty or gone, all is done here.
	 * @return array<int,string> The tables that were put back.
	 * @throws PackBroken When the pack is not as it was written; nothing was changed then.
	 * @throws Refusal When the database would not; nothing was changed then.
	 */
	public function restore( string $dir, string $key, string $id, array $dump, array $staged ): array;

	/**
	 * Takes away what calls that died have left beside the live tables.
	 *
	 * @param array<int,string> $kept Copies that a snapshot in the making still needs.
	 */
	public function tidy( array $kept ): void;
}
