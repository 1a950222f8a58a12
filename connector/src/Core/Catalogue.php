<?php
/**
 * Every tool this connector knows. What is not listed here does not exist for a caller.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Catalogue {

	private const KEY = array(
		'type'    => 'string',
		'pattern' => '^[A-Za-z0-9+/]{43}=$',
	);
	private const SIGNATURE = array(
		'type'    => 'string',
		'pattern' => '^[A-Za-z0-9+/]{86}==$',
	);

	/** @return array<string,ActionSpec> By tool name. */
	public static function actions(): array {
		$reason  = self::args(
			array(
				'reason' => array(
					'type'      => 'string',
					'maxLength' => 200,
				),
			)
		);
		$rotate  = self::args(
			array(
				'epoch'      => array(
					'type'    => 'integer',
					'minimum' => 1,
				),
				'public_key' => self::KEY,
				'signature'  => self::SIGNATURE,
			)
		);
		$moved   = self::args(
			array(
				'home' => array(
					'type'      => 'string',
					'minLength' => 8,
					'maxLength' => 200,
				),
			)
		);
		$actions = array(
			new ActionSpec( 'wp.site.get_environment', ActionSpec::READ, 'none', 'read', self::args( array() ), true ),
			new ActionSpec( 'wp.site.health', ActionSpec::READ, 'none', 'read', self::args( array() ), true ),
			new ActionSpec( 'wp.site.inventory', ActionSpec::READ, 'none', 'read', self::args( array() ), true ),
			new ActionSpec( 'control.confirm', ActionSpec::CONTROL, 'none', '', self::args( array() ), false ),
			new ActionSpec( 'control.moved', ActionSpec::CONTROL, 'none', '', $moved, false ),
			new ActionSpec( 'control.pause', ActionSpec::CONTROL, 'none', '', $reason, true ),
			new ActionSpec( 'control.resume', ActionSpec::CONTROL, 'none', '', self::args( array() ), true ),
			new ActionSpec( 'control.revoke', ActionSpec::CONTROL, 'none', '', $reason, false ),
			new ActionSpec( 'control.rotate', ActionSpec::CONTROL, 'none', '', $rotate, false ),
			new ActionSpec( 'control.rotate_site', ActionSpec::CONTROL, 'none', '', self::args( array() ), false ),
		);
		return array_column( $actions, null, 'tool' );
	}

	/**
	 * An object of exactly these members, all required.
	 *
	 * @param array<string,array<string,mixed>> $members Schema of each member.
	 * @return array<string,mixed>
	 */
	private static function args( array $members ): array {
		return array(
			'type'                 => 'object',
			'properties'           => $members,
			'required'             => array_keys( $members ),
			'additionalProperties' => false,
		);
	}
}
